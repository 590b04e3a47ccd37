'use strict';
// A process that can be asked as one that AppView has loaded itself into. The native side answers what was published;
// only commands of the program's own, and new configurations, come here.

const { AsyncResource } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const engine = require('../engine/appview');
const { argumentError, callError, valueError } = require('../errors');
const protocol = require('./protocol');

const { Status } = protocol;

const OPTIONS = ['pid', 'prefix', 'pollMs', 'handlerTimeout'];

/** Defaults, in ms. */
const POLL = 1;
const HANDLER_TIMEOUT = 2000;

/** Commands below this number are AppView's. */
const FIRST_OWN = 6;

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
    protocol.toOptions(options, 'options', OPTIONS);
    const { pid = process.pid, prefix = protocol.PREFIX } = options;
    const { pollMs = POLL, handlerTimeout = HANDLER_TIMEOUT } = options;
    this.#options = {
      pid: protocol.toPid(pid, 'options.pid'),
      prefix: protocol.toPrefix(prefix),
      poll: protocol.toTime(pollMs, 'options.pollMs'),
      handlerTimeout: protocol.toTime(handlerTimeout, 'options.handlerTimeout'),
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
    const isRight = {
      viewed: (it) => typeof it === 'boolean',
      cfg: protocol.isObject,
      interfaces: Array.isArray,
      details: protocol.isObject,
    }[name];
    if (!isRight) throw valueError(`There is no "${name}" to be published`);
    if (!isRight(value)) {
      const type = { viewed: 'a boolean', interfaces: 'an array' }[name] ?? 'a plain object';
      throw argumentError(`parts.${name}`, type, value);
    }
    if (name === 'viewed') return value;
    if (name === 'cfg') return JSON.stringify('current' in value ? value : { current: value });
    if (name === 'interfaces') return JSON.stringify(value);
    return JSON.stringify({ pid: this.#options.pid, uuid: '', id: '', machine_id: '', ...value });
  }

  /** See index.d.ts. */
  handle(command, handler, name = handler?.name || `command${command}`) {
    protocol.toCommand(command);
    if (command >= 0 && command < FIRST_OWN) {
      throw valueError(`Commands 0 to ${FIRST_OWN - 1} are answered with what is published`);
    }
    if (typeof handler !== 'function') throw argumentError('handler', 'of type function', handler);
    if (typeof name !== 'string') throw argumentError('name', 'of type string', name);
    this.#handlers.set(command, { handler, name });
    this.#server?.handle(command, name);
    return this;
  }

  /** See index.d.ts. */
  start() {
    if (this.#server !== null) return this;
    const { error, server } = engine.serve(this.#options, (event) => this.#take(event));
    if (error) throw callError(error);
    this.#server = server;
    server.publish(this.#published);
    for (const [command, { name }] of this.#handlers) server.handle(command, name);
    server.keepAlive(this.#referenced);
    return this;
  }

  /** See index.d.ts. */
  stop() {
    this.#server?.keepAlive(false);
    this.#server?.stop();
    this.#server = null;
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
    if (this.#server === null) return; // it was stopped
    const request = JSON.parse(text);
    this.#scope.runInAsyncScope(() => {
      if (token === undefined) this.emit('setConfig', request.cfg);
      else this.#answer(this.#server, token, this.#handlers.get(command).handler, request);
    });
  }

  async #answer(server, token, handler, request) {
    let text;
    try {
      const answer = (await handler(request)) ?? {};
      if (!protocol.isObject(answer)) throw argumentError('answer', 'a plain object', answer);
      const { status = Status.Ok, ...rest } = answer;
      if (!Number.isInteger(status)) throw argumentError('answer.status', 'an integer', status);
      text = JSON.stringify({ status, ...rest });
    } catch (error) {
      text = JSON.stringify({ status: Status.ServerError });
      if (this.listenerCount('error') > 0) this.emit('error', error);
    } finally {
      server.reply(token, text);
    }
  }
}

module.exports = AppViewServer;
