'use strict';
// The common base of client.js and server.js: the configuration they were made with, and how messages become text and
// back, with or without a parser (see parsers/profile.js). What has arrived is passed to their `_onMessage`,
// `_onBytes`, `_onBad`, `_onViolation` and `_answered`.

const { lazily } = require('../core');
const { isBytes } = require('../arguments');
const Events = require('./events');
const addMembers = require('./parsers/members');
const { channels, publishError, publishReceived } = require('../diagnostics/channels');
const { serializationError } = require('../errors');
const { framingOf, greetingOf, profileOf } = require('./settings');
const { decode, encode, encodeRaw } = require('./wire');

const values = lazily(() => require('./values'));
const messages = lazily(() => require('./messages'));
const requests = lazily(() => require('./requests'));
const parserProfile = lazily(() => require('./parsers/profile'));

class Party extends Events {
  #framing;
  /** Null without a parser. */
  #profile;
  /** values.js, or null. */
  #values = null;
  /** What would be the profile without a parser, if somebody asks. */
  #implied = null;
  /** Extra parts that programs have asked for, which `_tell` informs about connections; null without any. */
  #parts = null;
  #requests = null;

  /**
   * `config` is kept and read when used (K6), except for its delimiter and limits (F3) and its parser.
   * @throws {TypeError} see framingOf, greetingOf and profileOf
   */
  constructor(config, log) {
    super();
    this.#profile = profileOf(config);
    this.#framing = framingOf(config, this.#profile !== null && this.#profile.takesBytes);
    const greeting = greetingOf(config);
    if (greeting !== undefined) {
      this.#framing.greeting = greeting;
      this.#values = values();
    }
    this.config = config;
    this.log = log;
  }

  // ---- what programs may ask for, see requests/ and messages.js --------------------------------------

  /**
   * Makes `handler(data, { socket, signal })` answer the requests of this type, with what it returns or what its
   * promise resolves to. Returns a function that undoes it.
   * @throws {TypeError} for wrong arguments, and a type that has a handler
   * @throws {Error} ERR_FERRIPC_NO_REQUESTS in raw mode and on UDP
   */
  handle(type, handler) {
    return this._requests.handle(type, handler);
  }

  /**
   * The messages of this type from now on, as `[data, socket]`, for `for await`. It throws an AbortError when
   * `options.signal` is aborted.
   * @throws {TypeError} for a type that is not a string, and a signal that is not one
   */
  messages(type, options = {}) {
    return messages()(this, type, options);
  }

  /** Removes all handlers of all types, those of requests, too. Chainable. */
  reset() {
    this.#requests?.reset();
    return super.reset();
  }

  get _requests() {
    return (this.#requests ??= new (requests().Requests)(this));
  }

  /**
   * `part` hears of a server's `listening()`, of `up(socket)`, `down(socket, error)` and `over(error)`, before handlers
   * do, and of `removed()` when the program has removed some, until the returned function is called.
   */
  _attach(part) {
    this.#parts ??= new Set();
    this.#parts.add(part);
    return () => this.#parts.delete(part);
  }

  _tell(what, ...facts) {
    if (this.#parts === null) return;
    for (const part of [...this.#parts]) part[what]?.(...facts);
  }

  _removed() {
    this._tell('removed');
  }

  /** A request to an owner that answers none; node-ipc's programs may answer it by hand. */
  _unheard(type, [data, socket]) {
    if (type !== 'ferripc:request') return;
    try {
      requests();
    } catch (error) {
      // The peer chose when this is loaded: there may be no descriptor left to read it.
      this._report(socket, error);
      return;
    }
    requests().refuse(this, socket, data);
  }

  /** The framing of a new connection, see socket.js. */
  get _framing() {
    if (this.#profile !== null) return this.#profile.framing(this.#framing);
    return { ...this.#framing, raw: this._takesBytes };
  }

  /** Null without a parser. */
  get _chosen() {
    return this.#profile;
  }

  get _profile() {
    return this.#profile ?? (this.#implied ??= new (parserProfile())(this.config));
  }

  get _maxQueued() {
    return this.#framing.maxQueued;
  }

  /** The engine is to give bytes. Live where no parser was chosen. */
  get _takesBytes() {
    if (this.#profile !== null) return this.#profile.takesBytes;
    return this.#values === null && Boolean(this.config.rawBuffer);
  }

  /** Messages are values as they are, and not JSON. */
  get _hasValues() {
    return this.#values !== null;
  }

  /** Log lines may have payloads in them. Asked for when there is a log. */
  get _logsPayloads() {
    return this.#profile === null ? this.config.logPayloads !== false : this.#profile.logsPayloads;
  }

  /**
   * A message as it is sent, without its delimiter (see wire.js), or bytes.
   * @throws {TypeError} for data that JSON.stringify, or a payload that Buffer.from, refuses
   * @throws {Error} what the parser throws
   */
  _encode(type, data, isDatagram) {
    const { config } = this;
    if (this.#profile !== null) return this.#profile.encode(type, data, isDatagram);
    if (this.#values !== null) return this.#values.encode(type, data);
    return config.rawBuffer ? encodeRaw(type, config.encoding) : encode(type, data);
  }

  /** As the peer is to get it. */
  _framed(message) {
    if (isBytes(message)) return message;
    return message.whole ?? message + this.#framing.delimiter;
  }

  /** Tells both who watches and who listens. */
  _report(socket, error) {
    publishError(this, error, socket);
    this._onBad(socket, error);
  }

  /** The peer has said that its messages are values, see values.js: what follows would make no sense. */
  _partWith(socket) {
    const error = serializationError("The peer has serialization 'advanced', and this side 'json'");
    this._report(socket, error);
    if (socket.destroyed !== false) return;
    const { message, code } = error;
    // So that it knows, too. By no parser: some refuse this type.
    this._postText(socket, encode('error', { code, message }));
    socket._close?.();
  }

  /** Ends a connection whose peer, or user, has broken one of the parser's rules. */
  _violate(socket, error, keeper = socket) {
    this._profile.end(this, socket, error, keeper);
    this._onViolation(socket, error);
  }

  // ---- called by socket.js and datagram-socket.js ------------------------------------------------

  _onFrame(socket, frames) {
    const profile = this.#profile;
    if (profile !== null) {
      profile.takeFrame(this, socket, frames);
    } else if (this.#values !== null) {
      this.#values.decode(frames, this, socket);
    } else if (this.config.rawBuffer) {
      socket._raw = true; // switched since the last read
      this._onRaw(socket, Buffer.from(this._framed(frames.frame)));
      return;
    } else {
      decode(frames, this, socket);
    }
    this._answered();
  }

  _onPartial(socket) {
    if (this.#profile !== null) this.#profile.watch(this, socket);
    else if (this._takesBytes) socket._raw = true; // switched since the last read: reports the bytes
  }

  /** `keeper`: see profile.js. */
  _onRaw(socket, buffer, keeper = socket) {
    if (channels.received.hasSubscribers) publishReceived(this, socket, null, buffer);
    if (this.#profile !== null) {
      this.#profile.take(this, socket, buffer, keeper);
      return;
    }
    // As it is now configured, from the next read on; peers of a UDP server have none of it.
    if (!this._takesBytes && socket._raw !== undefined) socket._raw = false;
    this._onBytes(socket, buffer);
    this._answered();
  }

  _onBadFrame(socket, error) {
    const profile = this.#profile;
    if (profile?.isGuarded && error.code === 'ERR_FERRIPC_MESSAGE_TOO_LARGE') {
      this._violate(socket, profile.tooLarge());
    } else {
      this._onBad(socket, error);
    }
  }
}

addMembers(Party.prototype);

module.exports = Party;
