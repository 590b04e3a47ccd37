'use strict';
// The socket that users see: a net.Socket (K4) without a handle of Node's own. Its life, and what the engine
// reports, are here; below it messages-out.js (messages that users emit), byte-stream.js (bytes that they read and
// write themselves) and net-answers.js (what net.Socket answers).
//
// Used by client.js (connecting) and listener.js (accepted). The owner of a socket gets its messages
// by the methods _onFrame(socket, frames) (see frames.js), _onPartial(socket) (bytes, but no whole frame, have come),
// _onRaw(socket, buffer), _onBadFrame(socket, error) and _onDrain(socket); everything else is an
// ordinary stream event.

const net = require('node:net');
const { both, core, now } = require('../core');
const engine = require('../engine/engine');
const MessagesOut = require('./messages-out');
const { ours } = require('./own-listeners');
const { channels, drop, publish, publishError } = require('../diagnostics/channels');
const {
  argumentError,
  codedError,
  connectError,
  eventError,
  systemError,
  toPort,
  tooLargeError,
} = require('../errors');
const { Scope } = require('../engine/scope');

/** `new Socket(owner, framing)`, with `framing` as `{delimiter, maxFrame, maxQueued, linger, raw}`. */
class Socket extends MessagesOut {
  /** From when it is to connect, or is accepted. */
  #scope = null;
  /** The listener that accepted it. */
  #listener = null;
  /** Called when a connection that lingers is closed. */
  #closeDone = null;
  #lingers = false;
  /** The peer has ended its side. */
  #peerEnded = false;
  #tcp = false;
  #isOver = false;

  get _scope() {
    return this.#scope;
  }

  /** Its 'close' event was emitted, or is being. */
  get _isOver() {
    return this.#isOver;
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
   * @throws {RangeError} if localPort is not a port
   */
  _connectHost({ host, port, localAddress, localPort, family, hints, lookup }) {
    if (localAddress !== undefined && !net.isIP(localAddress)) {
      throw argumentError('localAddress', 'an IP address', localAddress);
    }
    if (lookup !== undefined && typeof lookup !== 'function') {
      throw argumentError('lookup', 'of type function', lookup);
    }
    if (localPort !== undefined) localPort = toPort(localPort, 0, 'localPort');
    this.#scope = new Scope('ferripc.Socket');
    this.connecting = true;
    this.#tcp = true;
    const open = (addresses) => this.#open({ addresses, port, localAddress, localPort });
    if (net.isIP(host)) {
      open([host]);
    } else {
      engine.load(); // what it may throw is for the caller
      (lookup ?? core('dns').lookup)(
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
    const wanted = !this.destroyed || (this.#lingers && this._waitsForOpen);
    if (!wanted || (error && this.destroyed)) {
      this.#ended(error);
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
    else this.#ended(eventError('ERR_INVALID_IP_ADDRESS', `lookup of ${host} gave no IP address`));
  }

  #open(options) {
    // A client's connection is bounded by its longest message: maxBufferedBytes is about what a server holds for many.
    const framing = { ...this._framing, raw: this._raw, maxUnfinished: undefined };
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
    this._take(connection);
    if (this.destroyed && !connection.close(this._framing.linger)) this.#closeDone();
  }

  /** Destroys the socket, but lets what was written before reach the system first (F6). */
  _close() {
    this.#linger();
    this.destroy();
  }

  #linger() {
    this.#lingers = true;
    this._handOver();
  }

  /** As net's. Only if something was written after the end, what was accepted before it still reaches the system. */
  destroy(error, callback) {
    if (!this.destroyed && this.writableEnded && isAfterEnd(error)) this.#linger();
    return super.destroy(error, callback);
  }

  _destroy(error, callback) {
    this.setTimeout(0);
    const wasConnecting = this.connecting;
    this.connecting = false;
    this._down();
    const done = (failure = error) => {
      this.#closeDone = null;
      this._keepWhileBusy();
      callback(error);
      // As in net, what was written before there was a connection is told of behind the listeners of 'close'.
      const fail = () => this._failWrites(wasConnecting ? closedBefore() : failure);
      if (wasConnecting) this.once('close', ours(fail));
      // After the 'error' event, as in net; never a fakeable timer.
      // A peer that has left may be back already: code that keeps a list of peers must hear of its end first.
      const putOff = this.#peerEnded ? engine.first : engine.soon;
      putOff(() => this.#closed(wasConnecting ? null : fail, Boolean(error)), this.#scope);
    };
    const connection = this._counted;
    if (connection === null) {
      // A running look-up cannot be called back. It is of use only to what is still to be sent.
      const isAwaited = this.#lingers && this._waitsForOpen;
      if (wasConnecting && isAwaited) this.#closeDone = done;
      else done();
    } else if (connection.closed !== null) {
      done();
    } else if (this.#lingers && connection.close(this._framing.linger)) {
      this.#closeDone = done;
    } else {
      if (connection.closed === null) connection.destroy();
      done();
    }
    if (error && this.#closeDone !== null) callback(error); // which is told at once
  }

  /** `fail` tells the callbacks of what was still to be written. */
  #closed(fail, hadError) {
    const release = () => {
      this.#listener?._released(this);
      fail?.();
    };
    both(release, () => this.#emitClose(hadError));
  }

  #emitClose(hadError) {
    this.#isOver = true;
    try {
      this.emit('close', hadError);
    } finally {
      this.#scope?.end();
    }
  }

  /** The peer gets a reset. For TCP alone, as in net. */
  resetAndDestroy() {
    const connection = this._counted;
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

  // ---- what the engine reports -----------------------------------------------------------------

  _onOpen(addresses) {
    const refusal = this._refusal(addresses);
    if (refusal) {
      this._counted.destroy();
      this.#ended(refusal);
    }
    this._counted.approve();
    if (this.destroyed) return;
    this.connecting = false;
    this._up(addresses);
    this._counted.openedAt = now();
    this._active();
    this._keepWhileBusy();
    publish(channels.open, this._owner, { socket: this });
    this.emit('connect');
    this.emit('ready');
    this._checkDrain();
  }

  _onFrame(frames) {
    if (this.destroyed) return;
    this._active();
    this._owner._onFrame(this, frames);
  }

  _onPartial() {
    if (this.destroyed) return;
    this._active();
    this._owner._onPartial(this);
  }

  /** `framed`: its frames were reported before. Otherwise it was read as bytes, even if messages are wanted by now. */
  _onChunk(buffer, framed) {
    if (this.destroyed) return;
    this._active();
    if (!framed) {
      this._counted.received++;
      this._owner._onRaw(this, buffer);
    }
    if (!this.destroyed) this._pushBytes(buffer);
  }

  _onTooLarge(length) {
    drop(this._owner, this, 'tooLarge', length);
    this._owner._onBadFrame(this, tooLargeError(length, this._framing.maxFrame));
  }

  _onTruncated(length) {
    if (this.destroyed) return;
    drop(this._owner, this, 'truncated', length);
    this._owner._onBadFrame(
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
    this.#peerEnded = true;
    this.push(null);
    this.read(0); // lets 'end' come even if nobody reads the stream
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
        publishError(this._owner, error, this);
        this._owner._onBadFrame(this, error); // what was written before could not be sent
      }
      this.#closeDone(error ?? null);
    } else {
      this.destroy(error);
    }
  }

  /** An end that is under way. */
  get _isEnding() {
    return this.#closeDone !== null;
  }
}

/** Whether a stream has made this error of a write after its end, or after the peer's, too. */
function isAfterEnd(error) {
  if (error?.code === 'EPIPE') return error.syscall === undefined;
  return error?.code === 'ERR_STREAM_WRITE_AFTER_END';
}

function closedBefore() {
  return eventError(
    'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
    'Socket closed before the connection was established',
  );
}

module.exports = Socket;
