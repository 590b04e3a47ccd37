'use strict';
// Listeners of the JavaScript engine: a net.Server each, whose connections are reported to the hub, with TLS after their
// handshake. Made by hub.js.

const net = require('node:net');
const { failure, failureOf } = require('./errors');
const { SocketFile, paddedName } = require('./socket-file');
const { SecureServer } = require('./tls');
const { platform, process, setImmediate } = require('../../core');

/** Connections that the system may hold before they are accepted: see transport/mod.rs. */
const BACKLOG = 0xffff;

/** What `net.Server.address()` has of one end of `socket`. */
const end = (address, family, port) => ({ address: plain(address), family, port });
const plain = (address) => address?.split('%')[0];

/** The ends of a connection, or null where it has none. */
function endsOf(socket) {
  const { localAddress } = socket;
  if (localAddress === undefined) return null;
  const { localFamily, localPort, remoteAddress, remoteFamily, remotePort } = socket;
  // Before Node 18.8 there is no localFamily; both ends are of one.
  return {
    local: end(localAddress, localFamily ?? remoteFamily, localPort),
    remote: end(remoteAddress, remoteFamily, remotePort),
  };
}

/** What Node's permission model says, from Node 25 on. */
const DENIED = {
  message: 'Access to this API has been restricted. Use --allow-net to manage permissions.',
  code: 'ERR_ACCESS_DENIED',
};

/** Whether Node would throw where nobody can catch it: it does after the look-up of the host, of an address, too. */
function mayNotListen() {
  if (!process.permission || process.permission.has('net')) return false;
  return process.allowedNodeEnvironmentFlags.has('--allow-net'); // older ones have no such permission
}

class Acceptor {
  #server;
  #report;
  #file = null;
  #secure = null;
  #isClosed = false;
  /** Counts what its connections hold of unfinished frames: see unfinished.js. */
  unfinished = null;

  /**
   * `options`: ListenOptions of options.rs. `report` has `accepted(socket, ends, facts)`, `failed(error)`, `dropped(ends)`
   * and `closed()`.
   */
  constructor({ tls }, report) {
    this.#report = report;
    const options = { allowHalfOpen: true, pauseOnConnect: true };
    this.#server = new net.Server(options, (socket) => this.take(socket));
    if (tls) this.#secure = new SecureServer(tls, report, (socket) => endsOf(socket));
  }

  /** Listens: `done(error)`, and then the address (null for a path). At once where Node knows at once. */
  listen({ path, claim, addMode, address, port, padded }, dead, done) {
    const server = this.#server;
    const where = path === undefined ? { address, port } : { path };
    const isFile = path !== undefined && platform !== 'win32' && !path.startsWith('\0');
    let isDone = false;
    const finish = (error) => {
      if (isDone) return;
      isDone = true;
      if (error) this.#closeServer();
      done(error, error || path !== undefined ? null : this.#address());
    };
    server.on('error', (error) => {
      if (isDone) this.#report.failed(failureOf(error, 'accept'));
      else finish(this.#file?.failed(error) ?? failureOf(error, 'listen', where));
    });
    const up = () => {
      if (!isDone) finish(this.#file?.publish(dead) ?? null);
    };
    server.on('listening', up);
    const options = { backlog: BACKLOG, exclusive: true };
    if (path === undefined) Object.assign(options, { host: address, port });
    else if (isFile) {
      this.#file = new SocketFile({ path, claim, addMode });
      options.path = this.#file.beside;
      if (options.path === null) {
        const reason =
          'without the native binary, the folder has no room for a name of a few bytes more';
        return finish(failure('listen', 'ENAMETOOLONG', where, reason));
      }
    } else {
      options.path = padded ? paddedName(path) : path;
      // An abstract name has no permissions to add to, and newer releases of Node refuse to be asked for some.
      const isPipe = !path.startsWith('\0');
      options.readableAll = isPipe && (addMode & 0o444) !== 0;
      options.writableAll = isPipe && (addMode & 0o222) !== 0;
    }
    if (path === undefined && mayNotListen()) return finish(DENIED);
    try {
      server.listen(options);
      server.unref(); // hub.js keeps the process alive
      if (server.listening) up();
    } catch (error) {
      if (error.code !== DENIED.code) throw error;
      finish(failureOf(error));
    }
  }

  /** As net.Server's, without a zone. */
  #address() {
    const found = this.#server.address();
    return found && { ...found, address: plain(found.address) };
  }

  /** Takes a connected socket that does not read yet. */
  take(socket) {
    if (this.#secure) this.#secure.take(socket);
    else this.#report.accepted(socket, endsOf(socket), null);
  }

  limitHandshakes(most) {
    this.#secure?.limit(most);
  }

  #closeServer() {
    if (this.#server.listening) this.#server.close();
  }

  /** Only the path is removed: there is no time for more. */
  leave() {
    this.#file?.remove();
  }

  /**
   * On return the path is removed, so that nobody can connect any more. Clients that have connected are still
   * accepted when the event loop gets to them. An address is free at once.
   */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const end = () => {
      this.#closeServer();
      if (this.#secure) this.#secure.close(() => this.#report.closed());
      else this.#report.closed();
    };
    if (!this.#file?.remove()) return end();
    return setImmediate(() => setImmediate(end));
  }
}

module.exports = { Acceptor, endsOf };
