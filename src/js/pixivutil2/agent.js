'use strict';
// The side of PixivUtil2: reports what it does, and has its jobs done by the controller.

const { toInteger, toOptions, toText, toTexts, toTime } = require('../arguments');
const { agents } = require('../engine/pixivutil2');
const { argumentError, codedError, systemError, valueError } = require('../errors');
const { IDENTIFIER } = require('./option');
const { SOCKET_OPTIONS, lookedUp, toEndpoint, toIdentifier, toSockets } = require('./sockets');

const OPTIONS = [
  ...['identifier', 'comm', 'task', 'handshakeTimeout', 'notifyTimeout', 'jobTimeout'],
  ...SOCKET_OPTIONS,
];

/** PixivUtil2's times, in ms. */
const HANDSHAKE_TIMEOUT = 3000;
const NOTIFY_TIMEOUT = 1000;
const JOB_TIMEOUT = 5000;

/** Only `Agent.connect` may make agents. */
const OWN = Symbol('own');

class Agent {
  #hub;
  #number;
  #closed = null;

  /** See index.d.ts. */
  static async connect(options) {
    const { identifier = IDENTIFIER, comm, task } = toOptions(options, 'options', OPTIONS);
    const { handshakeTimeout = HANDSHAKE_TIMEOUT, notifyTimeout = NOTIFY_TIMEOUT } = options;
    const { jobTimeout = JOB_TIMEOUT } = options;
    const settings = {
      identifier: toIdentifier(identifier, 'options.identifier'),
      comm: toEndpoint(comm, 'options.comm'),
      task: toEndpoint(task, 'options.task'),
      handshakeTimeout: toTime(handshakeTimeout, 'options.handshakeTimeout'),
      notifyTimeout: toTime(notifyTimeout, 'options.notifyTimeout'),
      jobTimeout: toTime(jobTimeout, 'options.jobTimeout'),
      sockets: toSockets(options),
    };
    [settings.comm, settings.task] = await Promise.all(
      [settings.comm, settings.task].map(lookedUp),
    );
    const hub = agents();
    const { call, error } = await hub.connect(settings);
    if (error) throw toError(error);
    return new Agent(OWN, hub, call, identifier);
  }

  constructor(own, hub, number, identifier) {
    if (own !== OWN) throw new TypeError('Agents are made by Agent.connect()');
    this.#hub = hub;
    this.#number = number;
    Object.defineProperty(this, 'identifier', { value: identifier, enumerable: true });
  }

  /** See index.d.ts. */
  async total(count) {
    return this.#do('total', toCount(count, 'count'));
  }

  async downloaded(imageId, result) {
    toInteger(result, 'result', -1, 2 ** 32 - 1);
    return this.#do('downloaded', toCount(imageId, 'imageId'), result);
  }

  async title(title) {
    return this.#do('title', toText(title, 'title'));
  }

  async error(details, stack = '') {
    return this.#do('error', toText(details, 'details'), toText(stack, 'stack'));
  }

  async ffmpeg(args) {
    const texts = toTexts(args, 'args');
    if (texts.length === 0) throw valueError('The "args" argument must not be empty');
    const id = await this.#do('ffmpeg', texts);
    return new AgentTask(id, () => this.#do('exitCode', id));
  }

  async aria2(file, text) {
    return this.#do('aria2', toText(file, 'file'), toText(text, 'text'));
  }

  close() {
    this.#closed ??= this.#hub.call(this.#number, 'close').then(() => this.#hub.closed());
    return this.#closed;
  }

  async #do(method, ...args) {
    if (this.#closed !== null) throw codedError('ERR_PIXIVUTIL2_CLOSED', 'the agent is closed');
    const { value, error } = await this.#hub.call(this.#number, method, ...args);
    if (error) throw toError(error);
    return value;
  }
}

/** A job that a controller has taken. */
class AgentTask {
  #ask;
  #code = null;

  constructor(id, ask) {
    Object.defineProperty(this, 'id', { value: id, enumerable: true });
    this.#ask = ask;
  }

  /** See index.d.ts. */
  exitCode() {
    this.#code ??= this.#ask();
    return this.#code;
  }
}

/** A number of eight bytes. */
function toCount(value, name) {
  if (typeof value !== 'bigint') return BigInt(toInteger(value, name, 0));
  if (BigInt.asUintN(64, value) === value) return value;
  throw argumentError(name, 'a number >= 0 of 64 bits', value);
}

function toError(error) {
  return error.code === 'ERR_INVALID_ARG_VALUE' ? valueError(error.message) : systemError(error);
}

module.exports = Agent;
