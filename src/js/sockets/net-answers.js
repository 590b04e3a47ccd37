'use strict';
// What net.Socket answers and sets by its handle: bytes, addresses, options, timeouts. Here the engine's
// connection answers. Extended by byte-stream.js, which messages-out.js extends, and that socket.js.

const net = require('node:net');
const { lazily } = require('../core');
const engine = require('../engine/engine');
const { argumentError, codedError } = require('../errors');

const { credentialsOf } = require('./credentials');

const statistics = lazily(() => require('../diagnostics/stats'));

/** The whole number that net makes of it, in its unit. What that refuses, it refuses without a name. */
function toWhole(name, value, unit = 1) {
  try {
    return Math.max(0, ~~(value / unit));
  } catch {
    throw argumentError(name, 'of type number', value);
  }
}

const noAddresses = { local: {}, remote: {} };

class NetAnswers extends net.Socket {
  /** The engine's connection; null before there is one. */
  #connection = null;
  #addresses = noAddresses;
  /** Somebody has asked for the peer's address, which net then keeps beyond the end. */
  #knowsPeer = false;
  /** Options that were set before there was a connection, by name: arguments. */
  #options = null;
  #unrefed = false;
  /** A later turn checks what keeps the process alive. */
  #isChecked = false;
  /** Bytes moved when the timeout was last looked at. */
  #moved = 0;

  /** There is a connection. */
  _take(connection) {
    this.#connection = connection;
  }

  /** The engine's connection, which has the counters; null before there is one. */
  get _counted() {
    return this.#connection;
  }

  /** This connection's counters, see stats.js. A property of that name that users put here is theirs. */
  stats() {
    return statistics().socketStats(this);
  }

  get #open() {
    const connection = this._counted;
    return connection?.closed === null ? connection : null;
  }

  /** The connection is up, with these ends; `addresses` is null where it has none. */
  _up(addresses) {
    this.#addresses = addresses ?? noAddresses;
    if (this.#options === null) return;
    for (const [name, args] of Object.entries(this.#options)) this[name](...args);
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

  get bytesWritten() {
    const connection = this._counted;
    if (connection === null) return this._ownLength;
    const [, written, queued] = connection.counters();
    const pending = connection.closed === null ? connection.pendingBytes : 0;
    return written + queued + pending + this._ownLength;
  }

  /** Bytes that users wrote themselves and that still wait in the stream, besides those that the engine has. */
  get _ownLength() {
    return this._streamLength;
  }

  get _streamLength() {
    return super.writableLength;
  }

  get writableLength() {
    const connection = this._counted;
    if (connection === null) return this._ownLength;
    const pending = connection.closed === null ? connection.pendingBytes : 0;
    return this._ownLength + pending + connection.counters()[2];
  }

  /** See `unread` of the engine's connection. */
  get _unread() {
    return this._counted?.unread() ?? null;
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

  // ---- who is there ----------------------------------------------------------------------------

  /**
   * `{pid, uid, gid}` of the process at the other end, as of when it connected (of a server: began to listen). For Unix
   * sockets on Linux and macOS while they are connected; otherwise undefined.
   */
  get peerCredentials() {
    if (this.connecting) return undefined;
    return credentialsOf(this.#open);
  }

  /** A property of that name that programs put on their sockets takes its place. */
  set peerCredentials(value) {
    Object.defineProperty(this, 'peerCredentials', {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }

  // ---- options ---------------------------------------------------------------------------------

  /** Whether the connection can be told now; otherwise it is told when it is up. */
  #isSettable(name, args) {
    if (this.#open !== null && !this.connecting) return true;
    if (!this.destroyed) (this.#options ??= {})[name] = args;
    return false;
  }

  setNoDelay(on = true) {
    if (this.#isSettable('setNoDelay', [on])) this.#open.setNoDelay(Boolean(on));
    return this;
  }

  /** As in net, times are given in ms, and whole seconds count. Node 26 has the form with an object, too. */
  setKeepAlive(on = false, initialDelay = 0, interval = 0, count = 0) {
    if (on !== null && typeof on === 'object') {
      const { enable, ...times } = on;
      return this.setKeepAlive(enable, times.initialDelay, times.interval, times.count);
    }
    // What is not a number throws here, as in net, and not when it is up.
    const idle = toWhole('initialDelay', initialDelay, 1000);
    const pause = toWhole('interval', interval, 1000);
    const most = toWhole('count', count);
    if (this.#isSettable('setKeepAlive', [on, initialDelay, interval, count])) {
      this.#open.setKeepAlive(Boolean(on), idle, pause, most);
    }
    return this;
  }

  /** For IP only. Node has it since 24; before, it is not a method of sockets. */
  setTypeOfService(tos) {
    super.setTypeOfService(tos); // which checks it, and answers getTypeOfService
    if (this.#isSettable('setTypeOfService', [tos])) this.#open.setTypeOfService(tos);
    return this;
  }

  static {
    if (!net.Socket.prototype.setTypeOfService) delete this.prototype.setTypeOfService;
  }

  // ---- the timeout ----------------------------------------------------------------------------

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
    if (this.destroyed) return; // its timer cannot be stopped any more
    if (this.#countMoved() === this.#moved) super._onTimeout();
    else this._active();
  }

  // ---- what keeps the process alive --------------------------------------------------------------

  ref() {
    this.#unrefed = false;
    this.#connection?.ref();
    return this;
  }

  unref() {
    this.#unrefed = true;
    this._keepWhileBusy();
    return this;
  }

  get _unrefed() {
    return this.#unrefed;
  }

  /** Something was written: even without a reference, it is to reach the system before the process ends. */
  _keepWhileSending() {
    const connection = this.#connection;
    if (!this.#unrefed || connection === null) return;
    if (connection.pendingBytes === 0) {
      if (connection.queued > 0) this._keepWhileBusy();
    } else if (!this.#isChecked) {
      this.#isChecked = true; // when the burst is over
      connection.ref();
      engine.soon(() => {
        this.#isChecked = false;
        this._keepWhileBusy();
      }, this._scope);
    }
  }

  /** Even without a reference, an attempt and what is still to be sent keep the process alive, as in net. */
  _keepWhileBusy() {
    const connection = this.#connection;
    if (!this.#unrefed || connection === null) return;
    const isBusy = this.connecting || this._isEnding || connection.awaitsDrain();
    if (isBusy) connection.ref();
    else connection.unref();
  }

  // ---- what cannot be done ---------------------------------------------------------------------

  /** Node has a handle here. `child.send(message, socket)` would send the message without the socket. */
  get _handle() {
    // The constructor of net.Socket asks, too. To look at the stack takes longer than all else that it does.
    if (#connection in this) refuseToSend('a socket of ferripc');
    return null;
  }

  set _handle(_) {}
}

/**
 * Called where Node would take a handle, which only `subprocess.send` needs.
 * @throws {Error} with the code ERR_INVALID_HANDLE_TYPE if that asks
 */
function refuseToSend(what) {
  if (!isCalledByChildProcess()) return;
  throw codedError(
    'ERR_INVALID_HANDLE_TYPE',
    `send: ${what} cannot be handed to another process: its connection belongs to this one`,
  );
}

/** By the stack, which `subprocess.send` alone makes us look at: nothing else tells. */
function isCalledByChildProcess() {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = 10;
    Error.prepareStackTrace = undefined; // programs may have put something there that gives no text
    return String(new Error().stack).includes('node:internal/child_process');
  } catch {
    return false; // Error is frozen
  } finally {
    restore(stackTraceLimit, prepareStackTrace);
  }
}

function restore(stackTraceLimit, prepareStackTrace) {
  try {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  } catch {
    // frozen
  }
}

module.exports = { NetAnswers, refuseToSend };
