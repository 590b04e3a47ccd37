'use strict';
// The listening server that users see as `ipc.server.server`: a net.Server without a handle of Node's
// own. Used by server.js.

const net = require('node:net');
const { core, lazily } = require('../core');
const cluster = require('./cluster');
const engine = require('../engine/engine');
const { Scope } = require('../engine/scope');
const Socket = require('./socket');
const { codedError, systemError, valueError } = require('../errors');
const { refuseToSend } = require('./net-answers');
const { removeTheirs } = require('./own-listeners');
const { PADS_ABSTRACT } = require('./paths');

const tlsSocket = lazily(() => require('./tls-socket'));

/** More than the engine counts. */
const MOST_ROOM = 0xffffffff;

/**
 * Events as those of net.Server: 'listening', 'connection' (socket), 'drop' ({localAddress, ...} of a
 * connection over `maxConnections`; unfinished handshakes count, as in node:tls), 'error', 'close' (stopped and the last connection gone). With TLS
 * also 'secureConnection' (socket) and, before 'error', 'tlsClientError' (error, a dead socket) for a
 * handshake that failed.
 */
class Listener extends net.Server {
  #listener = null;
  /** Closed, but connections that were made before may still be reported. */
  #ending = null;
  /** From when it is to listen. */
  #scope = null;
  #address = null;
  #connections = new Set();
  #owner;
  #framing;
  #tls;
  #unrefed = false;
  #closing = false;
  #refusing = false;
  #maxConnections = undefined;
  #maxRate = null;
  #shares = null;

  /** `owner` gets the messages of accepted sockets, see socket.js. `tls`: see tls.js; null without. */
  constructor(owner, framing, tls = null) {
    super();
    this.#owner = owner;
    this.#framing = framing;
    this.#tls = tls;
    if (tls) tlsSocket(); // now: when a connection comes, there may be no descriptor left to read it
    // A property of its own, as where Node's are set.
    Object.defineProperty(this, 'maxConnections', {
      configurable: true,
      enumerable: true,
      get: () => this.#maxConnections,
      set: (value) => {
        this.#maxConnections = value;
        this.#limitHandshakes();
      },
    });
  }

  /** As many as connections may still come. */
  #limitHandshakes() {
    const shakesHands = Boolean(this.#tls) || this.#framing.greeting !== undefined;
    if (!shakesHands || this.#listener === null) return;
    const room = Math.ceil(this.#maxConnections - this.#connections.size);
    const isLimited = Boolean(this.#maxConnections) && Number.isFinite(room);
    this.#listener.limitHandshakes(isLimited ? Math.min(Math.max(room, 0), MOST_ROOM) : null);
  }

  /** Accepts at most this many connections within a second; null: any number. To be called before it listens. */
  _limitRate(most) {
    this.#maxRate = most;
  }

  /** Its connections and those of `other`, which listens, hold no more of unfinished messages than those of one. */
  _shareWith(other) {
    this.#shares = other;
  }

  /** Listens on a path; 'listening' or 'error' follows in a later turn. */
  _listenPath(path, claim, addMode) {
    this.#scope = new Scope('ferripc.Listener');
    this.#listen({ path, claim, addMode, padded: PADS_ABSTRACT }, path);
  }

  /** Listens on a host's first address; 'listening' or 'error' follows in a later turn. */
  _listenHost(host, port) {
    this.#scope = new Scope('ferripc.Listener');
    if (net.isIP(host)) {
      this.#listen({ address: host, port }, null);
      return;
    }
    engine.load(); // what it may throw is for the caller
    core('dns').lookup(host, (error, address) => {
      if (this.#closing) return;
      if (error) this.#fail(error);
      else this.#listen({ address, port }, null);
    });
  }

  #listen(where, path) {
    const shares = this.#shares?.#listener?.id;
    const options = { ...where, tls: this.#tls?.native, framing: this.#framing, shares };
    const done = (result) => this.#opened(result, path);
    if (cluster.isShared(options) && this.#maxRate !== null) {
      const where = 'not where a worker of node:cluster gets its connections from the primary';
      this.#fail(valueError(`config.maxConnectionRate is for a server that accepts, ${where}`));
    } else if (cluster.isShared(options)) {
      engine.load(); // what it may throw is for the caller
      cluster.listen(options, this, done);
    } else engine.listen(options, this, done);
  }

  #opened({ failure, error, listener, address }, path) {
    if (failure || error) {
      // As in Node, whose port is -1 where there is none.
      this.#fail(failure ?? systemError(path === null ? error : { ...error, port: -1 }));
      return;
    }
    if (this.#closing) {
      listener.close(); // before the primary had answered
      return;
    }
    this.#listener = listener;
    this.#address = path ?? address;
    this.#limitHandshakes();
    if (this.#maxRate !== null) listener.limitRate(this.#maxRate);
    if (this.#unrefed) listener.unref();
    listener.announce(() => {
      if (this.listening) this.emit('listening');
    });
  }

  #fail(error) {
    engine.soon(() => this.emit('error', error), this.#scope);
  }

  get _scope() {
    return this.#scope;
  }

  _onAccepted(connection, addresses) {
    if (this.#refusing) {
      connection.destroy();
      return;
    }
    if (!this.#admits(connection)) return;
    if (this.maxConnections && this.#connections.size >= this.maxConnections) {
      connection.destroy();
      this._onDropped(addresses);
      return;
    }
    const socket = this.#newSocket();
    socket.server = this;
    this.#connections.add(socket);
    this.#limitHandshakes();
    socket._accepted(connection, addresses, this);
    connection.approve();
    this.emit('connection', socket);
    if (this.#tls) this.emit('secureConnection', socket);
  }

  /** Whether it may stay. An 'error' listener that hears why not may throw. */
  #admits(connection) {
    let isAdmitted = false;
    try {
      isAdmitted = this.#owner._admits?.(connection) !== false;
    } finally {
      if (!isAdmitted) connection.destroy();
    }
    return isAdmitted;
  }

  #newSocket() {
    if (!this.#tls) return new Socket(this.#owner, this.#framing);
    const TlsSocket = tlsSocket();
    return new TlsSocket(this.#owner, this.#framing, this.#tls);
  }

  _onDropped(addresses) {
    if (this.#refusing) return;
    const { local = {}, remote = {} } = addresses ?? {};
    this.emit('drop', {
      localAddress: local.address,
      localPort: local.port,
      localFamily: local.family,
      remoteAddress: remote.address,
      remotePort: remote.port,
      remoteFamily: remote.family,
    });
  }

  _onAcceptFailed(reported) {
    const error = systemError(reported);
    const isOfTls = this.#tls && reported.syscall !== 'accept';
    if (isOfTls && reported.code !== 'ERR_FERRIPC_SERIALIZATION') {
      this.emit('tlsClientError', error, this.#newSocket().destroy());
    }
    this.emit('error', error);
  }

  /** It accepts nobody any more. It has failed, if that was not asked for: there was an error. */
  _onEnded() {
    if (!this.#closing) this.close();
    if (this.#ending === null) return; // it was closed before it listened
    this.#ending = null;
    this.#closeIfDrained();
  }

  /** A socket is closed; its 'close' event follows. */
  _released(socket) {
    this.#connections.delete(socket);
    this.#limitHandshakes();
    if (this.#closing) this.#closeIfDrained();
  }

  /** Turns away clients that had connected, but were not reported yet, when `close` was called. */
  _refuse() {
    this.#refusing = true;
  }

  /** Node has a handle here. `child.send(message, server)` would send the message without the server. */
  get _handle() {
    refuseToSend('a server of ferripc');
    return null;
  }

  set _handle(_) {}

  get _count() {
    return this.#connections.size;
  }

  /** `close` was called. */
  get _closed() {
    return this.#closing;
  }

  // ---- what net.Server answers -----------------------------------------------------------------

  get listening() {
    return this.#listener !== null;
  }

  address() {
    return this.#address !== null && typeof this.#address === 'object'
      ? { ...this.#address }
      : this.#address;
  }

  /** Leaves those of the library. */
  removeAllListeners(...types) {
    return removeTheirs(this, types, super.removeAllListeners);
  }

  /** @throws {Error} always: a server listens by its own `start` */
  listen() {
    if (this.listening) {
      const message = 'Listen method has been called more than once without closing.';
      throw codedError('ERR_SERVER_ALREADY_LISTEN', message);
    }
    throw codedError(
      'ERR_METHOD_NOT_IMPLEMENTED',
      'This server listens by `start()` of ipc.server',
    );
  }

  /** As in net, whose constructor sets it. */
  get _connections() {
    return this._count;
  }

  set _connections(_) {}

  getConnections(callback) {
    engine.soon(() => callback(null, this.#connections.size));
    return this;
  }

  /** Stops listening. `callback` gets an error with code ERR_SERVER_NOT_RUNNING if it was not. */
  close(callback) {
    const wasListening = this.listening;
    if (typeof callback === 'function') {
      this.once('close', () => {
        if (wasListening) callback();
        else callback(codedError('ERR_SERVER_NOT_RUNNING', 'Server is not running.'));
      });
    }
    this.#closing = true;
    if (wasListening) {
      this.#ending = this.#listener;
      this.#listener = null;
      if (typeof this.#address !== 'string') this.#address = null; // as in net, a path stays
      this.#ending.close();
    }
    this.#closeIfDrained();
    return this;
  }

  #closeIfDrained() {
    if (this.listening || this.#ending !== null || this.#connections.size > 0) return;
    this.#scope?.end();
    engine.soon(() => this.emit('close'));
  }

  ref() {
    this.#unrefed = false;
    this.#listener?.ref();
    return this;
  }

  unref() {
    this.#unrefed = true;
    this.#listener?.unref();
    return this;
  }
}

Object.defineProperty(Listener, 'name', { value: 'Server' }); // as Node's, for whoever looks at `constructor.name`

module.exports = Listener;
