'use strict';
// Messages on their way out of a socket, around the streams that byte-stream.js has: what waits, what is refused,
// and the drain. Extended by socket.js.

const { core } = require('../core');
const { AsyncResource } = core('async_hooks');
const { isBytes } = require('../arguments');
const ByteStream = require('./byte-stream');
const { HIGH_WATER } = require('../engine/connection');
const { channels, drop, publishSent } = require('../diagnostics/channels');
const { noBufferError } = require('../errors');

/** UTF-8 bytes of a UTF-16 unit at most. */
const WIDEST = 3;

class MessagesOut extends ByteStream {
  #owner;
  #framing;
  #raw;
  #needDrain = false;
  /** The scope of the `emit` whose drain is reported, as in net. */
  #drainScope = null;
  /** Messages that wait for the look-up of the host. */
  #beforeOpen = null;
  #beforeOpenSize = 0;
  /** The owner is being told that a message was refused. */
  #refusing = false;

  /** `owner`, `framing`: see socket.js. */
  constructor(owner, framing) {
    super(); // allowHalfOpen is false
    this.#owner = owner;
    this.#framing = framing;
    this.#raw = framing.raw;
  }

  get _owner() {
    return this.#owner;
  }

  get _framing() {
    return this.#framing;
  }

  /**
   * Sends a message (its text, see wire.js) or a raw payload (Uint8Array). False: it waits, a drain follows;
   * or the socket is not writable any more and it is dropped; or too much waits, if that is `limited`,
   * and it is refused.
   */
  _send(message, limited = true) {
    const connection = this._counted;
    const { length, corked, ending } = this._writableState;
    const isUp = connection?.closed === null && !this.connecting && !this.destroyed && !ending;
    const isFree = length === 0 && corked === 0 && !this.#needDrain;
    if (!isUp || !isFree || this._unrefed || typeof message !== 'string') {
      return this.#sendCarefully(message, limited);
    }
    // What nearly every message is: `_sendOut` written out, which takes a twentieth of what a message costs.
    if (this.timeout) this._active();
    connection.sent++;
    if (channels.sent.hasSubscribers) publishSent(this.#owner, this, message);
    if (connection.send(message)) return true;
    this.#awaitDrain();
    return false;
  }

  /** As `_send`, for everything except the text of a message for a connection that is up and has room. */
  #sendCarefully(message, limited) {
    if (!this.writable) return this.#dropDown(message);
    // What users wrote themselves and still waits in the stream goes first; and what is corked waits there.
    if (this._ownLength > 0 || this.writableCorked > 0) return this.#sendAfterOwn(message, limited);
    if (this._counted === null) return this.#sendLater(message, limited);
    if (this._counted.closed !== null) return this.#dropDown(message);
    this._active();
    if (this.#needDrain && limited && this.#isFull()) return this._refuse(message);
    return this._sendOut(message);
  }

  /**
   * Once the stream has ended, its own `write` tells of that, as in net. Where net would have destroyed it by now,
   * since both sides have ended and nothing waits, it is silent.
   */
  #dropDown(message) {
    drop(this.#owner, this, 'down', message);
    const isOver = this.destroyed || (this.readableEnded && this.writableLength === 0);
    if (this.writableEnded && !isOver) this.#writeOwn(message);
    return false;
  }

  #writeOwn(message) {
    if (isBytes(message)) return this.write(message);
    return this.write(message.whole ?? message + this.#framing.delimiter);
  }

  #sendAfterOwn(message, limited) {
    const full = limited && this.#isFull();
    const below = !full && this.#writeOwn(message);
    if (!below && !this.#needDrain) {
      this.#awaitDrain();
      this.once('drain', () => {
        if (!this.#needDrain) return; // the owner has been told
        this.#needDrain = false;
        this.#owner._onDrain(this);
      });
    }
    if (full) return this._refuse(message);
    this.#count(message);
    return below;
  }

  #sendLater(message, limited) {
    if (limited && this.#isFull()) return this._refuse(message);
    this.#beforeOpen ??= [];
    message.keep?.();
    this.#beforeOpen.push(message);
    this.#beforeOpenSize += message.length;
    const below = this.#beforeOpenSize < HIGH_WATER;
    if (!below) this.#awaitDrain();
    return below;
  }

  #isFull() {
    return this._isFull(this.#framing.maxQueued);
  }

  /** Whether `limit` bytes wait. What is known of it may be old, so a yes is looked at again. */
  _isFull(limit) {
    const connection = this._counted;
    const own = this._ownLength;
    if (connection === null) return own + this.#beforeOpenSize >= limit;
    if (connection.closed !== null) return own >= limit;
    if (own + connection.queued + WIDEST * connection.pending.length < limit) return false;
    return own + connection.countQueued() >= limit;
  }

  /**
   * Tells the owner that a message was refused, because `limit` bytes wait. A handler of that error that
   * sends something itself is told by the result alone, or it would be called without end.
   */
  _refuse(message, limit = this.#framing.maxQueued) {
    drop(this.#owner, this, 'full', message);
    if (this.#refusing) return false;
    this.#refusing = true;
    try {
      this.#owner._onBadFrame(this, noBufferError(limit));
    } finally {
      this.#refusing = false;
    }
    return false;
  }

  /** Also for a socket that is closing and still has to send this (F6). */
  _sendOut(message) {
    const connection = this._counted;
    const raw = isBytes(message);
    const below = raw ? connection.write(message) : connection.send(message);
    if (!below) this.#awaitDrain();
    if (this._unrefed) this._keepWhileSending();
    this.#count(message);
    return below;
  }

  /** Offers the system all that waits here. Whether nothing does any more. */
  _flush() {
    const connection = this._counted;
    if (connection === null) return !this._waitsForOpen;
    return connection.offer() === 0 && this._ownLength === 0;
  }

  #awaitDrain() {
    if (this.#needDrain) return;
    this.#needDrain = true;
    this.#drainScope = new AsyncResource('ferripc');
  }

  #count(message) {
    if (this._counted !== null) this._counted.sent++;
    else this.once('connect', () => this._counted.sent++);
    if (channels.sent.hasSubscribers && !(this.connecting && this.#owner._holds)) {
      publishSent(this.#owner, this, message);
    }
  }

  /** Whether received bytes are reported raw instead of as messages. Live (K6, K14). */
  get _raw() {
    return this.#raw;
  }

  set _raw(raw) {
    if (raw === this.#raw) return;
    this.#raw = raw;
    if (this._counted?.closed === null) this._counted.setRaw(raw);
  }

  /** Something is to be sent when the host is looked up. */
  get _waitsForOpen() {
    return this.#beforeOpen !== null || this._hasEarly;
  }

  /** There is a connection: what waited for it is handed over. */
  _take(connection) {
    super._take(connection);
    const waiting = this.#beforeOpen ?? [];
    this.#beforeOpen = null;
    for (const message of waiting) this._sendOut(message);
    this._writeEarly();
  }

  /** What was written before `connect` may have gone out all at once, of which the engine tells nothing. */
  _checkDrain() {
    const waits = this.#needDrain || this._isWriting;
    if (waits && !this.destroyed && !this._counted.awaitDrain()) this._onDrain();
  }

  _onDrain() {
    const connection = this._counted;
    // It may have filled up again before this was told.
    if (connection.closed === null && connection.awaitDrain()) return;
    const wroteAll = this._wroteAll();
    this._keepWhileBusy();
    if (!this.#needDrain || !wroteAll || this.destroyed) return;
    this.#needDrain = false;
    this.#drainScope.runInAsyncScope(() => {
      this.emit('drain');
      this.#owner._onDrain(this);
    });
  }
}

module.exports = MessagesOut;
