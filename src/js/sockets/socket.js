'use strict';
// The socket that users see: a net.Socket (K4) without a handle of Node's own. Bytes that users read
// and write themselves go through the stream hooks below; messages go around the stream machinery.
//
// Used by client.js (connecting) and listener.js (accepted). The owner of a socket gets its messages
// by the methods _onFrame(socket, frames) (see frames.js), _onPartial(socket) (bytes, but no whole frame, have come),
// _onRaw(socket, buffer), _onBadFrame(socket, error) and _onDrain(socket); everything else is an
// ordinary stream event.

const { AsyncResource } = require('node:async_hooks');
const net = require('node:net');
const engine = require('../engine/engine');
const { HIGH_WATER } = require('../engine/connection');
const { channels, drop, publish, publishError, publishSent } = require('../diagnostics/channels');
const {
  argumentError,
  codedError,
  eventError,
  connectError,
  noBufferError,
  systemError,
  tooLargeError,
} = require('../errors');
const { NetAnswers } = require('./net-answers');
const { now } = require('../engine/timers');
const { Scope } = require('../engine/scope');

/** UTF-8 bytes of a UTF-16 unit at most. */
const WIDEST = 3;

/** How long a closing connection may be held up while it sends what was written before, in ms. */
const LINGER = 2000;

class Socket extends NetAnswers {
  /** The engine's connection; null before there is one. */
  #connection = null;
  #owner;
  /** From when it is to connect, or is accepted. */
  #scope = null;
  #framing;
  #raw;
  /** The listener that accepted it. */
  #listener = null;
  /** To be used for the stream's bytes once somebody reads it. */
  #encoding = null;
  /** Somebody reads the stream: raw bytes are asked for besides messages. */
  #tapped = false;
  /** `pause()` was called, by the user or by a pipe. */
  #paused = false;
  #unrefed = false;
  #needDrain = false;
  /** Where who is to be told of the drain has emitted something, as in net. */
  #drainScope = null;
  /** Messages that wait for the look-up of the host. */
  #beforeOpen = null;
  #beforeOpenSize = 0;
  /** The owner is being told that a message was refused. */
  #refusing = false;
  /** Callbacks of the stream machinery that wait for the engine. */
  #writeDone = null;
  #finalDone = null;
  #closeDone = null;
  #lingers = false;
  /** The callback of a write before the connection. */
  #writeWaits = null;
  #tcp = false;

  /** `framing`: `{delimiter, maxFrame, maxQueued, raw}`. */
  constructor(owner, framing) {
    super(); // allowHalfOpen is false
    this.#owner = owner;
    this.#framing = framing;
    this.#raw = framing.raw;
  }

  get _scope() {
    return this.#scope;
  }

  get _owner() {
    return this.#owner;
  }

  // ---- life ------------------------------------------------------------------------------------

  /** Connects to a Unix socket path. Errors come as `error` events. */
  _connectPath(path) {
    this.#scope = new Scope('ferripc.Socket');
    this.connecting = true;
    this.#open({ path });
    return this;
  }

  /**
   * Connects to a host by `net.connect`'s options host, port, localAddress, localPort, family, hints,
   * lookup (K24). Errors come as `error` events.
   * @throws {TypeError} if localAddress is not an IP address or lookup not a function
   */
  _connectHost({ host, port, localAddress, localPort, family, hints, lookup }) {
    if (localAddress !== undefined && !net.isIP(localAddress)) {
      throw argumentError('localAddress', 'an IP address', localAddress);
    }
    if (lookup !== undefined && typeof lookup !== 'function') {
      throw argumentError('lookup', 'of type function', lookup);
    }
    this.#scope = new Scope('ferripc.Socket');
    this.connecting = true;
    this.#tcp = true;
    const open = (addresses) => this.#open({ addresses, port, localAddress, localPort });
    if (net.isIP(host)) {
      open([host]);
    } else {
      engine.load(); // what it may throw is for the caller
      (lookup ?? require('node:dns').lookup)(
        host,
        { family, hints, all: true },
        (error, result, resultFamily) => {
          this.#lookedUp(host, open, error, result, resultFamily);
        },
      );
    }
    return this;
  }

  /** A custom lookup may know nothing of `all` and answer with one address. */
  #lookedUp(host, open, error, result, family) {
    const wanted = !this.destroyed || (this.#lingers && this.#beforeOpen !== null);
    if (!wanted || (error && this.destroyed)) {
      this.#closeDone?.(error);
      return;
    }
    const list = Array.isArray(result) ? result : [{ address: result, family }];
    for (const { address, family } of list) this.emit('lookup', error, address, family, host);
    if (error) {
      this.destroy(error);
      return;
    }
    const addresses = list.map(({ address }) => address).filter((address) => net.isIP(address));
    if (addresses.length > 0) open(addresses);
    else if (this.destroyed) this.#closeDone?.();
    else this.destroy(eventError('ERR_INVALID_IP_ADDRESS', `lookup of ${host} gave no IP address`));
  }

  #open(options) {
    const framing = { ...this.#framing, raw: this.#raw };
    const { connection, error } = engine.connect({ ...options, tls: this._tls, framing }, this);
    if (error) engine.soon(() => this.#ended(systemError(error)), this.#scope);
    else this.#attach(connection);
  }

  /** Takes a connection that a listener accepted. */
  _accepted(connection, addresses, listener) {
    this.#scope = new Scope('ferripc.Socket');
    connection.belongTo(this);
    this.#listener = listener;
    this.#tcp = addresses !== null;
    connection.openedAt = now();
    this.#attach(connection);
    this._up(addresses);
  }

  #attach(connection) {
    this.#connection = connection;
    if (this.#tapped) connection.setTapped(true);
    if (this.#paused) connection.pause();
    const waiting = this.#beforeOpen ?? [];
    this.#beforeOpen = null;
    for (const message of waiting) this.#sendOut(message);
    if (this.destroyed && !connection.close(LINGER)) this.#closeDone();
  }

  /** Destroys the socket, but lets what was written before reach the system first (F6). */
  _close() {
    this.#lingers = true;
    this.destroy();
  }

  _destroy(error, callback) {
    this.setTimeout(0);
    const wasConnecting = this.connecting;
    this.connecting = false;
    this._down();
    const done = (failure = error) => {
      this.#closeDone = null;
      this.#failWrites(failure);
      this.#keepWhileBusy();
      callback(error);
      // After the 'error' event, as in net; never a fakeable timer.
      engine.soon(() => this.#closed(Boolean(error)), this.#scope);
    };
    const connection = this.#connection;
    if (connection === null) {
      // A running look-up cannot be called back. It is of use only to what is still to be sent.
      const isAwaited = this.#lingers && this.#beforeOpen !== null;
      if (wasConnecting && !error && isAwaited) this.#closeDone = done;
      else done();
    } else if (connection.closed !== null) {
      done();
    } else if (this.#lingers && connection.close(LINGER)) {
      this.#closeDone = done;
    } else {
      if (connection.closed === null) connection.destroy();
      done();
    }
  }

  #closed(hadError) {
    try {
      this.#listener?._released(this);
      this.emit('close', hadError);
    } finally {
      this.#scope?.end();
    }
  }

  /** What is still to be written will not be: the callbacks of `write` hear of it. */
  #failWrites(error) {
    const waiting = this.#writeDone ?? this.#writeWaits;
    this.#writeDone = this.#writeWaits = this.#finalDone = null;
    waiting?.(
      error ?? codedError('ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'),
    );
  }

  /** The peer gets a reset. For TCP alone, as in net. */
  resetAndDestroy() {
    const connection = this.#connection;
    if (this.destroyed || (connection === null && !this.connecting)) {
      return this.destroy(codedError('ERR_SOCKET_CLOSED', 'Socket is closed'));
    }
    if (!this._isTcp) {
      throw Object.assign(new TypeError('This handle type cannot be sent'), {
        code: 'ERR_INVALID_HANDLE_TYPE',
      });
    }
    if (this.connecting) return this.once('connect', () => this.resetAndDestroy());
    connection.reset();
    return this.destroy();
  }

  /** Overridden where there is more than TCP. */
  get _isTcp() {
    return this.#tcp;
  }

  // ---- messages --------------------------------------------------------------------------------

  /**
   * Sends a message (its text, see wire.js) or a raw payload (Uint8Array). False: it waits, a drain follows;
   * or the socket is not writable any more and it is dropped; or too much waits, if that is `limited`,
   * and it is refused.
   */
  _send(message, limited = true) {
    if (!this.writable) return this.#dropDown(message);
    // What users wrote themselves and still waits in the stream goes first.
    if (this._ownLength > 0) return this.#sendAfterOwn(message, limited);
    if (this.#connection === null) return this.#sendLater(message, limited);
    if (this.#connection.closed !== null) return this.#dropDown(message);
    this._active();
    if (this.#needDrain && limited && this.#isFull()) return this._refuse(message);
    return this.#sendOut(message);
  }

  #dropDown(message) {
    drop(this.#owner, this, 'down', message);
    return false;
  }

  #sendAfterOwn(message, limited) {
    const full = limited && this.#isFull();
    const raw = message instanceof Uint8Array;
    const below = !full && this.write(raw ? message : message + this.#framing.delimiter);
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
    const connection = this.#connection;
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
  #sendOut(message) {
    const connection = this.#connection;
    const raw = message instanceof Uint8Array;
    const below = raw ? connection.write(message) : connection.send(message);
    if (!below) this.#awaitDrain();
    if (this.#unrefed) this.#keepWhileBusy();
    this.#count(message);
    return below;
  }

  #awaitDrain() {
    if (this.#needDrain) return;
    this.#needDrain = true;
    this.#drainScope = new AsyncResource('ferripc');
  }

  #count(message) {
    if (this.#connection !== null) this.#connection.sent++;
    else this.once('connect', () => this.#connection.sent++);
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
    if (this.#connection?.closed === null) this.#connection.setRaw(raw);
  }

  // ---- what the engine reports -----------------------------------------------------------------

  _onOpen(addresses) {
    const refusal = this._refusal(addresses);
    if (refusal) {
      this.#connection.destroy();
      this.#ended(refusal);
    }
    this.#connection.approve();
    if (this.destroyed) return;
    this.connecting = false;
    this._up(addresses);
    this.#connection.openedAt = now();
    this.#keepWhileBusy();
    publish(channels.open, this.#owner, { socket: this });
    this.emit('connect');
    this.emit('ready');
    // What waited for the look-up may have gone out all at once, of which the engine tells nothing.
    if (this.#needDrain && !this.destroyed && !this.#connection.awaitDrain()) this._onDrain();
  }

  _onFrame(frames) {
    if (this.destroyed) return;
    this._active();
    this.#owner._onFrame(this, frames);
  }

  _onPartial() {
    if (this.destroyed) return;
    this._active();
    this.#owner._onPartial(this);
  }

  _onChunk(buffer) {
    if (this.destroyed) return;
    this._active();
    if (this.#raw) {
      this.#connection.received++;
      this.#owner._onRaw(this, buffer);
    }
    if (this.#tapped && !this.destroyed && !this.push(buffer)) this.#connection.pause();
  }

  _onTooLarge(length) {
    drop(this.#owner, this, 'tooLarge', length);
    this.#owner._onBadFrame(this, tooLargeError(length, this.#framing.maxFrame));
  }

  _onTruncated(length) {
    if (this.destroyed) return;
    drop(this.#owner, this, 'truncated', length);
    this.#owner._onBadFrame(
      this,
      eventError(
        'ERR_FERRIPC_TRUNCATED_MESSAGE',
        `The peer closed the connection after ${length} bytes of a message without its end`,
        { length },
      ),
    );
  }

  _onEnd() {
    if (this.destroyed) return;
    this.push(null);
    this.read(0); // lets 'end' come even if nobody reads the stream
  }

  _onDrain() {
    const done = this.#writeDone;
    this.#writeDone = null;
    done?.();
    this.#keepWhileBusy();
    if (!this.#needDrain || this.#writeDone !== null || this.destroyed) return;
    this.#needDrain = false;
    this.#drainScope.runInAsyncScope(() => {
      this.emit('drain');
      this.#owner._onDrain(this);
    });
  }

  _onFinished() {
    const done = this.#finalDone;
    this.#finalDone = null;
    done?.();
  }

  /** Why a connection that is up must not be used. Overridden where there is TLS. */
  _refusal() {
    return null;
  }

  _onClosed(errors) {
    this.#ended(errors.length > 0 ? connectError(errors) : undefined);
  }

  #ended(error) {
    if (this.#closeDone !== null) {
      if (error) {
        publishError(this.#owner, error, this);
        this.#owner._onBadFrame(this, error); // what was written before could not be sent
      }
      this.#closeDone(error ?? null);
    } else {
      this.destroy(error);
    }
  }

  // ---- the stream hooks: bytes that users read and write themselves ------------------------------

  /** A listener for the stream's bytes has them from now on, not from when the stream first asks. */
  on(event, listener) {
    if (event === 'data' || event === 'readable') this.#tap();
    return super.on(event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  #tap() {
    if (this.#tapped) return;
    this.#tapped = true;
    this.#decode();
    if (this.#connection?.closed === null) this.#connection.setTapped(true);
  }

  /** A decoder is made when somebody reads the stream: most sockets only have messages. */
  setEncoding(encoding) {
    if (this.#tapped || !Buffer.isEncoding(encoding)) return super.setEncoding(encoding);
    this.#encoding = encoding;
    return this;
  }

  get readableEncoding() {
    this.#decode();
    return super.readableEncoding;
  }

  #decode() {
    if (this.#encoding !== null) super.setEncoding(this.#encoding);
    this.#encoding = null;
  }

  _read() {
    this.#tap();
    if (!this.#paused) this.#connection?.resume();
  }

  _write(chunk, encoding, callback) {
    this.#writeOut(() => {
      const text = typeof chunk === 'string' && /^utf-?8$/i.test(encoding);
      this.#connection.write(
        text || typeof chunk !== 'string' ? chunk : Buffer.from(chunk, encoding),
      );
    }, callback);
  }

  _writev(chunks, callback) {
    this.#writeOut(() => {
      for (const { chunk, encoding } of chunks) {
        this.#connection.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      }
    }, callback);
  }

  #writeOut(write, callback) {
    if (this.#connection === null) {
      // Still looking the host up.
      this.#writeWaits = callback;
      this.once('connect', () => {
        this.#writeWaits = null;
        this.#writeOut(write, callback);
      });
      return;
    }
    if (this.#connection.closed !== null) {
      callback(eventError('EPIPE', 'write EPIPE', { syscall: 'write' }));
      return;
    }
    this._active();
    write();
    if (this.#connection.awaitDrain()) this.#writeDone = AsyncResource.bind(callback);
    else callback();
  }

  _final(callback) {
    if (this.#connection === null && this.connecting) {
      this.once('connect', () => this._final(callback));
    } else if (this.#connection === null || this.#connection.closed !== null) {
      callback();
    } else if (this.#connection.finish()) {
      callback();
    } else {
      this.#finalDone = AsyncResource.bind(callback);
    }
  }

  pause() {
    this.#paused = true;
    this.#connection?.pause();
    return super.pause();
  }

  resume() {
    this.#paused = false;
    this.#connection?.resume();
    return super.resume();
  }

  // ---- what it counts: see stats.js ------------------------------------------------------------

  /** The engine's connection, which has the counters; null before there is one. */
  get _counted() {
    return this.#connection;
  }

  /** This connection's counters. A property of that name that users put here is theirs. */
  stats() {
    return require('../diagnostics/stats').socketStats(this);
  }

  ref() {
    this.#unrefed = false;
    this.#connection?.ref();
    return this;
  }

  unref() {
    this.#unrefed = true;
    this.#keepWhileBusy();
    return this;
  }

  /** Even without a reference, an attempt and what is still to be sent keep the process alive, as in net. */
  #keepWhileBusy() {
    const connection = this.#connection;
    if (!this.#unrefed || connection === null) return;
    const isBusy = this.connecting || this.#closeDone !== null || connection.awaitsDrain();
    if (isBusy) connection.ref();
    else connection.unref();
  }
}

module.exports = Socket;
