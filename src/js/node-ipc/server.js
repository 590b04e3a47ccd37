'use strict';
// A server and its sockets: what `ipc.server` holds. Made by ipc.js, and by programs through the deep
// import dao/socketServer (which they also subclass). What it sends is in server-sending.js.

const { both, lazily, process } = require('../core');
const Listener = require('../sockets/listener');
const ServerSending = require('./server-sending');
const stats = require('../diagnostics/stats');
const { channels, publish, publishError } = require('../diagnostics/channels');
const { argumentError, codedError, eventError, toPort } = require('../errors');
const lastWords = require('./last-words');
const { admits, checkAllowPeer } = require('../sockets/credentials');
const { ours } = require('../sockets/own-listeners');
const { systemPath } = require('../sockets/paths');
const { addedModeOf, claimOf, encodingOf, noDatagrams, rateOf } = require('./settings');
const standIns = require('./stand-ins');

// These parts are loaded only when needed: few programs need them.
const datagramSocket = lazily(() => require('../sockets/datagram-socket'));
const tlsOptions = lazily(() => require('../sockets/tls'));
const parserTransports = lazily(() => require('./parsers/transports'));
const tap = lazily(() => require('../diagnostics/tap'));
const parserTls = lazily(() => require('./parsers/tls'));

/**
 * Events: `start`; `connect` (socket); `socket.disconnected` (socket, its id or false) and `close`
 * (whether by an error) when one ends; `error` (error); `data` (buffer, socket) in raw mode; `drain` (socket); every
 * message's type (data, socket). On UDP: `start` (bound address), the server's own socket for `connect`,
 * `socket.disconnected` and `drain`, and a datagram's `{address, family, port, size}` as sender.
 */
class Server extends ServerSending {
  /** `{promise, resolve, reject}` of the last start. */
  #starting = null;
  /** It was stopped, and the last client has left. */
  #isOver = false;

  /**
   * `path`: a socket path, or with `port` a host. For the others, see party.js.
   */
  constructor(path, config, log, port) {
    super(config, log);
    this.path = path;
    this.port = port;
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
   * @throws {TypeError} for a bad path, host, `config.encoding` or `config.tap`; for `config.serialization` 'advanced' on UDP
   * @throws {Error} for `config.tls` that cannot be used, see tls.js; for a transport or folder that
   *   `config.parser` or `config.secureSocketRoot` refuses, see parsers/transports.js
   */
  start() {
    if (!this.path) {
      this.log('Socket Server Path not specified, refusing to start');
      return Promise.resolve();
    }
    if (this._isStarted) return this.#starting.promise;
    if (typeof this.path !== 'string') {
      throw argumentError(this.port ? 'host' : 'path', 'of type string', this.path);
    }
    const udp = this.#udpType;
    if (udp && this._hasValues) throw noDatagrams();
    const port = this.port || udp ? toPort(this.port || 0) : null;
    const { config } = this;
    const rate = rateOf(config, udp);
    if (!udp) encodingOf(config);
    this.#checkTransport(port, udp);
    const withTls = Boolean(config.tls) && !udp;
    const tls = withTls ? tlsOptions().serverTls(this.#tlsConfig, (line) => this.log(line)) : null;
    this.#allowTap();
    const starting = {};
    starting.promise = new Promise((resolve, reject) =>
      Object.assign(starting, { resolve, reject }),
    );
    starting.promise.catch(() => {}); // programs written for node-ipc do not know of it (F10)
    this.#starting = starting;
    this.#isOver = false;
    this.log('starting server on ', this.path, this.port ? `:${this.port}` : '');
    const shown = withTls ? tlsOptions().shown(config.tls) : config.tls;
    if (!udp) this.log('starting TLS server', shown);
    if (tls) this.log('starting TLS server', shown); // twice, as node-ipc
    const { _framing: framing } = this;
    const listener = udp
      ? new (datagramSocket())(udp, this, framing)
      : new Listener(this, framing, tls);
    listener.maxConnections = config.maxConnections;
    if (rate !== null) listener._limitRate(rate);
    this.server = listener;
    const hear = (type, act) => listener.on(type, ours(act));
    hear('connection', (socket) => this.#connected(socket));
    hear('drop', (peer) => this.#dropped(peer));
    hear('error', (error) => {
      this.log('server error', error);
      if (!listener.listening && this.server === listener) this.#starting = null;
      publishError(this, error);
      this.publish('error', error);
      starting.reject(error);
    });
    hear('listening', () => {
      starting.resolve(); // even if a handler throws
      this._tell('listening');
      publish(channels.listening, this, { bound: listener.address() });
      const stops = lastWords.listens(this, listener.address());
      listener.once('close', () => {
        stops();
        publish(channels.serverClose, this);
        this.#isOver = this.server === listener;
        this._tell('over');
      });
      both(
        () => this.onStart(listener._bound),
        () => udp && this.#bound(listener),
      );
    });
    try {
      this.#listen(listener, port, udp || (tls ? 'TLS' : 'TCP'));
    } catch (error) {
      this.#starting = null; // the next start is to tell the same
      throw error;
    }
    return starting.promise;
  }

  /** Before anything is opened. */
  #checkTransport(port, udp) {
    const { config, _chosen: profile } = this;
    if (config.allowPeer) checkAllowPeer(config.allowPeer, port === null && !config.tls);
    if (profile === null && !config.secureSocketRoot) return;
    const { checkNetwork, prepareLocal } = parserTransports();
    if (port === null) prepareLocal(this, profile);
    else if (profile !== null) checkNetwork(this, udp, profile);
  }

  /** Off unless the program asks for it. */
  #allowTap() {
    if (this.config.tap ?? process.env.FERRIPC_TAP) tap().attach(this, Server);
  }

  /** It listens, or is about to. */
  get _isStarted() {
    return this.#starting !== null && this.server._closed === false;
  }

  /** Asked by messages.js. */
  get _isOver() {
    return this.#isOver;
  }

  get #tlsConfig() {
    const { config, _chosen: profile } = this;
    if (profile === null) return config.tls;
    return parserTls().serverOptions(config.tls, profile);
  }

  #listen(listener, port, kind) {
    if (port === null) {
      this.log('starting server as', 'Unix || Windows Socket');
      this.path = systemPath(this.path);
      listener._listenPath(this.path, claimOf(this.config), addedModeOf(this.config));
    } else {
      this.log('starting server as', kind);
      listener._listenHost(this.path, port);
    }
  }

  get #udpType() {
    if (this.udp4) return 'udp4';
    return this.udp6 && 'udp6';
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

  /** As `stop({ disconnect: true })`, but what clients have sent is delivered first: see last-words.js. */
  async _dispose() {
    const { server: listener } = this;
    if (listener instanceof Listener) {
      await lastWords.hearAll(this, listener, this._framing.linger);
    }
    return this.stop({ disconnect: true });
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
    if (disconnect) await Promise.all(this.sockets.map(standIns.close));
  }

  /** A UDP server's only socket is its own (K5). */
  #bound(socket) {
    this.sockets.push(socket);
    this.log('## socket connection to server detected ##');
    socket.on(
      'close',
      ours((hadError) => this._onSocketClose(socket, hadError)),
    );
    this.publish('connect', socket);
  }

  #connected(socket) {
    this.sockets.push(socket);
    stats.count(this, 'connections');
    this._tell('up', socket);
    publish(channels.open, this, { socket });
    socket._raw = this._takesBytes;
    this.log('## socket connection to server detected ##');
    socket.on('close', onSocketClose);
    socket.on('error', onSocketError);
    try {
      socket.setEncoding(encodingOf(this.config));
    } catch (error) {
      this._onSocketError(error, socket); // changed since the start: it goes on without
    }
    try {
      this.publish('connect', socket);
    } finally {
      socket._raw = this._takesBytes; // a handler may have switched it
    }
  }

  /**
   * The bookkeeping comes first, so that a throwing handler cannot prevent it, and listens to no event,
   * since a peer can send messages of these types too (F5).
   */
  _onSocketClose(socket, hadError) {
    stats.close(this, socket, hadError);
    this._chosen?.settle(socket);
    this._tell('down', socket);
    const id = socket.id || false;
    const index = this.sockets.indexOf(socket);
    if (index !== -1) this.sockets.splice(index, 1);
    // A `publish` of the program's own, such as a spy, sees this event as well, though only after the next one.
    const isOwn = this.publish === Server.prototype.publish;
    if (isOwn) this._publishWildcard('close', hadError);
    this.log('socket disconnected', id);
    both(
      () => this.publish('socket.disconnected', socket, id),
      () => (isOwn ? this._publishTyped('close', hadError) : this.publish('close', hadError)),
    );
  }

  _onSocketError(error, socket) {
    this.log('server socket error', error);
    publishError(this, error, socket);
    this.publish('error', error);
  }

  /** An error of sending to a stand-in's peer, or one that a test reports. */
  serverError(error) {
    this.log('server error', error);
    this.publish('error', error);
  }

  /** Called by listener.js before a connection is read from or reported. */
  _admits(connection) {
    const { allowPeer } = this.config;
    if (!allowPeer) return true;
    let failure = null;
    const isAdmitted = admits(allowPeer, connection, (error) => (failure = error));
    if (!isAdmitted) stats.count(this, 'refused');
    if (failure !== null) {
      publishError(this, failure);
      this.publish('error', failure);
    }
    return isAdmitted;
  }

  #dropped(peer) {
    const message = `Connection dropped: maxConnections (${this.server.maxConnections}) reached`;
    const error = eventError('ERR_FERRIPC_MAX_CONNECTIONS', message, { peer });
    this.log('server error', error);
    stats.count(this, 'refused');
    publish(channels.refuse, this, { remote: peer, maxConnections: this.server.maxConnections });
    this.publish('error', error);
  }

  /** This server's counters, over all its connections. */
  stats() {
    return stats.serverStats(this);
  }

  // ---- called by party.js and socket.js ----------------------------------------------------------

  _onMessage(socket, type, data) {
    if (data && data.id && this.#identifies && !isRequest(type)) socket.id = data.id; // K9
    if (!this.config.silent && this._logsPayloads) this.log('received event of : ', type, data);
    this.publish(type, data, socket);
  }

  get #identifies() {
    const profile = this._chosen;
    return profile === null ? this.config.identifyPeer !== false : profile.identifiesPeer;
  }

  _onBytes(socket, buffer) {
    this.publish('data', buffer, socket);
  }

  _onBad(socket, error) {
    if (!this.config.silent && this._logsPayloads) {
      this.log('received event of : ', 'error', error);
    }
    this.publish('error', error, socket);
  }

  _onViolation(socket, error) {
    this.publish('error', error, socket);
  }

  _answered() {}

  _onDrain(socket) {
    this._publishTyped('drain', socket);
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this._dispose();
  }
}

/** node-ipc 14 has one where writes are limited; here errors of all datagrams are events. */
Server.prototype.datagramCallback = null;

/** Messages whose `id` is that of a request: see requests/. */
const isRequest = (type) => type.startsWith('ferripc:');

// Listeners of all sockets, which cost each of them nothing.

const onSocketClose = ours(function closed(hadError) {
  this._owner._onSocketClose(this, hadError);
});

const onSocketError = ours(function failed(error) {
  this._owner._onSocketError(error, this);
});

module.exports = Server;
