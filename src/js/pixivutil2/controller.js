'use strict';
// The program that starts PixivUtil2. The engine answers agents; here their messages become events, and their jobs
// are done.

const os = require('node:os');
const { core, setImmediate } = require('../core');
const { AsyncResource } = core('async_hooks');
const { EventEmitter } = core('events');
const { check, toFunction, toLimit, toOptions } = require('../arguments');
const { ControllerLink } = require('../engine/pixivutil2');
const { argumentError, callError, codedError, eventError, valueError } = require('../errors');
const { Ffmpeg, toSettings } = require('./ffmpeg');
const Jobs = require('./jobs');
const { IDENTIFIER } = require('./option');
const { RemoteAgents } = require('./remote-agent');
const { nameOf } = require('./results');
const { SOCKET_OPTIONS, toEndpoint, toIdentifier, toSockets } = require('./sockets');

const OPTIONS = [
  ...['comm', 'task', 'refusal', 'ffmpeg', 'maxParallelTasks', 'maxTasks', 'maxQueuedBytes'],
  ...['maxConnections', 'maxBufferedBytes', ...SOCKET_OPTIONS],
];

/** Where a controller usually listens. */
const COMM = 'tcp://127.0.0.1:6974';
const TASK = 'tcp://127.0.0.1:7469';

/** Defaults: jobs that have not ended; bytes of events that wait for a busy JavaScript thread. */
const MAX_TASKS = 1024;
const MAX_QUEUED = 64 * 1024 * 1024;

/** What a job that has failed is answered with, if nobody says another code. */
const FAILED = 1;

/** How many characters of a peer's text an error message may have. */
const SHOWN = 100;

const processors = () => os.availableParallelism?.() ?? os.cpus().length;

class Controller extends EventEmitter {
  #options;
  #handlers = { ffmpeg: null, aria2: null };
  #ffmpeg = null;
  #limit;
  #link = null;
  #jobs = null;
  #endpoints = null;
  #referenced = true;
  /** The start that nobody has stopped; the last stop, until it is over. Each waits for the one before it. */
  #started = null;
  #stopping = null;
  #scope = new AsyncResource('FERRIPC_PIXIVUTIL2');

  /** See index.d.ts. */
  constructor(options = {}) {
    super();
    toOptions(options, 'options', OPTIONS);
    const { comm = COMM, task = TASK, refusal = 'Error', ffmpeg = false } = options;
    const { maxTasks = MAX_TASKS, maxQueuedBytes = MAX_QUEUED } = options;
    check(['Error', 'ERROR'].includes(refusal), 'options.refusal', `'Error' or 'ERROR'`, refusal);
    this.#options = {
      comm: toEndpoint(comm, 'options.comm'),
      task: toEndpoint(task, 'options.task'),
      effective: refusal === 'ERROR',
      maxTasks: toLimit(maxTasks, 'options.maxTasks'),
      maxQueuedBytes: toLimit(maxQueuedBytes, 'options.maxQueuedBytes'),
      sockets: toSockets(options),
    };
    if (ffmpeg !== false) {
      this.#ffmpeg = new Ffmpeg(toSettings(ffmpeg));
      this.#handlers.ffmpeg = (args, agent, { signal }) => this.#ffmpeg.run(args, signal);
    }
    const { maxParallelTasks = this.#ffmpeg ? processors() : Infinity } = options;
    this.#limit = toLimit(maxParallelTasks, 'options.maxParallelTasks');
  }

  /** See index.d.ts. */
  get endpoints() {
    return this.#endpoints;
  }

  /** See index.d.ts. */
  ipcOption(identifier = IDENTIFIER) {
    toIdentifier(identifier, 'identifier');
    const { comm, task } = this.#endpoints ?? this.#options;
    const targets = [comm, task].map(toTarget);
    const wrong = targets.find((it) => it.includes('|'));
    if (wrong === undefined) return [identifier, ...targets].join('|');
    throw valueError(`An option cannot name the endpoint ${wrong}, which has "|"`);
  }

  /** See index.d.ts. */
  onFfmpeg(handler) {
    this.#handlers.ffmpeg = toFunction(handler, 'handler');
    this.#accept();
    return this;
  }

  /** See index.d.ts. */
  onAria2(handler) {
    this.#handlers.aria2 = toFunction(handler, 'handler');
    this.#accept();
    return this;
  }

  #accept() {
    this.#link?.accept(this.#handlers.ffmpeg !== null, this.#handlers.aria2 !== null);
  }

  /** See index.d.ts. */
  async start() {
    if (this.#started === null) {
      const started = this.#begin(this.#stopping);
      this.#started = started;
      started.catch(() => {
        if (this.#started === started) this.#started = null;
      });
    }
    await this.#started;
    return this;
  }

  async #begin(before) {
    if (before !== null) await before;
    const agents = new RemoteAgents();
    const link = new ControllerLink((event) => {
      this.#scope.runInAsyncScope(() => this.#take(agents.of(event), event));
    });
    this.#jobs = new Jobs(this.#limit);
    const { error, endpoints } = await link.start({
      ...this.#options,
      ffmpeg: this.#handlers.ffmpeg !== null,
      aria2: this.#handlers.aria2 !== null,
    });
    if (error) {
      await link.stop();
      throw toError(error);
    }
    this.#link = link;
    this.#endpoints = endpoints;
    this.#accept(); // there may be another handler by now
    link.keepAlive(this.#referenced);
  }

  /** See index.d.ts. */
  stop() {
    if (this.#started === null) return this.#stopping ?? Promise.resolve();
    const stopping = this.#end(this.#started).finally(() => {
      if (this.#stopping === stopping) this.#stopping = null;
    });
    this.#started = null;
    this.#stopping = stopping;
    return stopping;
  }

  async #end(started) {
    try {
      await started;
    } catch {
      // Who has started it knows.
    }
    if (this.#link === null) return;
    const link = this.#link;
    this.#link = null;
    link.accept(false, false);
    this.#jobs.abort();
    await this.#ffmpeg?.ended();
    await new Promise(setImmediate); // agents are told by then how their jobs have ended
    await link.stop();
    this.#endpoints = null;
  }

  /** See index.d.ts. */
  ref() {
    this.#referenced = true;
    this.#link?.keepAlive(true);
    return this;
  }

  /** See index.d.ts. */
  unref() {
    this.#referenced = false;
    this.#link?.keepAlive(false);
    return this;
  }

  #take(agent, { kind, rest }) {
    const link = this.#link;
    switch (kind) {
      case 'ffmpeg':
        return link && this.#run(link, agent, ...rest);
      case 'aria2':
        return link && this.#call(link, agent, ...rest);
      case 'handshake':
      case 'disconnect':
        return this.emit(kind, agent, agent.side);
      case 'download': {
        const [image, result] = rest;
        return this.emit(kind, agent, BigInt(image), result, nameOf(result));
      }
      case 'refused':
        return this.#report(refusedError(agent, ...rest));
      default:
        return this.emit(kind, agent, ...rest);
    }
  }

  #run(link, agent, task, args) {
    const handler = this.#handlers.ffmpeg;
    this.#jobs.add(agent, (signal) => {
      const act = () => handler(args, agent, { task, signal });
      return this.#do(act, (code) => link.finish(task, code));
    });
  }

  #call(link, agent, call, file, text) {
    const act = () => this.#handlers.aria2(file, text, agent);
    return this.#do(act, (code) => link.answer(call, code));
  }

  /** Has a handler `act`, and tells the agent first: whoever hears of an error may throw. */
  async #do(act, tell) {
    const { code, errors } = await this.#outcome(act);
    try {
      tell(code);
    } catch (error) {
      errors.push(error);
    }
    for (const error of errors) {
      setImmediate(() => this.#scope.runInAsyncScope(() => this.#report(error)));
    }
  }

  /** The code that a handler says, and what has gone wrong. */
  async #outcome(act) {
    try {
      const code = (await this.#scope.runInAsyncScope(act)) ?? 0;
      if (isCode(code)) return { code, errors: [] };
      const error = argumentError('exitCode', 'an integer of 32 bits', code);
      return { code: FAILED, errors: [error] };
    } catch (error) {
      return { code: codeOf(error), errors: [error] };
    }
  }

  #report(error) {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }
}

const isCode = (value) => Number.isInteger(value) && value === (value | 0);

/** The code of what a handler has thrown, which may be anything. */
function codeOf(thrown) {
  try {
    const { exitCode } = thrown;
    return isCode(exitCode) && exitCode !== 0 ? exitCode : FAILED;
  } catch {
    return FAILED;
  }
}

/** The endpoint by which an agent on this machine reaches this one. */
function toTarget(endpoint) {
  if (/^tcp:.*:[0*]$/.test(endpoint)) {
    const message = `Which port ${endpoint} becomes is known after start()`;
    throw codedError('ERR_PIXIVUTIL2_NOT_STARTED', message);
  }
  return endpoint
    .replace(/^tcp:\/\/(?:\*|0\.0\.0\.0):/, 'tcp://127.0.0.1:')
    .replace(/^tcp:\/\/\[::\]:/, 'tcp://[::1]:');
}

function toError(error) {
  return error.code === 'ERR_INVALID_ARG_VALUE' ? valueError(error.message) : callError(error);
}

/** What a stranger has sent, in a message for people. */
const shown = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

function refusedError(agent, group, reason, code) {
  const who = agent.identifier || agent.id.toString('hex');
  const what = group ? `${shown(group)}: ` : '';
  const message = `A message of ${shown(who)} was refused: ${what}${reason}`;
  return eventError(code ?? 'ERR_PIXIVUTIL2_REFUSED', message, { agent, group, reason });
}

module.exports = Controller;
