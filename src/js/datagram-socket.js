'use strict';
// The bound socket that users of a UDP server see as `ipc.server.server`: a dgram.Socket without a handle
// of Node's own. Used by server.js, which takes it for a listener (see listener.js): `_listenHost`,
// `close`, `_closed`, 'listening', 'error', 'close'.

const dgram = require('node:dgram');
const dns = require('node:dns');
const EventEmitter = require('node:events');
const net = require('node:net');
const os = require('node:os');
const { setImmediate } = require('node:timers'); // the real one, under fake timers too
const engine = require('./engine');
const Peers = require('./peers');
const { argumentError, codedError, systemError, toPort } = require('./errors');
const { decode } = require('./wire');

/** How long a closing socket may take to send what was emitted before, in ms. */
const LINGER = 2000;

/** Characters and bytes, and datagrams, that wait at most for a look-up. */
const MOST_HELD = 16 * 1024 * 1024;
const MOST_HELD_COUNT = 64 * 1024;

/**
 * Events as those of dgram.Socket: 'listening', 'message' (buffer, rinfo) for each datagram, whatever
 * else becomes of it, 'error', 'close'. The server's own messages go to `owner`, see server.js.
 *
 * The socket belongs to the server, which binds it and sends to many: `bind` throws
 * ERR_SOCKET_ALREADY_BOUND, `connect` ERR_METHOD_NOT_IMPLEMENTED.
 */
class DatagramSocket extends EventEmitter {
  #owner;
  #framing;
  /** The engine's socket; null before it is bound and after it is closed. */
  #endpoint = null;
  /** What the engine was told: raw bytes instead of frames, bytes before their frames. */
  #raw;
  #tapped = false;
  #binding = false;
  #announced = false;
  #closing = false;
  #closed = false;
  #unrefed = false;
  #address = null;
  #peers = new Peers();
  #needDrain = false;
  /** What waits for the socket to be bound. */
  #held = [];
  /** Host -> what waits for its look-up. */
  #lookUps = new Map();
  #heldSize = 0;
  #heldCount = 0;

  /** `type`: udp4 or udp6. `framing`: `{delimiter, maxFrame, raw}`. */
  constructor(type, owner, framing) {
    super();
    this.type = type;
    this.#owner = owner;
    this.#framing = framing;
    this.#raw = framing.raw;
  }

  get #family() {
    return this.type === 'udp6' ? 6 : 4;
  }

  // ---- life ------------------------------------------------------------------------------------

  /** Binds to a host's first address; 'listening' or 'error' follows in a later turn. */
  _listenHost(host, port) {
    this.#binding = true;
    const family = net.isIP(host);
    if (family === this.#family) {
      this.#bind(host, port);
    } else if (family !== 0) {
      this.#bindFailed(failure('bind', 'EINVAL', host, port)); // as in Node
    } else {
      dns.lookup(host, { family: this.#family }, (error, address) => {
        if (this.#closing) return;
        if (error) this.#bindFailed(error);
        else this.#bind(address, port);
      });
    }
  }

  #bind(address, port) {
    const bound = engine.bind(address, port, this.#framing, this);
    if (bound.error) {
      this.#bindFailed(systemError(bound.error));
      return;
    }
    this.#binding = false;
    this.#endpoint = bound.datagrams;
    this.#address = bound.address;
    if (this.#unrefed) this.#endpoint.unref();
    this.#configure();
    for (const item of this.#takeHeld(this.#held.splice(0))) this.#dispatch(item);
    setImmediate(() => this.#announce());
  }

  #bindFailed(error) {
    this.#binding = false;
    for (const item of this.#takeHeld(this.#held.splice(0))) item.callback?.(error);
    setImmediate(() => this.emit('error', error));
  }

  /** Emits 'listening', once, and before the first datagram is delivered. */
  #announce() {
    if (this.#announced || !this.listening) return;
    this.#announced = true;
    this.emit('listening');
  }

  /** Bound, and not closed. */
  get listening() {
    return this.#endpoint !== null && !this.#closing;
  }

  /** `close` was called. */
  get _closed() {
    return this.#closing;
  }

  /** What the server's `start` event carries. */
  get _bound() {
    const { address, port } = this.#address;
    return { address, port };
  }

  /** Sends what was emitted before, and closes. Also when closed already. */
  close(callback) {
    if (typeof callback === 'function') {
      if (this.#closed) setImmediate(callback);
      else this.once('close', callback);
    }
    if (this.#closing) return this;
    this.#closing = true;
    const refused = this.#takeHeld(this.#held.splice(0));
    for (const item of refused) item.callback?.(notRunning());
    if (this.#endpoint === null) setImmediate(() => this._onClosed());
    else if (this.#lookUps.size === 0) this.#endpoint.close(LINGER);
    return this;
  }

  /** Resolves when the socket is closed. */
  _whenClosed() {
    return new Promise((resolve) => {
      if (this.#closed) resolve();
      else this.prependOnceListener('close', resolve); // before handlers, which may throw
    });
  }

  // ---- sending ---------------------------------------------------------------------------------

  /**
   * Sends a message (text or bytes) to an address or a host. True: accepted. False: accepted, but
   * `drain` should be awaited; or dropped because the socket is closed or too much waits.
   */
  _sendTo(data, address, port) {
    if (!this.#isOpen()) return false;
    const item = { data, address, port, callback: null };
    const below = this.#dispatch(item);
    this.#needDrain ||= !below && item.sent;
    return below;
  }

  /** Sends a message to every peer that was heard within the last `timeout` ms. As `_sendTo`. */
  _broadcast(data, timeout) {
    if (this.#endpoint === null || this.#closing) return true;
    let below = true;
    for (const peer of this.#peers.alive(timeout)) {
      below = this.#endpoint.send(data, peer.words, peer.port);
    }
    this.#needDrain ||= !below;
    return below;
  }

  #isOpen() {
    return !this.#closing && (this.#endpoint !== null || this.#binding);
  }

  /** `item`: `{data, address, port, callback}`. */
  #dispatch(item) {
    if (this.#endpoint === null) return this.#hold(item, this.#held);
    const words = this.#endpoint.words(item.address);
    if (words !== null) return this.#transmit(item, words);
    const waiting = this.#lookUps.get(item.address);
    if (waiting !== undefined) return this.#hold(item, waiting);
    const first = [];
    const held = this.#hold(item, first);
    if (held) this.#lookUp(item.address, first);
    return held;
  }

  #lookUp(host, waiting) {
    this.#lookUps.set(host, waiting);
    dns.lookup(host, { family: this.#family }, (error, address) => {
      this.#lookUps.delete(host);
      const words = error ? null : this.#endpoint.words(address);
      const why = error ?? failure('send', 'EINVAL', host, waiting[0].port);
      const items = this.#takeHeld(waiting);
      for (const item of items) {
        if (words !== null) this.#transmit(item, words);
        else item.callback?.(why);
      }
      if (this.#closing && this.#lookUps.size === 0) this.#endpoint.close(LINGER);
      // One event for one look-up, however many waited for it.
      if (words === null && items.some((item) => item.callback === null)) this.#fail(why);
    });
  }

  #hold(item, list) {
    const { data, callback } = item;
    if (this.#heldSize + data.length > MOST_HELD || this.#heldCount >= MOST_HELD_COUNT) {
      const error = failure('send', 'ENOBUFS', item.address, item.port);
      if (callback === null) this.#fail(error);
      else setImmediate(callback, error);
      return false;
    }
    this.#heldSize += data.length;
    this.#heldCount++;
    list.push(item);
    return true;
  }

  #takeHeld(items) {
    for (const { data } of items) this.#heldSize -= data.length;
    this.#heldCount -= items.length;
    return items;
  }

  #transmit(item, words) {
    const { data, port, callback } = item;
    item.sent = true;
    if (callback === null) return this.#endpoint.send(data, words, port);
    const failed = this.#endpoint.sendOne(data, words, port);
    if (failed) setImmediate(callback, systemError(failed));
    else setImmediate(callback, null, data.length);
    return true;
  }

  /** In a later turn, so that no handler runs inside the call that failed. */
  #fail(error) {
    setImmediate(() => this.emit('error', error));
  }

  // ---- what the engine reports -----------------------------------------------------------------

  _onPeer(words) {
    this.#announce();
    return this.#peers.heard(words, (words) => this.#endpoint.text(words));
  }

  _onDatagram(sender, size) {
    this.#logReceived(sender);
    return infoOf(sender, size);
  }

  _onFrame(text, peer) {
    const { config } = this.#owner;
    if (config.rawBuffer) {
      this.#configure(); // switched since it was received
      this.#owner.publish('data', Buffer.from(text + this.#framing.delimiter), peer);
    } else {
      decode(text, this.#owner, peer);
    }
  }

  _onBytes(buffer, sender, framed) {
    this.#configure();
    const { length } = buffer;
    try {
      this.emit('message', buffer, infoOf(sender, length));
    } finally {
      if (!framed) {
        this.#logReceived(sender);
        this.#owner.publish('data', buffer, infoOf(sender, length));
      }
    }
  }

  _onTooLarge(sender, { size, length }) {
    this.#owner._onBadFrame(
      infoOf(sender, size),
      codedError(
        'ERR_FERRIPC_MESSAGE_TOO_LARGE',
        `Received a message of ${length} bytes, over the limit of ${this.#framing.maxFrame}`,
        { length },
      ),
    );
  }

  _onFailed(reported) {
    this.emit('error', systemError(reported));
  }

  _onDrain() {
    if (!this.#needDrain) return;
    this.#needDrain = false;
    this.#owner._onDrain(this);
  }

  _onClosed() {
    this.#closed = true;
    this.#endpoint = null;
    this.#address = null;
    this.emit('close');
  }

  #logReceived({ address, port }) {
    const { config } = this.#owner;
    if (!config.silent) this.#owner.log('Received UDP message from ', address, port);
  }

  /** Tells the engine what is wanted of received datagrams: raw mode is live (K6), and so is 'message'. */
  #configure() {
    const raw = Boolean(this.#owner.config.rawBuffer);
    const tapped = !raw && this.listenerCount('message') > 0;
    if (raw === this.#raw && tapped === this.#tapped) return;
    this.#raw = raw;
    this.#tapped = tapped;
    this.#endpoint?.configure(raw, tapped);
  }

  // ---- what dgram.Socket answers ---------------------------------------------------------------

  on(type, listener) {
    super.on(type, listener);
    if (type === 'message') this.#configure();
    return this;
  }

  addListener(type, listener) {
    return this.on(type, listener);
  }

  prependListener(type, listener) {
    super.prependListener(type, listener);
    if (type === 'message') this.#configure();
    return this;
  }

  /** @throws {Error} always: the server has bound it, or is about to */
  bind() {
    throw codedError('ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
  }

  /** @throws {Error} always: a server's socket has many peers */
  connect() {
    throw codedError('ERR_METHOD_NOT_IMPLEMENTED', "A UDP server's socket cannot be connected");
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
    const address = rest[1] || (this.#family === 6 ? '::1' : '127.0.0.1');
    if (typeof address !== 'string') throw argumentError('address', 'of type string', address);
    if (!this.#isOpen()) throw notRunning();
    this.#dispatch({ data, address, port, callback });
  }

  sendto(...args) {
    this.send(...args);
  }

  /** The bound address, port and family. */
  address() {
    if (this.#address === null) {
      throw systemError({ message: 'getsockname EBADF', errno: -9, code: 'EBADF' });
    }
    return { ...this.#address };
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
    return valueOf(this.#running().option(method, value));
  }

  #running() {
    if (!this.listening) throw notRunning();
    return this.#endpoint;
  }

  /** IPv4: the interface's address. IPv6: a wildcard address with the interface's number as zone. */
  setMulticastInterface(address) {
    valueOf(this.#running().multicastInterface(anAddress('interfaceAddress', address)));
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
    valueOf(this.#running().membership(options));
  }

  /** Bytes that wait to be sent. */
  getSendQueueSize() {
    return this.#heldSize + (this.#endpoint?.waiting()[0] ?? 0);
  }

  /** Datagrams that wait to be sent. */
  getSendQueueCount() {
    return this.#heldCount + (this.#endpoint?.waiting()[1] ?? 0);
  }

  ref() {
    this.#unrefed = false;
    this.#endpoint?.ref();
    return this;
  }

  unref() {
    this.#unrefed = true;
    this.#endpoint?.unref();
    return this;
  }
}

// `instanceof dgram.Socket` holds without that constructor, which would make a handle. What else it has
// is of no use without one.
for (const name of ['_handle', '_receiving', '_bindState', '_queue', '_reuseAddr']) {
  Object.defineProperty(DatagramSocket.prototype, name, { value: null });
}
for (const name of ['_healthCheck', '_stopReceiving']) {
  Object.defineProperty(DatagramSocket.prototype, name, { value() {} });
}
if (Symbol.asyncDispose) {
  DatagramSocket.prototype[Symbol.asyncDispose] = function dispose() {
    return this.close()._whenClosed();
  };
}
Object.setPrototypeOf(DatagramSocket.prototype, dgram.Socket.prototype);

/** What handlers get as a datagram's peer: an object of its own for each, as from node:dgram. */
function infoOf({ address, family, port }, size) {
  return { address, family, port, size };
}

function notRunning() {
  return codedError('ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
}

/** The error that Node makes of a failed call with an address. */
function failure(syscall, code, address, port) {
  const message = `${syscall} ${code} ${address}:${port}`;
  return systemError({ message, errno: -os.constants.errno[code], code, syscall, address, port });
}

/** @throws {Error} what the engine reports */
function valueOf({ value, error }) {
  if (error) throw systemError(error);
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

module.exports = DatagramSocket;
