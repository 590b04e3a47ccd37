'use strict';
// One server for an id on this machine, the first process that asks: what `ipc.serveOrConnect` returns. Loaded when it is
// called.
//
// A process finds out whether there is a server by connecting to it. If nobody answers, every process tries to serve with
// `unlink: 'stale'`; the engine's lock lets one of them have the path, and the others connect again. The same happens
// when a server's connections end.

const Client = require('./client');
const log = require('./log');
const Server = require('./server');
const { toOptions } = require('../arguments');
const { argumentError, codedError, undisturbed } = require('../errors');
const { noneLeaves } = require('./last-words');
const { defaultPath } = require('./paths');

/** Attempts in a row, to serve and then to connect, after which the first of them counts as failed. */
const MOST_ATTEMPTS = 10;

class SingleInstance {
  #ipc;
  #path;
  #hooks;
  #onServer;
  #onClient;
  #role = null;
  #server = null;
  /** The server that this process has become, even if it was stopped. */
  #served = null;
  #client;
  #closed = false;
  #attempts = 0;
  #settle;
  /** Why it does not serve. */
  #refusal = null;
  /** The attempt to serve that is under way; until it is over, there may be a server. */
  #election = null;

  constructor(ipc, id, { path, onServer, onClient }, hooks, settle) {
    this.#ipc = ipc;
    this.#path = path ?? defaultPath(ipc.config, id);
    this.#hooks = hooks;
    this.#onServer = onServer;
    this.#onClient = onClient;
    this.#settle = settle;
    const config = derive(ipc.config, { maxRetries: Infinity, stopRetrying: false });
    const client = new Client(config, log);
    client.id = id;
    client.path = this.#path;
    client._electBy(() => (this.#election = this.#elect()));
    client._attach({
      up: () => this.#connected(),
      down: (_, error) => this.#failed(error),
      over: () => this.#ended(),
    });
    this.#client = client;
    client.connect();
  }

  /** 'server' or 'client'; null when it is closed, or when the program has ended that one. */
  get role() {
    const { explicitlyDisconnected: isLeft } = this.#client;
    const isOver = this.#role === 'server' ? !this.#server._isStarted : isLeft;
    return isOver ? null : this.#role;
  }

  /** The server, while this process is it; otherwise null. */
  get server() {
    return this.role === 'server' ? this.#server : null;
  }

  /** The client, while this process is one; otherwise null. */
  get client() {
    return this.role === 'client' ? this.#client : null;
  }

  #connected() {
    this.#attempts = 0;
    if (this.#role !== null) return;
    this.#role = 'client';
    this.#hooks.listed(this.#client);
    this.#settle.resolve(this);
    undisturbed(() => this.#onClient?.call(undefined, this.#client));
  }

  /** What is there cannot be replaced, and is not a server for this client: a file, or another user's socket. */
  #failed(error) {
    if (this.#role !== null || ++this.#attempts < MOST_ATTEMPTS) return;
    if (error !== undefined) this.#refusal.cause ??= error;
    this.#refuse(this.#refusal);
  }

  #refuse(error) {
    this.#settle.reject(error);
    this.close();
  }

  /** The client was disconnected by hand, or because this process serves. */
  #ended() {
    if (this.#role === 'client') this.#role = null;
    this.#settle.reject(
      codedError('ERR_SERVER_NOT_RUNNING', 'closed before it was a server or a client'),
    );
  }

  /** Whether the client is to try again. */
  async #elect() {
    await noneLeaves(this.#path);
    if (this.#closed) return false;
    try {
      // Both may throw if the configuration was changed meanwhile.
      const server = new Server(this.#path, derive(this.#ipc.config, { unlink: 'stale' }), log);
      let stopping = null;
      server._attach({
        listening: () => (stopping = this.#won(server)),
        over: () => this.#stopped(server),
      });
      await server.start();
      await stopping;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' && this.#role === null) {
        this.#refuse(error);
        return false;
      }
      if (error.code !== 'EADDRINUSE') this.#client.publish('error', error);
      this.#refusal = error;
      return true;
    }
    return false;
  }

  /** Nothing has come from a client yet. A promise of the server's end where it comes too late: nobody would have it. */
  #won(server) {
    if (this.#served === server && !this.#closed) {
      this.#serve(server); // the program has stopped it, and starts it again
      return null;
    }
    if (this.#closed || this.#client.explicitlyDisconnected) {
      return server.stop({ disconnect: true });
    }
    this.#serve(server);
    this.#settle.resolve(this);
    this.#hooks.unlisted(this.#client);
    this.#hooks.serving(server);
    undisturbed(() => this.#onServer?.call(undefined, server));
    return null;
  }

  #serve(server) {
    this.#role = 'server';
    this.#server = this.#served = server;
  }

  /** By the program, or because it is closed. */
  #stopped(server) {
    if (this.#server !== server || server._isStarted) return; // started again meanwhile
    this.#role = null;
    this.#server = null;
  }

  /** Ends the server or the client. Another process takes the server's place. */
  async close() {
    this.#closed = true;
    const server = this.#server;
    this.#role = null;
    this.#server = null;
    await Promise.all([this.#client._dispose(), server?._dispose()]);
    await this.#election;
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }
}

/** A configuration that goes on with another, except for these settings. TLS is for what goes over a network. */
const derive = (config, own) => Object.assign(Object.create(config), { tls: false, ...own });

/** `hooks`: `listed(client)`, `unlisted(client)`, `serving(server)`. */
async function serveOrConnect(ipc, id, options, hooks) {
  if (typeof id !== 'string' || id === '') throw argumentError('id', 'a non-empty string', id);
  toOptions(options, 'options', ['path', 'onServer', 'onClient']);
  for (const name of ['onServer', 'onClient']) {
    const value = options[name];
    if (value !== undefined && typeof value !== 'function') {
      throw argumentError(`options.${name}`, 'of type function', value);
    }
  }
  const { path } = options;
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw argumentError('options.path', 'a non-empty string', path);
  }
  return new Promise((resolve, reject) => {
    new SingleInstance(ipc, id, options, hooks, { resolve, reject });
  });
}

module.exports = serveOrConnect;
