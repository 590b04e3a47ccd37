'use strict';
// A server and its sockets: what `ipc.server` holds. Made by ipc.js, and by programs through the deep
// import dao/socketServer (which they also subclass).

const engine = require('../engine/engine');
const Events = require('./events');
const Listener = require('../sockets/listener');
const stats = require('../diagnostics/stats');
const { PEER_TIMEOUT } = require('./config');
const { channels, publish, publishError, publishReceived } = require('../diagnostics/channels');
const { argumentError, codedError, toPort } = require('../errors');
const { systemPath } = require('../sockets/paths');
const { framingOf } = require('./settings');
const standIns = require('./stand-ins');
const { decode, encode, encodeRaw } = require('./wire');

// What needs these parts loads them: few programs do.
const datagramSocket = () => require('../sockets/datagram-socket');
const tlsOptions = () => require('../sockets/tls');

const READABLE_BY_ALL = 0o444;
const WRITABLE_BY_ALL = 0o222;

/**
 * Events: `start`; `connect` (socket); `socket.disconnected` (socket, its id or false) and `close`
 * (whether by an error) when one ends; `error` (error); `data` (buffer, socket) in raw mode; `drain` (socket); every
 * message's type (data, socket). On UDP: `start` (bound address), the server's own socket for `connect`,
 * `socket.disconnected` and `drain`, and a datagram's `{address, family, port, size}` as sender.
 */
class Server extends Events {
  #framing;
  /** `{promise, resolve, reject}` of the last start. */
  #starting = null;

  /**
   * `path`: a socket path, or with `port` a host. `config` is kept and read when used (K6), but for
   * its delimiter (F3).
   * @throws {TypeError} see framingOf
   */
  constructor(path, config, log, port) {
    super();
    this.#framing = framingOf(config);
    this.config = config;
    this.path = path;
    this.port = port;
    this.log = log;
    this.udp4 = false;
    this.udp6 = false;
    /** The listening net.Server; false before `start`. */
    this.server = false;
    this.sockets = [];
  }

  /** Publishes `start`. Called when listening; overridable. */
  onStart(socket) {
    this.publish('start', socket);
  }

  /**
   * Listens. Resolves when it does, after `start`; rejects with the error that `error` carries. The
   * rejection needs no handler. While listening already: the promise of that start.
   * @throws {RangeError} for a bad port
   * @throws {TypeError} for a bad path or host
   * @throws {Error} for `config.tls` that cannot be used, see tls.js
   */
  start() {
    if (!this.path) {
      this.log('Socket Server Path not specified, refusing to start');
      return Promise.resolve();
    }
    if (this.#starting !== null && this.server._closed === false) return this.#starting.promise;
    if (typeof this.path !== 'string') {
      throw argumentError(this.port ? 'host' : 'path', 'of type string', this.path);
    }
    const udp = this.#udpType;
    const port = this.port || udp ? toPort(this.port || 0) : null;
    const { config } = this;
    const withTls = Boolean(config.tls) && !udp;
    const tls = withTls ? tlsOptions().serverTls(config.tls, (line) => this.log(line)) : null;
    const starting = {};
    starting.promise = new Promise((resolve, reject) =>
      Object.assign(starting, { resolve, reject }),
    );
    starting.promise.catch(() => {}); // programs written for node-ipc do not know of it (F10)
    this.#starting = starting;
    this.log('starting server on ', this.path, this.port ? `:${this.port}` : '');
    const shown = withTls ? tlsOptions().shown(config.tls) : config.tls;
    if (!udp) this.log('starting TLS server', shown);
    if (tls) this.log('starting TLS server', shown); // twice, as node-ipc
    const framing = { ...this.#framing, raw: Boolean(config.rawBuffer) };
    const listener = udp
      ? new (datagramSocket())(udp, this, framing)
      : new Listener(this, framing, tls);
    listener.maxConnections = config.maxConnections;
    this.server = listener;
    listener.on('connection', (socket) => this.#connected(socket));
    listener.on('drop', (peer) => this.#dropped(peer));
    listener.on('error', (error) => {
      this.log('server error', error);
      if (!listener.listening && this.server === listener) this.#starting = null;
      publishError(this, error);
      this.publish('error', error);
      starting.reject(error);
    });
    listener.on('listening', () => {
      starting.resolve(); // even if a handler throws
      publish(channels.listening, this, { bound: listener.address() });
      listener.once('close', () => publish(channels.serverClose, this));
      try {
        this.onStart(listener._bound);
      } finally {
        if (udp) this.#bound(listener);
      }
    });
    try {
      this.#listen(listener, port, udp || (tls ? 'TLS' : 'TCP'));
    } catch (error) {
      this.#starting = null; // the next start is to tell the same
      throw error;
    }
    return starting.promise;
  }

  #listen(listener, port, kind) {
    if (port === null) {
      this.log('starting server as', 'Unix || Windows Socket');
      this.path = systemPath(this.path);
      listener._listenPath(this.path, this.#claim(), this.#addMode());
    } else {
      this.log('starting server as', kind);
      listener._listenHost(this.path, port);
    }
  }

  get #udpType() {
    if (this.udp4) return 'udp4';
    return this.udp6 && 'udp6';
  }

  #claim() {
    const { unlink } = this.config;
    if (unlink === 'stale') return 'stale';
    return unlink ? 'takeover' : 'never';
  }

  #addMode() {
    const { readableAll, writableAll } = this.config;
    return (readableAll ? READABLE_BY_ALL : 0) | (writableAll ? WRITABLE_BY_ALL : 0);
  }

  /**
   * Stops listening and leaves connected sockets alone (K26); with `disconnect` also sends what was
   * emitted to them and closes them. Resolves when that is done. Safe at any time (F7).
   */
  stop(options) {
    const { server } = this;
    const disconnect = Boolean(options?.disconnect);
    if (!server || server._closed !== undefined) return this.#stop(server, disconnect);
    server.close(); // a stand-in
    return this.#closeSockets(disconnect);
  }

  async #stop(listener, disconnect) {
    if (!listener) return;
    if (this.#starting !== null) {
      this.#starting.reject(codedError('ERR_SERVER_NOT_RUNNING', 'stopped before it had started'));
      this.#starting = null;
      listener.close();
    }
    if (!(listener instanceof Listener)) {
      await listener.close()?._whenClosed(); // there are no connections
      return;
    }
    if (disconnect) listener._refuse();
    await this.#closeSockets(disconnect);
  }

  async #closeSockets(disconnect) {
    if (!disconnect) return;
    const closed = this.sockets.map((socket) => {
      if (!standIns.closes(socket)) return socket.destroy?.();
      // Before handlers, which may throw.
      const gone = new Promise((resolve) => socket.prependOnceListener('close', resolve));
      if (!socket.destroyed) socket._close();
      return gone;
    });
    await Promise.all(closed);
  }

  /**
   * Sends a message to one socket (in raw mode `type` is the payload). True: accepted and below the
   * high-water mark. False: accepted, but `drain` should be awaited; or dropped because the socket is
   * closed.
   * On UDP `socket` is an object with an address and a port; without one of them, as `broadcast`.
   * @throws {TypeError} if `socket` is none, or for data that JSON.stringify refuses
   * @throws {RangeError} on UDP, for a bad port
   */
  emit(socket, type, data) {
    if (!this.config.silent) this.log('dispatching event to socket', ' : ', type, data);
    if (this.udp4 || this.udp6) return this.#emitTo(socket, type, data);
    return this.#send(socket, this.#encode(type, data));
  }

  /** To a UDP peer; without an address or a port, to all (K15). */
  #emitTo(peer, type, data) {
    if (peer === null || typeof peer !== 'object') {
      throw argumentError('socket', 'an object with an address and a port', peer);
    }
    const { address, port } = peer;
    if (!address || !port) {
      this.log(
        'Attempting to emit to a single UDP socket without supplying socket address or port. Redispatching event as broadcast to all connected sockets',
      );
      return this.broadcast(type, data);
    }
    if (typeof address !== 'string') throw argumentError('address', 'of type string', address);
    const number = toPort(port, 1);
    const message = this.#delimited(this.#encode(type, data));
    if (!this.server) return false;
    if (this.server.write !== undefined) return standIns.writeTo(this.server, message, peer);
    return this.server._sendTo(message, address, number);
  }

  #delimited(message) {
    return message instanceof Uint8Array ? message : message + this.#framing.delimiter;
  }

  /** Sends a message to all sockets; nothing without any (K15). True: all are below the mark. */
  broadcast(type, data) {
    const { config } = this;
    if (!config.silent) {
      this.log(
        'broadcasting event to all known sockets listening to ',
        this.path,
        ' : ',
        this.port ? this.port : '',
        type,
        data,
      );
    }
    const message = this.#encode(type, data);
    if (this.udp4 || this.udp6) {
      const { peerTimeout = PEER_TIMEOUT } = config;
      if (!this.server) return true;
      const framed = this.#delimited(message);
      if (this.server.write === undefined) return this.server._broadcast(framed, peerTimeout);
      // The first of `sockets` is the server's own.
      for (const peer of this.sockets.slice(1)) standIns.writeTo(this.server, framed, peer);
      return true;
    }
    return engine.broadcast(message, () => {
      let below = true;
      for (const socket of this.sockets) below = this.#send(socket, message) && below;
      return below;
    });
  }

  #encode(type, data) {
    const { rawBuffer, encoding, silent } = this.config;
    if (!rawBuffer) return encode(type, data);
    if (!silent) this.log(encoding);
    return encodeRaw(type, encoding);
  }

  #send(socket, message) {
    if (socket && standIns.sends(socket)) {
      socket._raw = Boolean(this.config.rawBuffer);
      return socket._send(message);
    }
    if (typeof socket?.write !== 'function') throw argumentError('socket', 'a socket', socket);
    return standIns.writeTo(socket, this.#delimited(message));
  }

  /** A UDP server's only socket is its own (K5). */
  #bound(socket) {
    this.sockets.push(socket);
    this.log('## socket connection to server detected ##');
    socket.on('close', (hadError) => this._onSocketClose(socket, hadError));
    this.publish('connect', socket);
  }

  #connected(socket) {
    this.sockets.push(socket);
    stats.count(this, 'connections');
    publish(channels.open, this, { socket });
    socket._raw = Boolean(this.config.rawBuffer);
    socket.setEncoding(this.config.encoding);
    this.log('## socket connection to server detected ##');
    socket.on('close', onSocketClose);
    socket.on('error', onSocketError);
    this.publish('connect', socket);
  }

  /**
   * The bookkeeping comes first, so that a throwing handler cannot prevent it, and listens to no event,
   * since a peer can send messages of these types too (F5).
   */
  _onSocketClose(socket, hadError) {
    stats.close(this, socket, hadError);
    const id = socket.id || false;
    const index = this.sockets.indexOf(socket);
    if (index !== -1) this.sockets.splice(index, 1);
    this._publishWildcard('close', hadError);
    this.log('socket disconnected', id);
    try {
      this.publish('socket.disconnected', socket, id);
    } finally {
      this._publishTyped('close', hadError);
    }
  }

  _onSocketError(error, socket) {
    this.log('server socket error', error);
    publishError(this, error, socket);
    this.publish('error', error);
  }

  #dropped(peer) {
    const message = `Connection dropped: maxConnections (${this.server.maxConnections}) reached`;
    const error = codedError('ERR_FERRIPC_MAX_CONNECTIONS', message, { peer });
    this.log('server error', error);
    stats.count(this, 'refused');
    publish(channels.refuse, this, { remote: peer, maxConnections: this.server.maxConnections });
    this.publish('error', error);
  }

  /** This server's counters, over all its connections. */
  stats() {
    return stats.serverStats(this);
  }

  // ---- called by socket.js ---------------------------------------------------------------------

  _onFrame(socket, frames) {
    if (this.config.rawBuffer) {
      socket._raw = true; // switched since the last read
      this._onRaw(socket, Buffer.from(frames.frame + this.#framing.delimiter));
      return;
    }
    decode(frames, this, socket);
  }

  _onMessage(socket, type, data) {
    if (data && data.id) socket.id = data.id; // K9
    if (!this.config.silent) this.log('received event of : ', type, data);
    this.publish(type, data, socket);
  }

  _onPartial(socket) {
    if (this.config.rawBuffer) socket._raw = true; // switched since the last read: reports the bytes
  }

  _onRaw(socket, buffer) {
    if (!this.config.rawBuffer) socket._raw = false; // as it is now configured, from the next read on
    if (channels.received.hasSubscribers) publishReceived(this, socket, null, buffer);
    this.publish('data', buffer, socket);
  }

  _onBadFrame(socket, error) {
    if (!this.config.silent) this.log('received event of : ', 'error', error);
    this.publish('error', error, socket);
  }

  _onDrain(socket) {
    this._publishTyped('drain', socket);
  }
}

// Listeners of all sockets, which cost each of them nothing.

function onSocketClose(hadError) {
  this._owner._onSocketClose(this, hadError);
}

function onSocketError(error) {
  this._owner._onSocketError(error, this);
}

module.exports = Server;
