'use strict';
// A client of an ipcIO domain: handshake on the domain's socket, a socket of its own, two queues that
// outlive connections, deliveries. Made by users of `ferripc/ipcio`.

const { core } = require('../core');
const { randomUUID } = core('crypto');
const Socket = require('../sockets/socket');
const { ours } = require('../sockets/own-listeners');
const { Channel, Owner } = require('./channel');
const { toOptions } = require('../arguments');
const { argumentError, codedError, noBufferError, valueError } = require('../errors');
const { LONGEST_NAME, Reserved, NAME_TAKEN, NOT_A_MESSAGE, encode } = require('./message');
const { Party, toTime } = require('./party');

const newId = () => randomUUID().replaceAll('-', '');

/** What a client does with promises that 0.4 does with the client: `connect()`, `emit(command, data)`. */
const CHAINED = ['addHandlers', 'broadcast', 'deliver', 'disconnect', 'discover', 'emit', 'send'];

class Client extends Party {
  #name;
  #reconnectDelay;
  /** `off`, `connecting`, `connected` or `waiting` (for the next attempt). */
  #state = 'off';
  #timer;
  /** `{promise, resolve, reject}` until the first connection. */
  #first = null;
  /** The channels of the domain's socket and of the own one. */
  #domain = null;
  #own = null;
  #uuid = null;
  /** What waits for a connection, of each channel: `{text, resolve, reject}`. */
  #domainQueue = [];
  #ownQueue = [];
  #queued = 0;
  /** `{promise, resolve, reject}` while asking. */
  #discovery = null;
  /** Delivery -> `{settle, reject, sent}`. */
  #deliveries = new Map();

  /** `options`, `handlers`: see index.d.ts. */
  constructor(options = {}, handlers = {}) {
    super(options, handlers);
    const { name, reconnectDelay = 2000 } = options;
    if (name && typeof name !== 'string') {
      throw argumentError('options.name', 'of type string', name);
    }
    if (name?.length > LONGEST_NAME) {
      throw valueError(`The "options.name" argument is longer than ${LONGEST_NAME} characters`);
    }
    this.#name = name || newId();
    this.#reconnectDelay = toTime(reconnectDelay, 'options.reconnectDelay');
  }

  /** Whether there is a connection. */
  isConnected() {
    return this.#state === 'connected';
  }

  /** Whether there is a connection, or will be. */
  isStarted() {
    return this.#state !== 'off';
  }

  /**
   * Connects, and again whenever the connection ends, until `disconnect`. The promise resolves with the
   * first connection, and rejects if the name is taken.
   */
  connect() {
    if (this.isStarted()) {
      throw new Error(
        `Tried to connect to IPC server for domain ${this._domain}, when already connected/ing.`,
      );
    }
    this.#first = deferred();
    const { promise } = this.#first;
    this.#attempt();
    return this.#chained(promise);
  }

  /**
   * Sends what was queued while connected, and closes. What waits for a connection or for an answer is rejected, also
   * before `connect`.
   */
  async disconnect() {
    const [own, domain] = [this.#own, this.#domain];
    // The server ends both with the domain's, and what still waits for the own one would not arrive.
    const closed = own === null ? domain?.close() : own.close().then(() => domain.close());
    this.#ended();
    this.#giveUp(codedError('ERR_IPCIO_DISCONNECTED', 'The client was disconnected'));
    await closed;
  }

  /** Sends a command to the server, now or when there is a connection. Resolves when it is sent. */
  send(command, data, delivery = null) {
    return this.#sendOwn(encode({ command, data, delivery }));
  }

  /** To the client `name`, or (with two arguments, as in 0.4) to the server: see `send`. */
  emit(...args) {
    if (args.length < 3) return this.#chained(this.send(...args));
    const [name, command, data] = args;
    return this.#askDomain(Reserved.EMIT, encode({ id: name, command, data }));
  }

  /** To all other clients: see `send`. */
  broadcast(command, data) {
    return this.#askDomain(Reserved.BROADCAST, encode({ command, data }));
  }

  /** Asks the server for `{clients, command_handlers}`. */
  discover() {
    if (this.#discovery === null) {
      const discovery = deferred();
      this.#discovery = discovery;
      this.#askDomain(Reserved.DISCOVER, null).catch((error) => {
        if (this.#discovery !== discovery || error.code !== 'ENOBUFS') return; // it is asked again
        this.#discovery = null;
        discovery.reject(error);
      });
    }
    return this.#discovery.promise;
  }

  /**
   * As `emit`, and resolves with what the handler returns. `deliver(name, command, data, options)`, or to the
   * server `deliver(command, data, options)`. `options`: `{timeout}` in ms.
   */
  deliver(...args) {
    const [name, command, data, options = {}] = deliverArguments(args);
    const { timeout = 0 } = toOptions(options, 'options', OPTIONS);
    const time = toTime(timeout, 'options.timeout');
    const delivery = newId();
    const text = encode({ id: name, command, data, delivery });
    const waiting = deferred();
    if (time > 0) {
      const late = () => {
        const error = codedError(
          'ERR_IPCIO_TIMEOUT',
          `No feedback to ${String(command)} within ${time} ms`,
        );
        this.#settle(delivery, null, error);
      };
      waiting.timer = setTimeout(late, time);
    }
    this.#deliveries.set(delivery, waiting);
    const entry =
      name === null
        ? this.#sendOwn(text, waiting)
        : this.#askDomain(Reserved.EMIT, text, delivery, waiting);
    entry.catch((error) => this.#settle(delivery, null, error));
    return waiting.promise;
  }

  // ---- connecting ------------------------------------------------------------------------------

  #attempt() {
    this.#state = 'connecting';
    const begin = () => this.#domain.send({ command: Reserved.HANDSHAKE, data: this.#name });
    this.#domain = this.#open(this._path, begin, (message) => this.#told(message));
  }

  /**
   * A channel of this attempt. Its end is the end of the attempt, or of the connection. What comes of it after `disconnect`,
   * while something is still to be sent, is of no interest.
   */
  #open(path, connected, receive) {
    const socket = new Socket(new Owner(this, path), this._framing);
    const ifOurs =
      (act) =>
      (...args) => {
        if (channel === this.#domain || channel === this.#own) act(...args);
      };
    const channel = new Channel(this, socket, ifOurs(receive));
    socket.once('connect', ifOurs(connected));
    const onClose = ifOurs(() => this.#lost());
    socket.on('close', ours(onClose));
    socket._connectPath(path);
    return channel;
  }

  /** The server's words on the domain's socket. */
  #told({ command, data }) {
    if (command === Reserved.HANDSHAKE && this.#own === null) {
      if (typeof data !== 'string' || data.includes('/')) {
        const message = 'The server names no socket of its domain';
        this.#lost();
        this._report(codedError('ERR_IPCIO_NOT_A_MESSAGE', message, { number: NOT_A_MESSAGE }));
        return;
      }
      this.#uuid = data;
      this.#own = this.#open(
        `${this._path}.${data}`,
        () => this.#connected(),
        (message) => this.#said(message),
      );
    } else if (command === Reserved.DISCOVER) {
      this.#discovery?.resolve(data);
      this.#discovery = null;
    } else if (command === Reserved.ERROR && data === NAME_TAKEN && this.#own === null) {
      this.#refused();
    }
  }

  #refused() {
    const message = `The name ${this.#name} is taken in the domain ${this._domain}`;
    const error = codedError('ERR_IPCIO_NAME_TAKEN', message, { number: NAME_TAKEN });
    const first = this.#first;
    if (first === null) {
      // The server does not know yet that our last connection has ended.
      this.#lost();
      this._report(error);
      return;
    }
    this.#domain.close();
    this.#ended();
    this.#giveUp(error);
    this._report(error);
  }

  #connected() {
    this.#state = 'connected';
    const [own, domain] = [this.#ownQueue, this.#domainQueue];
    this.#ownQueue = [];
    this.#domainQueue = [];
    this.#queued = 0;
    for (const entry of own) this.#write(this.#own, entry);
    for (const entry of domain) this.#write(this.#domain, entry);
    this.#first?.resolve(this);
    this.#first = null;
    this._publish('connect');
  }

  /** The connection has ended, or the attempt has failed. */
  #lost() {
    const wasConnected = this.isConnected();
    this.#takeBack(this.#own, this.#ownQueue);
    this.#takeBack(this.#domain, this.#domainQueue);
    for (const channel of [this.#own, this.#domain]) channel?.socket.destroy();
    this.#ended();
    this.#state = 'waiting';
    this.#timer = setTimeout(() => this.#attempt(), this.#reconnectDelay);
    if (this.#discovery !== null && wasConnected) this.#askDomain(Reserved.DISCOVER, null);
    const error = codedError('ERR_IPCIO_DISCONNECTED', 'The connection has ended');
    for (const [delivery, { sent }] of this.#deliveries) {
      if (sent) this.#settle(delivery, null, error);
    }
    if (wasConnected) this._publish('disconnect');
  }

  /** What has not left goes with the next connection. */
  #takeBack(channel, queue) {
    const entries = channel?.takeBack() ?? [];
    for (const { text, waiting } of entries) {
      if (waiting) waiting.sent = false;
      this.#queued += Buffer.byteLength(text);
    }
    queue.unshift(...entries);
  }

  #ended() {
    clearTimeout(this.#timer);
    this.#state = 'off';
    this.#own = null;
    this.#domain = null;
    this.#uuid = null;
  }

  /** Rejects all that waits. */
  #giveUp(error) {
    const waiting = [...this.#ownQueue, ...this.#domainQueue, ...this.#deliveries.values()];
    for (const { reject } of waiting) reject(error);
    for (const { timer } of this.#deliveries.values()) clearTimeout(timer);
    this.#first?.reject(error);
    this.#discovery?.reject(error);
    this.#first = this.#discovery = null;
    this.#ownQueue = [];
    this.#domainQueue = [];
    this.#queued = 0;
    this.#deliveries.clear();
  }

  // ---- messages --------------------------------------------------------------------------------

  #said(message) {
    const { command, data, delivery, failure } = message;
    if (command === Reserved.DELIVER && this.#deliveries.has(delivery)) {
      this.#settle(delivery, data, failure && errorOf(failure));
      return;
    }
    const own = this.#own;
    const container = { uuid: this.#uuid, name: this.#name, socket: own.socket, server: null };
    const answer = (feedback, error) => {
      const text = encode({ command: Reserved.DELIVER, data: feedback, delivery, failure: error });
      return () => own.sendFor(text);
    };
    const isWanted = delivery !== null && command !== Reserved.DELIVER;
    this._handle(message, container, isWanted ? answer : null);
  }

  #settle(delivery, data, error) {
    const waiting = this.#deliveries.get(delivery);
    if (waiting === undefined) return;
    this.#deliveries.delete(delivery);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(error);
    else waiting.resolve(data);
  }

  #sendOwn(text, waiting) {
    return this.#enqueue(text, this.#own, this.#ownQueue, waiting);
  }

  /** `inner`: the message that is sent within this one. */
  #askDomain(command, inner, delivery = null, waiting) {
    const text = encode({ id: this.#name, command, data: inner, delivery });
    return this.#enqueue(text, this.#domain, this.#domainQueue, waiting);
  }

  /** `waiting`: the delivery that it is for. */
  #enqueue(text, channel, queue, waiting) {
    const entry = { ...deferred(), text, waiting };
    if (this.isConnected()) {
      this.#write(channel, entry);
      return entry.promise;
    }
    const queued = this.#queued + Buffer.byteLength(text);
    if (queued > this._framing.maxQueued) {
      entry.reject(noBufferError(this._framing.maxQueued));
    } else {
      this.#queued = queued;
      queue.push(entry);
    }
    return entry.promise;
  }

  #write(channel, entry) {
    const { text, resolve, reject, waiting } = entry;
    if (waiting) waiting.sent = true;
    channel.sendFor(text, (error) => (error ? reject(error) : resolve()), entry);
  }

  /** A promise on which one can go on calling this client, as 0.4 does. */
  #chained(promise) {
    for (const name of CHAINED) promise[name] = (...args) => this[name](...args);
    return promise;
  }
}

/** A promise and what settles it. Its rejection needs no handler: programs written for ipcIO have none. */
function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  parts.promise.catch(() => {});
  return parts;
}

const OPTIONS = ['timeout'];

/** Options can only be told from data by their form: an object with nothing but a `timeout`. */
function isOptions(value) {
  if (value === null || typeof value !== 'object') return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => OPTIONS.includes(key));
}

/** `[name or null, command, data, options]`. */
function deliverArguments(args) {
  if (args.length > 3) return args;
  const [first, second, third] = args;
  // Where the name is null, it is there.
  if (first !== null && isOptions(third)) return [null, first, second, third];
  // As in ipcIO, which does without a name where there are no data.
  return third === undefined ? [null, first, second] : args;
}

/** The error with which a handler failed elsewhere, from what `decode` says of it. */
function errorOf({ name, message, code }) {
  const error = new Error(message);
  if (name !== 'Error') error.name = name;
  if (code !== undefined) error.code = code;
  return error;
}

module.exports = Client;
