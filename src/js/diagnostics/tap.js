'use strict';
// A server's tap: a second socket, for its owner alone, at which `ferripc tap` and other programs can watch what the
// server sends and receives. Loaded by node-ipc/server.js when `config.tap` or FERRIPC_TAP asks for it.
//
// What is watched comes from the channels of channels.js, to which a tap subscribes while somebody reads it. The
// conversation is made of ordinary messages, see docs/cli.md: a reader sends `tap`, and gets `tap.ready` and then
// `tap.records`. A reader that is slow loses records (tap-reader.js): it neither holds the server up nor costs memory.

const { core, later, lazily, platform, process } = require('../core');
const fs = core('fs');
const { channels, publishError } = require('./channels');
const { Describer } = require('./tap-records');
const Reader = require('./tap-reader');
const { argumentError, eventError, valueError } = require('../errors');
const { defaultPath } = require('../node-ipc/paths');
const { ours } = require('../sockets/own-listeners');

const configuration = lazily(() => require('../node-ipc/config'));

/** Readers at a time. */
const MOST_READERS = 16;

/** Longest message of a reader, in bytes: it only says what it wants. */
const LONGEST_WISH = 64 * 1024;

/** Permissions of the tap's file. */
const OWNER_ONLY = 0o600;

/** Linux: names a file without opening it. */
const O_PATH = 0o10000000;

const ENDING = '.tap';

/**
 * What `config.tap` asks for, or without it the variable FERRIPC_TAP: `{path, payloads}`. Null: no tap.
 * @throws {TypeError} for an invalid setting
 */
function settingOf({ tap }) {
  if (tap === undefined || tap === null) return ofVariable(process.env.FERRIPC_TAP);
  if (tap === true) return { path: null, payloads: false };
  if (typeof tap !== 'object') {
    throw argumentError('config.tap', 'true, false or an object', tap);
  }
  const { path = null, payloads = false, ...unknown } = tap;
  if (path !== null && (typeof path !== 'string' || path === '')) {
    throw argumentError('config.tap.path', 'a path', path);
  }
  if (typeof payloads !== 'boolean') {
    throw argumentError('config.tap.payloads', 'of type boolean', payloads);
  }
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw valueError(`config.tap has no setting "${name}"`);
  return { path, payloads };
}

function ofVariable(text) {
  if (text === '0') return null;
  if (text === '1' || text === 'payloads') return { path: null, payloads: text === 'payloads' };
  throw valueError(`FERRIPC_TAP is "1", "payloads" or "0", and not ${JSON.stringify(text)}`);
}

/** Where a server's tap is, unless it says so itself: beside its socket, or where its id would be. */
function tapPath({ path, port, udp4, udp6, config }) {
  const place = port || udp4 || udp6 ? defaultPath(config, config.id) : path;
  // Workers of a cluster share their path, and each has a tap.
  return core('cluster').isWorker ? `${place}.${process.pid}${ENDING}` : `${place}${ENDING}`;
}

/** Server -> its tap. */
const taps = new WeakMap();

/**
 * Opens a tap for `server`, which is about to listen: from when it listens until it has ended. The tap is a `Server` itself.
 * @throws {TypeError} for an invalid setting
 */
function attach(server, Server) {
  const setting = settingOf(server.config);
  if (setting?.path === server.path) {
    throw valueError('config.tap.path is the path of the server itself');
  }
  taps.get(server)?.end();
  if (setting !== null) taps.set(server, new Tap(server, setting, Server));
}

class Tap {
  #server;
  /** The class of its tap: a server, too. */
  #Server;
  #setting;
  #detach;
  /** The server at the tap's own path; null while there is none. */
  #host = null;
  /** Socket -> Reader. */
  #readers = new Map();
  #describer = new Describer();
  /** Some reader gets payloads. */
  #shows = false;
  #subscriptions = [];

  constructor(server, setting, Server) {
    this.#server = server;
    this.#Server = Server;
    this.#setting = setting;
    this.#detach = server._attach({ listening: () => this.#open() });
  }

  #open() {
    // Not by the server, which may have another listener by then.
    this.#server.server.once(
      'close',
      ours(() => this.end()),
    );
    try {
      const host = this.#makeHost();
      this.#host = host;
      host.start().catch((error) => this.#fail(error, host));
      if (host.server.listening) {
        host.server.unref();
        ownerOnly(host.path);
      }
    } catch (error) {
      this.#fail(error, this.#host);
    }
  }

  #makeHost() {
    const { Defaults } = configuration();
    const config = Object.assign(new Defaults(), {
      id: 'tap',
      silent: true,
      unlink: this.#claim(),
      maxConnections: MOST_READERS,
      maxMessageBytes: LONGEST_WISH,
      maxQueuedBytes: 1, // the least there is
      linger: 0, // the process does not wait for a reader
      identifyPeer: false,
      tap: false,
    });
    if (typeof process.geteuid === 'function') config.allowPeer = isOwner;
    const host = new this.#Server(this.#setting.path ?? tapPath(this.#server), config, () => {});
    host._isHidden = true;
    host.on('connect', (socket) => socket.unref());
    host.on('tap', (wish, socket) => this.#admit(host, socket, wish));
    host.on('drain', (socket) => this.#readers.get(socket)?.goOn());
    host.on('socket.disconnected', (socket) => this.#leave(socket));
    return host;
  }

  /** The path is claimed as the server's own was. A server on a port has the port to itself. */
  #claim() {
    const { unlink } = this.#server.config;
    return unlink === true && !this.#server.port ? true : 'stale';
  }

  /** The program goes on without a tap, and is told so later, since its handlers may throw. */
  #fail(cause, host) {
    later(() => {
      if (this.#host !== host) return; // it has ended before it had begun
      this.#host = null;
      const message = `config.tap: nobody can tap this server: ${cause.message}`;
      const error = eventError(cause.code, message, { cause });
      publishError(this.#server, error);
      this.#server.publish('error', error);
    });
  }

  // ---- readers -------------------------------------------------------------------------------------

  #admit(host, socket, wish) {
    if (this.#readers.has(socket) || this.#host !== host) return;
    const reader = new Reader(wish, (type, data) => host.emit(socket, type, data));
    this.#readers.set(socket, reader);
    this.#count();
    const facts = this.#describer.server(this.#server);
    reader.greet({ ...facts, payloads: this.#setting.payloads });
    if (this.#readers.size === 1) this.#subscribe();
  }

  #count() {
    const readers = [...this.#readers.values()];
    this.#shows = this.#setting.payloads && readers.some((reader) => reader.showsPayloads);
  }

  #leave(socket) {
    if (!this.#readers.delete(socket)) return;
    this.#count();
    if (this.#readers.size === 0) this.#unsubscribe();
  }

  #subscribe() {
    const kinds = ['received', 'sent', 'dropped', 'open', 'close', 'refuse', 'error'];
    this.#subscriptions = kinds.map((kind) => {
      const hear = (facts) => {
        if (facts.server === this.#server) this.#take(kind, facts);
      };
      channels[kind].subscribe(hear);
      return [channels[kind], hear];
    });
  }

  #unsubscribe() {
    for (const [channel, hear] of this.#subscriptions.splice(0)) channel.unsubscribe(hear);
  }

  #take(kind, facts) {
    let record = null;
    for (const reader of this.#readers.values()) {
      if (!reader.wants(facts)) continue;
      record ??= this.#describer.record(kind, facts, this.#shows);
      reader.take(record);
    }
  }

  /** The server has ended, or another tap takes the place of this one. */
  end() {
    this.#detach();
    this.#unsubscribe();
    for (const reader of this.#readers.values()) reader.end();
    this.#host?.stop({ disconnect: true });
    this.#host = null;
  }
}

/** The only user, besides root, who is let in. */
const isOwner = ({ uid }) => uid === process.geteuid() || uid === 0;

/**
 * Takes the rights of other users away from a socket file, but not from anything that somebody may have put in its
 * place. `isOwner` turns away those who connect before that, and everybody where this cannot be done.
 */
function ownerOnly(path) {
  if (platform === 'win32' || path.startsWith('\0')) return;
  try {
    if (platform !== 'linux') {
      fs.lchmodSync?.(path, OWNER_ONLY);
      return;
    }
    const file = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
    try {
      if (fs.fstatSync(file).isSocket()) fs.chmodSync(`/proc/self/fd/${file}`, OWNER_ONLY);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    // the credentials decide
  }
}

module.exports = { ENDING, attach };
