'use strict';
// What a server and a client of ipcIO have in common: options, handlers, events, what `verbose` prints.
// Extended by server.js and client.js.

const { core, process } = require('../core');
const { EventEmitter } = core('events');
const { inspect } = core('util');
const { argumentError, errorForm, throwLater } = require('../errors');
const { limitsOf } = require('../sockets/limits');
const { systemPath } = require('../sockets/paths');
const { Reserved } = require('./message');

const reserved = new Set(Object.values(Reserved));

/** ipcIO reads so many bytes at once. It assumes that each read holds whole messages, and loses the others. */
const READ_OF_IPCIO = 64 * 1024;

/** The longest time that a timer of Node takes, in ms. */
const LONGEST_TIME = 2 ** 31 - 1;

/** One warning in a process is enough. */
let warned = false;

class Party {
  #handlers = new Map();
  #events = new EventEmitter();
  #warnAtBytes;

  constructor(options, handlers) {
    if (options === null || typeof options !== 'object') {
      throw argumentError('options', 'of type object', options);
    }
    const {
      domain,
      encoding = 'utf8',
      socketRoot = '/tmp/',
      warnAtBytes = READ_OF_IPCIO,
    } = options;
    for (const [name, value] of Object.entries({ domain: domain || '', socketRoot })) {
      if (typeof value !== 'string')
        throw argumentError(`options.${name}`, 'of type string', value);
    }
    if (!Buffer.isEncoding(encoding)) {
      throw argumentError('options.encoding', 'an encoding of Buffer', encoding);
    }
    if (!(warnAtBytes > 0)) {
      throw argumentError('options.warnAtBytes', 'a positive number', warnAtBytes);
    }
    /** Whether what happens is printed. */
    this.verbose = Boolean(options.verbose);
    this.#warnAtBytes = warnAtBytes;
    /** How much of messages peers read at once; without such a limit, if all of them run ferripc. */
    this._readOfPeers = warnAtBytes === Infinity ? Infinity : READ_OF_IPCIO;
    this._encoding = /^utf-?8$/i.test(encoding) ? null : encoding;
    this._domain = domain || 'default';
    const folder = socketRoot === '' || socketRoot.endsWith('/') ? socketRoot : `${socketRoot}/`;
    this._path = systemPath(`${folder}IPC.io.${this._domain}`);
    this._framing = { ...limitsOf(options, 'options'), delimiter: '', raw: false };
    this.addHandlers(handlers);
  }

  /**
   * Registers handlers, at any time. Those before a faulty one are registered.
   * @throws {Error} with ipcIO's text for what is not a collection of functions, for a command that has a handler
   *   and for commands of the protocol
   */
  addHandlers(handlers) {
    if (handlers === null || typeof handlers !== 'object') {
      throw new TypeError('Argument passed as "handler_collection" must be an object.');
    }
    for (const [command, handler] of Object.entries(handlers)) {
      if (typeof handler !== 'function') {
        throw new TypeError('"handler_collection" entry values must be callable.');
      }
      if (reserved.has(command)) {
        throw new Error('Argument passed as "command" is restricted command name.');
      }
      if (this.#handlers.has(command)) {
        throw new Error(`Handler for command "${command}" already registered.`);
      }
      this._log(`handler for "${command}"`);
      this.#handlers.set(command, handler);
    }
    return this;
  }

  get _commands() {
    return [...this.#handlers.keys()];
  }

  /**
   * Calls the handler of a message's command, if there is one. Where feedback is wanted, `answer(data, failure)` is called
   * with what the handler returned or how it failed, and returns a function that sends this; otherwise what the handler
   * throws is thrown on.
   */
  _handle({ command, data }, container, answer) {
    const handler = this.#handlers.get(command);
    this._log(`command ${inspect(command)}`, container.name, data);
    const handle = () => handler?.call(this, { data, ...container });
    if (!answer) {
      handle();
      return;
    }
    // What listeners throw as it is sent is no failure of the handler.
    this.#outcome(handle, answer)();
  }

  /** What sends the answer, now or later. */
  #outcome(handle, answer) {
    const fail = (error) => answer(null, errorForm(error));
    const succeed = (feedback) => {
      try {
        return answer(feedback === undefined ? null : feedback);
      } catch (error) {
        return fail(error); // it cannot be written
      }
    };
    try {
      const feedback = handle();
      if (typeof feedback?.then !== 'function') return succeed(feedback);
      const sent = Promise.resolve(feedback).then(
        (it) => succeed(it)(),
        (error) => fail(error)(),
      );
      sent.catch(throwLater);
      return () => {};
    } catch (error) {
      return fail(error);
    }
  }

  // ---- events: an `emit` of their own has another meaning in ipcIO -----------------------------

  /** Listens to an event, see index.d.ts. */
  on(event, listener) {
    this.#events.on(event, listener);
    return this;
  }

  once(event, listener) {
    this.#events.once(event, listener);
    return this;
  }

  off(event, listener) {
    this.#events.off(event, listener);
    return this;
  }

  // The other names of EventEmitter, for `events.once` and the like.

  addListener(event, listener) {
    return this.on(event, listener);
  }

  removeListener(event, listener) {
    return this.off(event, listener);
  }

  _publish(event, ...args) {
    this.#events.emit(event, ...args);
  }

  /** Reports an error. Nothing is thrown if nobody listens. */
  _report(error) {
    this._log(`error: ${error.message}`);
    if (this.#events.listenerCount('error') > 0) this.#events.emit('error', error);
  }

  /** Warns, once, of a message that a peer with the original ipcIO would lose. */
  _watchLength(length) {
    if (length < this.#warnAtBytes || warned) return;
    warned = true;
    process.emitWarning(
      `ipcIO: a message of ${length} bytes was sent. A peer that runs the original ipcio package loses ` +
        'messages of 64 KiB and more; set the option warnAtBytes to Infinity if all peers run ferripc.',
      { code: 'FERRIPC_IPCIO_LONG_MESSAGE' },
    );
  }

  _log(what, ...more) {
    if (!this.verbose) return;
    const shown = more.map((it) => (typeof it === 'string' ? it : inspect(it)));
    console.log([`ipcIO ${this._domain}: ${what}`, ...shown].join(' '));
  }
}

/**
 * A time in ms.
 * @throws {TypeError} that names the option for anything else
 */
function toTime(value, name) {
  if (typeof value !== 'number' || !(value >= 0)) throw argumentError(name, 'a time in ms', value);
  return Math.min(value, LONGEST_TIME);
}

module.exports = { Party, toTime };
