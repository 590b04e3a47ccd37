'use strict';
// A process that can be asked as one that AppView has loaded itself into. The native side answers what was published;
// only commands of the program's own, and new configurations, come here.

const { core, process, setImmediate } = require('../core');
const { AsyncResource } = core('async_hooks');
const { EventEmitter } = core('events');
const engine = require('../engine/appview');
const { toFunction, toJson, toOptions, toText, toTime } = require('../arguments');
const { argumentError, callError, undisturbed, valueError } = require('../errors');
const protocol = require('./protocol');

const { Status } = protocol;

const OPTIONS = ['pid', 'prefix', 'pollMs', 'handlerTimeout'];

/** Defaults, in ms. */
const POLL = 1;
const HANDLER_TIMEOUT = 2000;

/** Commands below this number are AppView's. */
const FIRST_OWN = 6;

/** What can be published: whether a value is right, and what it has to be. */
const PARTS = new Map([
  ['viewed', [(it) => typeof it === 'boolean', 'a boolean']],
  ['cfg', [protocol.isObject, 'a plain object']],
  ['interfaces', [Array.isArray, 'an array']],
  ['details', [protocol.isObject, 'a plain object']],
]);

class AppViewServer extends EventEmitter {
  #options;
  #server = null;
  #referenced = true;
  /** What was published, as JSON. */
  #published = {};
  #handlers = new Map();
  #scope = new AsyncResource('FERRIPC_APPVIEW');

  /** See index.d.ts. */
  constructor(options = {}) {
    super();
    toOptions(options, 'options', OPTIONS);
    const { pid = process.pid, prefix = protocol.PREFIX } = options;
    const { pollMs = POLL, handlerTimeout = HANDLER_TIMEOUT } = options;
    this.#options = {
      pid: protocol.toPid(pid, 'options.pid'),
      prefix: protocol.toPrefix(prefix),
      poll: toTime(pollMs, 'options.pollMs'),
      handlerTimeout: toTime(handlerTimeout, 'options.handlerTimeout'),
    };
    this.publish({ details: {} });
    protocol.requireSupport();
  }

  /** Whether it answers. */
  get started() {
    return this.#server !== null;
  }

  /** See index.d.ts. */
  publish(parts) {
    if (!protocol.isObject(parts)) throw argumentError('parts', 'a plain object', parts);
    const texts = {};
    for (const [name, value] of Object.entries(parts)) {
      if (value !== undefined) texts[name] = this.#part(name, value);
    }
    Object.assign(this.#published, texts);
    this.#server?.publish(texts);
    return this;
  }

  #part(name, value) {
    if (!PARTS.has(name)) throw valueError(`The "parts.${name}" argument cannot be published`);
    const [isRight, type] = PARTS.get(name);
    if (!isRight(value)) throw argumentError(`parts.${name}`, type, value);
    if (name === 'viewed') return value;
    return toJson(this.#complete(name, value), `parts.${name}`);
  }

  #complete(name, value) {
    if (name === 'cfg') return 'current' in value ? value : { current: value };
    if (name === 'interfaces') return value;
    return { pid: this.#options.pid, uuid: '', id: '', machine_id: '', ...value };
  }

  /** See index.d.ts. */
  handle(command, handler, name) {
    protocol.toCommand(command);
    if (command >= 0 && command < FIRST_OWN) {
      const message = `Commands 0 to ${FIRST_OWN - 1} are answered with what is published`;
      throw valueError(`The "command" argument must be another number. ${message}`);
    }
    toFunction(handler, 'handler');
    const shown = toText(name ?? (handler.name || `command${command}`), 'name');
    this.#handlers.set(command, { handler, name: shown });
    this.#server?.handle(command, shown);
    return this;
  }

  /** See index.d.ts. */
  start() {
    if (this.#server !== null) return this;
    const commands = [...this.#handlers].map(([number, { name }]) => ({ number, name }));
    const { error, server } = engine.serve(this.#options, this.#published, commands, (event) =>
      this.#take(event),
    );
    if (error) throw callError(error);
    this.#server = server;
    server.keepAlive(this.#referenced);
    return this;
  }

  /** See index.d.ts. */
  stop() {
    const server = this.#server;
    if (server === null) return this;
    this.#server = null;
    server.keepAlive(false);
    server.stop();
    // Who asked for a new configuration was told that it is taken; who waits for a handler, that there is no answer.
    for (const { text, token } of engine.rest(server)) {
      if (token === undefined) setImmediate(() => this.#configure(text));
    }
    return this;
  }

  /** See index.d.ts. */
  ref() {
    this.#referenced = true;
    this.#server?.keepAlive(true);
    return this;
  }

  /** See index.d.ts. */
  unref() {
    this.#referenced = false;
    this.#server?.keepAlive(false);
    return this;
  }

  #take({ text, command, token }) {
    if (token === undefined) return this.#configure(text);
    const { handler } = this.#handlers.get(command);
    const answer = () => this.#answer(this.#server, token, handler, JSON.parse(text));
    return this.#scope.runInAsyncScope(answer);
  }

  #configure(text) {
    this.#scope.runInAsyncScope(() => this.emit('setConfig', JSON.parse(text).cfg));
  }

  async #answer(server, token, handler, request) {
    let text;
    try {
      const answer = (await handler(request)) ?? {};
      if (!protocol.isObject(answer)) throw argumentError('answer', 'a plain object', answer);
      const { status = Status.Ok, ...rest } = answer;
      if (!Number.isInteger(status)) throw argumentError('answer.status', 'an integer', status);
      text = toJson({ status, ...rest, toJSON: undefined }, 'answer');
    } catch (error) {
      text = JSON.stringify({ status: Status.ServerError });
      undisturbed(() => this.listenerCount('error') > 0 && this.emit('error', error));
    } finally {
      server.reply(token, text);
    }
  }
}

module.exports = AppViewServer;
