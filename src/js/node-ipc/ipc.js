'use strict';
// The IPC class: the object that node-ipc's users work with. Argument overloads (K13), the `of` table,
// the current server. Made by index.js, and by programs through `.IPC`, `.IPCModule` or the deep import
// services/IPC.

const { lazily } = require('../core');
const { Defaults } = require('./config');

// Loaded when they are used, so that requiring the package costs next to nothing: most of that is what each file costs.
const clientClass = lazily(() => require('./client'));
const serverClass = lazily(() => require('./server'));
const arrival = lazily(() => require('./arrival'));
const errors = lazily(() => require('../errors'));
const log = lazily(() => require('./log'));
const paths = lazily(() => require('./paths'));
const statistics = lazily(() => require('../diagnostics/stats'));
const instance = lazily(() => require('./instance'));
const settings = lazily(() => require('./settings'));

const METHODS = ['log', 'connectTo', 'connectToNet', 'disconnect', 'serve', 'serveNet'];

/** As METHODS, but not enumerable: node-ipc has none of that name. */
const NEW_METHODS = ['flush', 'serveOrConnect', 'stats'];

const UDP_TYPES = ['udp4', 'udp6'];

/** `await using`. It is not in the prototype of IPC itself, all of whose keys a mixin may take for names. */
class Disposable {
  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this._dispose();
  }
}

/** Independent instances: each has its own configuration, clients and server (K19). */
class IPC extends Disposable {
  /** Clients and servers that are not listed any more, but that `stats` still counts; null without any. */
  #former = null;

  constructor() {
    super();
    /** Live and replaceable (K6). */
    this.config = new Defaults();
    /** Clients by id. */
    this.of = {};
    /** The server of the last `serve` or `serveNet`; false before (K20). */
    this.server = false;
    // Own bound data properties: destructuring works (F19), and so do jest's spies and automocks, and
    // methods that a subclass overrides (K19).
    for (const name of METHODS) this[name] = this[name].bind(this);
    for (const name of NEW_METHODS) {
      const value = this[name].bind(this);
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    }
  }

  /** As `flush` of the server and all clients: hands over what they have emitted. Whether the system has all of it. */
  flush() {
    let all = true;
    for (const it of [this.server, ...Object.values(this.of)]) {
      if (it && it.flush?.() === false) all = false;
    }
    return all;
  }

  /** A snapshot of the counters of the server and all clients, with their sums: see stats.js. */
  stats() {
    return statistics().ipcStats(this, this.#former);
  }

  /** Passes its arguments to `config.logger` as one string, unless `config.silent` (K18). */
  log(...args) {
    log().apply(this, args);
  }

  /**
   * Connects to a local server: `connectTo(id[, path][, callback])`. The callback runs before this
   * returns (K3), with this object, or without arguments if `id` is connected already (K16). The promise of the
   * connected client: see arrival.js.
   * @throws {TypeError} for a path that is not a string or a callback that is not a function
   */
  connectTo(id, path, callback) {
    if (typeof path === 'function') [path, callback] = [false, path];
    checkCallback(callback);
    if (!this.#hasId(id)) return withoutId(id);
    if (!path) {
      this.log(
        'Service path not specified, so defaulting to',
        'ipc.config.socketRoot + ipc.config.appspace + id',
        '',
      );
      path = paths().defaultPath(this.config, id);
    }
    return this.#connect(id, path, undefined, callback);
  }

  /**
   * Connects to a TCP server: `connectToNet(id[, host][, port][, callback])`. As `connectTo`.
   * @throws {RangeError} for a bad port
   * @throws {TypeError} for a host that is not a string or a callback that is not a function
   */
  connectToNet(id, host, port, ...rest) {
    if (!this.#hasId(id)) return withoutId(id);
    if (typeof host === 'number') [host, port, rest] = [false, host, [port, ...rest]];
    if (typeof host === 'function') [host, port, rest] = [false, false, [host]];
    if (typeof port === 'function') [port, rest] = [false, [port]];
    // A UDP type means nothing here (F20).
    const callback = rest.find((arg) => arg && !UDP_TYPES.includes(arg));
    checkCallback(callback);
    host = this.#hostOrDefault(host);
    port = this.#portOrDefault(port);
    return this.#connect(id, host, port, callback);
  }

  /** Ends the connection to `id` when everything emitted is sent (F6); nothing for an unknown id (K27). */
  disconnect(id) {
    if (!Object.hasOwn(this.of, id) || !this.of[id]) return;
    const client = this.of[id];
    if (client instanceof clientClass()) {
      delete this.of[id];
      client._disconnect(this.#release().client(client));
      return;
    }
    // An object that a test has put there is treated as node-ipc does.
    client.explicitlyDisconnected = true;
    client.off?.('*', '*');
    client.socket?.destroy?.();
    delete this.of[id];
  }

  #release() {
    return (this.#former ??= new (statistics().Former)());
  }

  /**
   * Makes a local server: `serve([path][, callback])`. It listens with `server.start()`; the callback
   * is a `start` handler.
   * @throws {TypeError} for a callback that is not a function
   */
  serve(path, callback) {
    if (typeof path === 'function') [path, callback] = [false, path];
    checkCallback(callback);
    if (!path) {
      path = paths().defaultPath(this.config, this.config.id);
      this.log(
        'Server path not specified, so defaulting to',
        'ipc.config.socketRoot + ipc.config.appspace + ipc.config.id',
        path,
      );
    }
    this.#serve(path, undefined, false, callback);
  }

  /**
   * Makes a TCP server: `serveNet([host][, port][, udpType][, callback])`. As `serve`.
   * @throws {RangeError} for a bad port
   * @throws {TypeError} for a host that is not a string or a callback that is not a function
   */
  serveNet(host, port, udpType, callback) {
    if (typeof host === 'number') [host, port, udpType, callback] = [false, host, port, udpType];
    if (typeof host === 'function') [host, port, udpType, callback] = [false, false, false, host];
    if (isUdpType(host)) {
      [host, port, udpType, callback] = [this.config.networkHost, false, host, port];
    }
    if (isUdpType(port)) [port, udpType, callback] = [false, port, udpType];
    if (typeof port === 'function') [port, udpType, callback] = [false, false, port];
    if (typeof udpType === 'function') [udpType, callback] = [false, udpType];
    checkCallback(callback);
    host = this.#hostOrDefault(host);
    port = this.#portOrDefault(port);
    this.#serve(host, port, udpType, callback);
  }

  #hasId(id) {
    if (id) return true;
    this.log(
      'Service id required',
      'Requested service connection without specifying service id. Aborting connection attempt',
    );
    return false;
  }

  #hostOrDefault(host) {
    if (host) {
      if (typeof host !== 'string') throw errors().argumentError('host', 'of type string', host);
      return host;
    }
    const { networkHost = '127.0.0.1' } = this.config;
    this.log('Server host not specified, so defaulting to', 'ipc.config.networkHost', networkHost);
    return networkHost;
  }

  #portOrDefault(port) {
    if (port) {
      errors().toPort(port); // throws for a bad one
      return port;
    }
    const { networkPort = 8000 } = this.config;
    this.log('Server port not specified, so defaulting to', 'ipc.config.networkPort', networkPort);
    return networkPort;
  }

  #connect(id, path, port, callback) {
    const known = Object.hasOwn(this.of, id) ? this.of[id] : undefined;
    if (known?.socket && !known.socket.destroyed) {
      this.log('Already Connected to', id, '- So executing success without connection');
      if (callback) callback();
      return arrival().whenConnected(known);
    }
    const Client = clientClass();
    if (!(known instanceof Client)) known?.socket?.destroy?.();
    else known._end(this.#release().client(known)); // one client per id, and no timer of the old one left (F8)
    const client = new Client(this.config, log());
    client.id = id;
    client.path = path;
    if (port !== undefined) client.port = port;
    client.connect();
    this.of[id] = client;
    client._leaveBy(() => this.#leave(id, client));
    const connected = arrival().whenConnected(client);
    if (callback) callback(this);
    return connected;
  }

  /** Ends a client, even one that is not listed any more. */
  #leave(id, client) {
    if (Object.hasOwn(this.of, id) && this.of[id] === client) this.disconnect(id);
    else client._disconnect();
  }

  /** Disconnects all clients, and stops the server and closes its connections. Resolves when that is done. */
  async _dispose() {
    const clients = Object.entries(this.of).map(([id, client]) => {
      if (client instanceof clientClass()) return client._dispose();
      return this.disconnect(id);
    });
    const { server } = this;
    const stopped =
      server instanceof serverClass()
        ? server._dispose()
        : server && server.stop?.({ disconnect: true });
    await Promise.all([...clients, stopped]);
  }

  /**
   * The first process to call this for an id serves, all others are its clients; when it ends, another one takes its
   * place: see instance.js.
   */
  serveOrConnect(id, options = {}) {
    return instance()(this, id, options, {
      listed: (client) => {
        this.of[id] = client;
        client._leaveBy(() => this.#leave(id, client));
      },
      unlisted: (client) => this.#leave(id, client),
      serving: (server) => this.#take(server),
    });
  }

  #serve(path, port, udpType, callback) {
    const Server = serverClass();
    const server = new Server(path, this.config, log(), port);
    if (isUdpType(udpType) && server._hasValues) throw settings().noDatagrams();
    this.#take(server);
    if (isUdpType(udpType)) {
      this.server[udpType.toLowerCase()] = true;
      // An IPv4 socket cannot be bound to an IPv6 address.
      if (this.server.udp4 && path === '::1') this.server.path = '127.0.0.1';
    }
    if (callback) this.server.on('start', callback);
  }

  /** The server from now on. */
  #take(server) {
    if (this.server instanceof serverClass()) this.#release().server(this.server);
    this.server = server;
  }
}

const withoutId = (id) =>
  arrival().quiet(Promise.reject(errors().argumentError('id', 'a name', id)));

function isUdpType(value) {
  return typeof value === 'string' && UDP_TYPES.includes(value.toLowerCase());
}

/** As node-ipc, takes any falsy value for "no callback". */
function checkCallback(callback) {
  if (callback && typeof callback !== 'function') {
    throw errors().argumentError('callback', 'of type function', callback);
  }
}

module.exports = IPC;
