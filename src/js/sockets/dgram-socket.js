'use strict';
// Makes datagram-socket.js look like a dgram.Socket: its prototype, its options, multicast groups, the overloads of
// `send`.

const dgram = require('node:dgram');
const net = require('node:net');
const { core, lazily } = require('../core');
const EventEmitter = core('events');
const { argumentError, callError, codedError, toPort } = require('../errors');
const { refuseToSend } = require('./net-answers');
const { removeTheirs } = require('./own-listeners');

const statistics = lazily(() => require('../diagnostics/stats'));

/**
 * A dgram.Socket that somebody else binds and that is never connected. Subclasses have `_open` (the
 * engine's socket, null unless bound and open), `_closed`, `_counted` (see stats.js) and `_post(data, address, port, callback)`.
 */
class DgramSocket extends EventEmitter {
  #type;

  constructor(type) {
    super();
    this.#type = type;
    // A property of its own, as in Node, whose `subprocess.send` looks at it before it looks for a handle.
    Object.defineProperty(this, 'type', {
      configurable: true,
      enumerable: true,
      get() {
        refuseToSend('a socket of ferripc');
        return this.#type;
      },
      set(value) {
        this.#type = value;
      },
    });
  }

  /** Leaves those of the library. */
  removeAllListeners(...types) {
    return removeTheirs(this, types, super.removeAllListeners);
  }

  get _family() {
    return this.#type === 'udp6' ? 6 : 4;
  }

  _notRunning() {
    return codedError('ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  }

  /** Why `call` can do nothing now: closed, or not bound yet. */
  _notOpen(call) {
    if (this._closed) return this._notRunning();
    return callError({ message: `${call} EBADF`, code: 'EBADF', syscall: call });
  }

  #running(call) {
    if (this._open === null) throw this._notOpen(call);
    return this._open;
  }

  /** @throws {Error} always: the server has bound it, or is about to */
  bind() {
    throw codedError('ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
  }

  /** @throws {Error} always: a server's socket has many peers */
  connect() {
    throw codedError('ERR_METHOD_NOT_IMPLEMENTED', "A UDP server's socket cannot be connected");
  }

  /** As `bind`; newer releases of Node have both. */
  bindSync() {
    this.bind();
  }

  /** As `connect`; newer releases of Node have both. */
  connectSync() {
    this.connect();
  }

  /** @throws {Error} always, as for any socket that is not connected */
  disconnect() {
    throw codedError('ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
  }

  /** @throws {Error} always, as for any socket that is not connected */
  remoteAddress() {
    throw codedError('ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
  }

  /**
   * Sends one datagram: `send(msg[, offset, length], port[, address][, callback])`. `callback` gets
   * what failed at once, or null and the length; without one, failures are `error` events.
   * @throws {TypeError} for a message, an address or a callback of the wrong kind
   * @throws {RangeError} for a bad port, or an offset or length outside the message
   */
  send(msg, ...rest) {
    const callback = typeof rest.at(-1) === 'function' ? rest.pop() : null;
    let data = bytesOf(msg);
    if (typeof rest[2] === 'number' || (typeof rest[2] === 'string' && rest.length > 2)) {
      data = slice(data, rest[0], rest[1]);
      rest = rest.slice(2);
    }
    const port = toPort(rest[0], 1);
    const address = rest[1] || (this._family === 6 ? '::1' : '127.0.0.1');
    if (typeof address !== 'string') throw argumentError('address', 'of type string', address);
    this._post(data, address, port, callback);
  }

  sendto(...args) {
    this.send(...args);
  }

  /** Hands over what a burst has joined, which being counted does. Whether nothing waits any more. */
  _flush() {
    return this.getSendQueueCount() === 0;
  }

  /** This socket's counters, as the sockets of other servers have them. */
  stats() {
    return statistics().socketStats(this);
  }

  setBroadcast(on) {
    this.#set('setBroadcast', on ? 1 : 0);
  }

  setTTL(ttl) {
    this.#set('setTTL', wholeNumber('ttl', ttl));
    return ttl;
  }

  setMulticastTTL(ttl) {
    this.#set('setMulticastTTL', wholeNumber('ttl', ttl));
    return ttl;
  }

  setMulticastLoopback(on) {
    this.#set('setMulticastLoopback', on ? 1 : 0);
    return on;
  }

  setRecvBufferSize(size) {
    this.#set('setRecvBufferSize', wholeNumber('size', size));
  }

  setSendBufferSize(size) {
    this.#set('setSendBufferSize', wholeNumber('size', size));
  }

  getRecvBufferSize() {
    return this.#set('getRecvBufferSize');
  }

  getSendBufferSize() {
    return this.#set('getSendBufferSize');
  }

  #set(method, value) {
    return valueOf(this.#running(method).option(method, value));
  }

  /** IPv4: the interface's address. IPv6: a wildcard address with the interface's number as zone. */
  setMulticastInterface(address) {
    valueOf(
      this.#running('setMulticastInterface').multicastInterface(
        anAddress('interfaceAddress', address),
      ),
    );
  }

  addMembership(group, at) {
    this.#membership(true, group, at);
  }

  dropMembership(group, at) {
    this.#membership(false, group, at);
  }

  /** IPv4 only. */
  addSourceSpecificMembership(source, group, at) {
    this.#membership(true, group, at, anAddress('sourceAddress', source));
  }

  /** IPv4 only. */
  dropSourceSpecificMembership(source, group, at) {
    this.#membership(false, group, at, anAddress('sourceAddress', source));
  }

  #membership(join, group, at, source) {
    const options = { join, group: anAddress('multicastAddress', group), source };
    if (at !== undefined) options.interface = anAddress('multicastInterface', at);
    valueOf(this.#running(join ? 'addMembership' : 'dropMembership').membership(options));
  }
}

// `instanceof dgram.Socket` holds without that constructor, which would make a handle. What else it has
// is of no use without one.
for (const name of ['_handle', '_receiving', '_bindState', '_queue', '_reuseAddr']) {
  Object.defineProperty(DgramSocket.prototype, name, { value: null });
}
for (const name of ['_healthCheck', '_stopReceiving']) {
  Object.defineProperty(DgramSocket.prototype, name, { value() {} });
}
if (Symbol.asyncDispose) {
  DgramSocket.prototype[Symbol.asyncDispose] = function dispose() {
    return this.close()._whenClosed();
  };
}
Object.setPrototypeOf(DgramSocket.prototype, dgram.Socket.prototype);

/** @throws {Error} what the engine reports */
function valueOf({ value, error }) {
  if (error) throw callError(error);
  return value;
}

function anAddress(name, value) {
  if (typeof value !== 'string' || !net.isIP(value)) {
    throw argumentError(name, 'an IP address', value);
  }
  return value;
}

function wholeNumber(name, value) {
  if (typeof value !== 'number') throw argumentError(name, 'of type number', value);
  if (value === value >>> 0) return value;
  throw Object.assign(new RangeError(`The "${name}" argument is out of range: ${value}`), {
    code: 'ERR_OUT_OF_RANGE',
  });
}

/** The bytes of a message: text, bytes, or a list of them. */
function bytesOf(msg) {
  if (Array.isArray(msg)) return Buffer.concat(msg.map(bytesOf));
  if (typeof msg === 'string') return Buffer.from(msg);
  if (ArrayBuffer.isView(msg)) return Buffer.from(msg.buffer, msg.byteOffset, msg.byteLength);
  throw argumentError('msg', 'a string, a buffer or a list of them', msg);
}

function slice(data, offset, length) {
  const from = wholeNumber('offset', offset);
  const end = from + wholeNumber('length', length);
  if (end <= data.length) return data.subarray(from, end);
  throw Object.assign(new RangeError('"offset" and "length" are outside the message'), {
    code: 'ERR_BUFFER_OUT_OF_BOUNDS',
  });
}

module.exports = DgramSocket;
