'use strict';
// What net.Socket answers and sets by its handle: bytes, addresses, options, time-outs. Here the engine's
// connection answers. Extended by socket.js.

const net = require('node:net');
const { codedError } = require('../errors');

const noAddresses = { local: {}, remote: {} };

class NetAnswers extends net.Socket {
  #addresses = noAddresses;
  /** Somebody has asked for the peer's address, which net then keeps beyond the end. */
  #knowsPeer = false;
  /** Options that were set before there was a connection, by name: arguments. */
  #options = null;
  /** Bytes moved when the time-out was last looked at. */
  #moved = 0;

  /** The engine's connection, which has the counters; null before there is one. Defined by socket.js. */
  get _counted() {
    return null;
  }

  get #open() {
    const connection = this._counted;
    return connection?.closed === null ? connection : null;
  }

  /** The connection is up, with these ends; `addresses` is null where it has none. */
  _up(addresses) {
    this.#addresses = addresses ?? noAddresses;
    for (const [name, args] of Object.entries(this.#options ?? {})) this[name](...args);
    this.#options = null;
  }

  /** The connection is over for its user. */
  _down() {
    const { remote } = this.#addresses;
    this.#addresses = { local: {}, remote: this.#knowsPeer ? remote : {} };
  }

  get pending() {
    return this.connecting || this.#open === null;
  }

  get bytesRead() {
    return this._counted?.counters()[0] ?? 0;
  }

  /** Bun's net.Socket assigns it in its constructor. */
  set bytesRead(_) {}

  /** Bytes that users wrote themselves and that still wait in the stream. */
  get _ownLength() {
    return super.writableLength;
  }

  get bytesWritten() {
    const connection = this._counted;
    if (connection === null) return super.writableLength;
    const [, written, queued] = connection.counters();
    const pending = connection.closed === null ? Buffer.byteLength(connection.pendingText) : 0;
    return written + queued + pending + super.writableLength;
  }

  get writableLength() {
    const connection = this._counted;
    if (connection === null) return super.writableLength;
    const pending = connection.closed === null ? connection.pendingText.length : 0;
    return super.writableLength + pending + connection.counters()[2];
  }

  get bufferSize() {
    return this.writableLength;
  }

  // ---- addresses -------------------------------------------------------------------------------

  address() {
    return { ...this.#addresses.local };
  }

  get localAddress() {
    return this.#addresses.local.address;
  }

  get localPort() {
    return this.#addresses.local.port;
  }

  get localFamily() {
    return this.#addresses.local.family;
  }

  get #remote() {
    this.#knowsPeer ||= this.#addresses !== noAddresses;
    return this.#addresses.remote;
  }

  get remoteAddress() {
    return this.#remote.address;
  }

  get remotePort() {
    return this.#remote.port;
  }

  get remoteFamily() {
    return this.#remote.family;
  }

  // ---- options ---------------------------------------------------------------------------------

  /** Whether the connection can be told now; otherwise it will be when it is up. */
  #isSettable(name, args) {
    if (this.#open !== null && !this.connecting) return true;
    if (!this.destroyed) (this.#options ??= {})[name] = args;
    return false;
  }

  setNoDelay(on = true) {
    if (this.#isSettable('setNoDelay', [on])) this.#open.setNoDelay(Boolean(on));
    return this;
  }

  setKeepAlive(on = false, initialDelay = 0) {
    if (this.#isSettable('setKeepAlive', [on, initialDelay])) {
      this.#open.setKeepAlive(Boolean(on), Math.max(0, Math.trunc(initialDelay)));
    }
    return this;
  }

  // ---- the time-out ----------------------------------------------------------------------------

  setTimeout(ms, callback) {
    super.setTimeout(ms, callback);
    this.#moved = this.#countMoved();
    return this;
  }

  #countMoved() {
    const [read, written] = this._counted?.counters() ?? [0, 0];
    return read + written;
  }

  /** Bytes were moved. */
  _active() {
    if (!this.timeout) return;
    this.#moved = this.#countMoved();
    this._unrefTimer();
  }

  /** Called by net.Socket's timer. Bytes may have been moved of which nothing was told. */
  _onTimeout() {
    if (this.#countMoved() === this.#moved) super._onTimeout();
    else this._active();
  }

  // ---- what cannot be done ---------------------------------------------------------------------

  /** Node has a handle here. `child.send(message, socket)` would send the message without the socket. */
  get _handle() {
    refuseToSend('a socket of ferripc');
    return null;
  }

  set _handle(_) {}
}

/**
 * Called where Node would take a handle from, which is for nobody but `subprocess.send`.
 * @throws {Error} with the code ERR_INVALID_HANDLE_TYPE if that asks
 */
function refuseToSend(what) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 10;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  if (!stack.includes('internal/child_process')) return;
  throw codedError(
    'ERR_INVALID_HANDLE_TYPE',
    `send: ${what} cannot be handed to another process: its connection belongs to this one`,
  );
}

module.exports = { NetAnswers, refuseToSend };
