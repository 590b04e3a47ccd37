'use strict';
// What a server sends: to one client, to all, to peers on UDP. The base of server.js, which has the sockets.

const { lazily } = require('../core');
const engine = require('../engine/engine');
const Party = require('./party');
const { PEER_TIMEOUT } = require('./config');
const { drop } = require('../diagnostics/channels');
const { argumentError, noBufferError, toPort } = require('../errors');
const standIns = require('./stand-ins');

const recipients = lazily(() => require('./recipients'));

class ServerSending extends Party {
  /**
   * Sends a message to one socket (in raw mode `type` is the payload). True: accepted and below the
   * high-water mark. False: accepted, but `drain` should be awaited; or dropped because the socket is
   * closed.
   * On UDP `socket` is an object with an address and a port; without one of them, as `broadcast`.
   * @throws {TypeError} if `socket` is not one, or for data that JSON.stringify refuses
   * @throws {RangeError} on UDP, for a bad port
   * @throws {Error} what the parser throws
   */
  emit(socket, type, data) {
    const { rawBuffer, encoding, silent } = this.config;
    if (!silent && this._logsPayloads) {
      this.log('dispatching event to socket', ' : ', type, data);
    }
    if (rawBuffer && !silent && this._chosen === null) this.log(encoding); // as node-ipc, which does not for broadcasts
    if (this._datagrams) return this.#emitTo(socket, type, data);
    return this.#send(socket, this._encode(type, data));
  }

  /**
   * Asks the client at the other end of `socket`, and resolves with its answer. As `request` of a client, see
   * sending.js; a connection is never waited for.
   */
  request(socket, type, data, options = {}) {
    return this._requests.ask(socket, type, data, options, (message) => this.#ask(socket, message));
  }

  /** Sends a request. Null: it could never be answered. */
  #ask(socket, message) {
    const isOurs = socket?._owner === undefined || socket._owner === this;
    if (typeof socket?.write !== 'function' || !isOurs) {
      throw argumentError('socket', 'a socket of this server', socket);
    }
    if (socket.destroyed || socket.writable === false) return null;
    if (socket._isFull?.(this._maxQueued)) {
      drop(this, socket, 'full', message);
      throw noBufferError(this._maxQueued);
    }
    this.#send(socket, message);
    return { left: true, undo: null };
  }

  /**
   * A reply or a cancellation, of which a client that has left hears nothing. False: refused, since the limit and
   * `beyond` bytes wait.
   */
  _post(socket, type, data, beyond = 0) {
    if (this._datagrams || socket?.destroyed !== false || socket.writable === false) return true;
    const message = this._encode(type, data);
    if (socket._isFull?.(this._maxQueued + beyond)) return socket._refuse(message);
    this.#send(socket, message, false);
    return true;
  }

  /** The same for a message as it is sent. */
  _postText(socket, text) {
    if (socket.writable !== false) this.#send(socket, text);
  }

  get _datagrams() {
    return Boolean(this.udp4 || this.udp6);
  }

  /** To a UDP peer; without an address or a port, to all (K15). */
  #emitTo(peer, type, data) {
    if (peer === null || typeof peer !== 'object') {
      throw argumentError('socket', 'an object with an address and a port', peer);
    }
    const { address, port } = peer;
    if (!address || !port) {
      if (this._chosen === null)
        this.log(
          'Attempting to emit to a single UDP socket without supplying socket address or port. Redispatching event as broadcast to all connected sockets',
        );
      return this.broadcast(type, data);
    }
    if (typeof address !== 'string') throw argumentError('address', 'of type string', address);
    const number = toPort(port, 1);
    const message = this._framed(this._encode(type, data, true));
    if (!this.server) return false;
    if (standIns.datagrams(this.server)) return this.server._sendTo(message, address, number);
    return standIns.sendTo(this, message, peer);
  }

  /**
   * Sends a message to all sockets; nothing without any (K15). `options`: `except`, one or several sockets, and
   * `where`, which says whether a socket gets it. True: all are below the mark.
   * @throws {TypeError} for options that cannot be heeded, see recipients.js
   */
  broadcast(type, data, options) {
    const { config } = this;
    if (!config.silent && this._logsPayloads) {
      this.log(
        'broadcasting event to all known sockets listening to ',
        this.path,
        ' : ',
        this.port ? this.port : '',
        type,
        data,
      );
    }
    // node-ipc's takes no third argument, and so ignores any.
    const isWanted = options ? recipients()(options, this._datagrams) : null;
    const message = this._encode(type, data, this._datagrams);
    if (this._datagrams) return this.#broadcastDatagram(message, isWanted);
    const sockets = isWanted === null ? this.sockets : this.sockets.filter(isWanted);
    return engine.broadcast(message, () => {
      let below = true;
      for (const socket of sockets) below = this.#send(socket, message) && below;
      return below;
    });
  }

  #broadcastDatagram(message, isWanted) {
    const { peerTimeout = PEER_TIMEOUT } = this.config;
    if (!this.server) return true;
    const framed = this._framed(message);
    if (standIns.datagrams(this.server)) {
      return this.server._broadcast(framed, peerTimeout, isWanted);
    }
    standIns.sendToAll(this, framed, isWanted);
    return true;
  }

  /** `limited`: by what the socket has to send already. */
  #send(socket, message, limited = true) {
    const profile = this._chosen;
    if (profile !== null && socket && profile.exceeds(socket, message)) {
      this._violate(socket, profile.backpressure(this, socket, message));
      return false;
    }
    if (socket && standIns.sends(socket)) {
      if (Boolean(socket._owner._hasValues) !== this._hasValues) {
        throw argumentError('socket', 'a socket with the same config.serialization', socket);
      }
      socket._raw = this._takesBytes;
      return socket._send(message, limited);
    }
    if (typeof socket?.write !== 'function') throw argumentError('socket', 'a socket', socket);
    return standIns.writeTo(socket, this._framed(message));
  }

  /** Hands all that was emitted to the system now, as far as it takes it. Whether it has all of it. */
  flush() {
    let all = true;
    for (const socket of this.sockets) all = socket._flush?.() !== false && all;
    return all;
  }
}

module.exports = ServerSending;
