'use strict';
// One server's part in a cluster: what `join` returns. Made by index.js.

const { core } = require('../core');
const { randomBytes } = core('crypto');
const Counters = require('./counters');
const { bodyOf, content, dataOf, decode, isId, LONGEST_ID, subjectsOf } = require('./frames');
const watchMessages = require('./identity');
const { Link, Target } = require('./link');
const Locals = require('./locals');
const Members = require('./members');
const { Questions, noClient } = require('./questions');
const Session = require('./session');
const { publishError } = require('../diagnostics/channels');
const { checkAsk } = require('../node-ipc/requests/asked');
const Events = require('../node-ipc/events');
const { abortError } = require('../node-ipc/requests/signals');
const { isBytes, toText } = require('../arguments');
const { argumentError, thrownBy, undisturbed, valueError } = require('../errors');

/** Servers that take part. */
const joined = new WeakSet();
/** Brokers that serve one. */
const used = new WeakSet();

class Cluster extends Events {
  #server;
  #settings;
  #instance = randomBytes(12).toString('hex');
  #link;
  #locals;
  #members;
  #questions;
  #all;
  #own;
  #counters;
  #detach;
  #unwatch = null;
  /** Reasons for lost messages that were already reported since the broker came up. */
  #told = new Set();
  #session;
  #closing = null;

  /** See options.js. */
  constructor(server, settings) {
    super();
    const { broker, prefix, id, maxQueuedBytes } = settings;
    if (joined.has(server)) throw valueError('This server takes part in a cluster already');
    if (used.has(broker)) throw valueError('options.broker serves another server');
    joined.add(server);
    used.add(broker);
    this.#server = server;
    this.#counters = new Counters(server);
    this.#settings = settings;
    const subjects = subjectsOf(prefix, id);
    this.#all = new Target(subjects.all);
    this.#own = subjects.one(this.#instance);
    const fail = (error, body, reason) => this.#lose({ reason, error }, body);
    this.#link = new Link(broker, this.#instance, maxQueuedBytes, fail);
    this.#locals = new Locals(this.#instance);
    const parts = { link: this.#link, locals: this.#locals };
    this.#members = new Members(
      settings,
      { ...parts, all: this.#all, subjectOf: subjects.one },
      (event, peer, clientId) => this.#onMember(event, peer, clientId),
    );
    this.#questions = new Questions(server, parts, (reason, body) =>
      this.#counters.drop(reason, body),
    );
    this.#session = this.#makeSession(settings);
    this.#detach = server._attach({
      up: (socket) => this.#onConnect(socket),
      down: (socket) => this.#onDisconnect(socket),
      over: () => this.close(),
    });
    for (const socket of server.sockets) this.#locals.add(socket);
    if (settings.identify !== null) {
      this.#unwatch = watchMessages(server, settings.identify, {
        isUnknown: (socket) => this.#locals.has(socket) && !this.#locals.isNamed(socket),
        found: (socket, clientId) => this.identify(socket, clientId),
        failed: (error) => this.#report(error),
      });
    }
  }

  // ---- for programs ----------------------------------------------------------------------------------

  /** Of the servers, this one. */
  get name() {
    return this.#settings.name;
  }

  /** Whether the broker can be reached. */
  get isUp() {
    return this.#link.isUp;
  }

  /**
   * Sends a message to all clients of all servers. True: all are below the high-water mark, and the broker has it.
   * False: some should be waited for, or the others do not get it.
   * @throws {TypeError} for data that JSON cannot express
   */
  broadcast(type, data) {
    toText(type, 'type');
    const body = bodyOf('broadcast', content(type, data));
    if (this.#closing !== null || this.#refuses(body)) return false;
    const below = this.#server.broadcast(type, data);
    return this.#send(this.#all, body) && below;
  }

  /**
   * Sends a message to the clients with this id, wherever they are. True: it is on its way. False: there is none, or
   * it was dropped, or `drain` should be awaited.
   * @throws {TypeError} for data that JSON cannot express
   */
  emit(id, type, data) {
    toId(id);
    toText(type, 'type');
    if (this.#closing !== null) return false;
    const sockets = this.#locals.find(id);
    const peers = this.#members.directory.holders(id);
    if (sockets.length + peers.length === 0) {
      this.#counters.drop('down', null, type);
      return false;
    }
    const body = peers.length > 0 ? bodyOf('emit', { to: id, ...content(type, data) }) : null;
    if (body !== null && this.#refuses(body)) return false;
    let all = true;
    for (const socket of sockets) all = this.#server.emit(socket, type, data) && all;
    for (const peer of peers) all = this.#send(peer, body) && all;
    return all;
  }

  /**
   * Asks the client with this id, wherever it is, and resolves with its answer: as `request` of a server. Of several with
   * this id it is the last that is known.
   */
  async request(id, type, data, options = {}) {
    toId(id);
    checkAsk(type, options);
    if (this.#closing !== null) throw noClient(id);
    const socket = this.#locals.find(id).at(-1);
    if (socket !== undefined) return this.#server.request(socket, type, data, options);
    if (options.signal?.aborted) throw abortError(options.signal);
    this.#members.flush(); // which may bring news of the others
    const peer = this.#members.directory.holders(id).at(-1);
    if (peer === undefined) throw noClient(id);
    return this.#questions.ask(peer, id, type, data, options);
  }

  /** All clients of all servers, as far as this one knows: `{id, server, local}`. */
  clients() {
    if (this.#closing !== null) return [];
    const { name } = this;
    const list = this.#locals.ids().map((id) => ({ id, server: name, local: true }));
    for (const peer of this.#members.directory.listed) {
      for (const [id, count] of peer.ids) {
        for (let i = 0; i < count; i++) list.push({ id, server: peer.name, local: false });
      }
    }
    return list;
  }

  /** All servers, this one first: `{name, clients, local}`. */
  servers() {
    if (this.#closing !== null) return [];
    const others = this.#members.directory.listed;
    return [
      { name: this.name, clients: this.#locals.size, local: true },
      ...others.map(({ name, size }) => ({ name, clients: size, local: false })),
    ];
  }

  /**
   * Gives the client at the other end of `socket` an id. False: it has disconnected already.
   * @throws {TypeError} for what is not a socket of this server, or not an id
   */
  identify(socket, id) {
    toId(id);
    if (!this.#locals.has(socket)) {
      if (socket?._owner === this.#server) return false;
      throw argumentError('socket', 'a socket of this server', socket);
    }
    const before = this.#locals.idOf(socket);
    this.#locals.name(socket, id);
    if (before === id) return true;
    this.#members.changed();
    this.#tell('clientLeave', { id: before, server: this.name, local: true });
    this.#tell('clientJoin', { id, server: this.name, local: true });
    return true;
  }

  /** The id of the client at the other end of a socket of this server; undefined if it has disconnected. */
  idOf(socket) {
    return this.#locals.idOf(socket);
  }

  /** A copy of what was counted; see `ClusterStats` in index.d.ts. */
  stats() {
    const { published, queued } = this.#link;
    return { published, bytesQueued: queued, ...this.#counters.snapshot() };
  }

  /** Leaves, and closes the broker's client. The server and its clients stay. Resolves when that is done. */
  close() {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    await null; // from here on it counts as closed
    this.#detach();
    this.#unwatch?.();
    this.#members.stop();
    this.#members.bye();
    this.#questions.goneAll('This server has left the cluster');
    this.#members.clear();
    await this.#session.close();
    this.#link.turn(false);
    joined.delete(this.#server);
    this.#tell('close');
  }

  // ---- the broker ------------------------------------------------------------------------------------

  /** Called once, by index.js. */
  _open() {
    return this.#session.open();
  }

  #makeSession(settings) {
    const { broker } = settings;
    const subscribe = async (subject, isToAll) =>
      broker.subscribe(subject, (bytes) => this.#onMessage(bytes, isToAll));
    return new Session(settings, {
      subscribe: () =>
        Promise.all([subscribe(this.#all.subject, true), subscribe(this.#own, false)]),
      turn: (isUp) => this.#link.turn(isUp),
      begin: (isFirst) => {
        this.#told.clear();
        this.#members.beat(true);
        if (isFirst) this.#members.start();
        else this.#tell('up');
      },
      end: (error) => {
        this.#questions.goneAll('The broker went away');
        this.#tell('down', error);
      },
      failed: (thrown) => this.#report(thrownBy('options.broker', thrown)),
    });
  }

  // ---- what goes out ---------------------------------------------------------------------------------

  /** Whether a message is too long for the broker: then nobody gets it. */
  #refuses(body) {
    const problem = this.#link.tooLarge(body);
    if (problem !== null) this.#lose(problem, body);
    return problem !== null;
  }

  #send(target, body) {
    const problem = this.#link.obstacle();
    if (problem !== null) {
      this.#lose(problem, body);
      return false;
    }
    this.#members.flush(); // who gets it may answer to these clients
    return this.#link.publish(target, body);
  }

  /** A message does not reach the other servers. What the broker is the cause of is told once, until it is back. */
  #lose({ reason, error }, body) {
    this.#counters.drop(reason, body);
    if (reason === 'down' || reason === 'failed') {
      if (this.#told.has(reason)) return;
      this.#told.add(reason);
    }
    this.#report(error);
  }

  // ---- what comes in -----------------------------------------------------------------------------------

  #onMessage(bytes, isToAll) {
    if (this.#closing !== null || this.#isOwn(bytes)) return;
    const frame = decode(bytes, isToAll);
    const peer = frame === null ? null : this.#members.directory.meet(frame.from);
    if (peer === null) {
      this.#counters.drop('invalid', isBytes(bytes) ? bytes : null);
      return;
    }
    const missed = peer.takeNumber(frame.n, isToAll);
    if (missed === -1) {
      this.#counters.duplicates++;
      return;
    }
    this.#counters.missed += missed;
    this.#counters.received++;
    peer.isHeard = true;
    if (!this.#members.take(peer, frame) && !this.#questions.take(peer, frame))
      this.#deliver(frame);
  }

  #isOwn(bytes) {
    const { mark } = this.#link;
    return (
      isBytes(bytes) && bytes.length >= mark.length && mark.equals(bytes.subarray(0, mark.length))
    );
  }

  /** A message of another server's program, for clients of this one. */
  #deliver(frame) {
    const server = this.#server;
    const { kind, to, type } = frame;
    try {
      if (kind === 'broadcast') {
        server.broadcast(type, dataOf(frame));
        return;
      }
      const sockets = this.#locals.find(to);
      if (sockets.length === 0) this.#counters.drop('down', null, type); // it has left meanwhile
      for (const socket of sockets) server.emit(socket, type, dataOf(frame));
    } catch (error) {
      this.#report(error); // a parser does not let it pass
    }
  }

  // ---- who is there --------------------------------------------------------------------------------------

  #onConnect(socket) {
    const id = this.#locals.add(socket);
    this.#members.changed();
    this.#tell('clientJoin', { id, server: this.name, local: true });
  }

  #onDisconnect(socket) {
    const id = this.#locals.idOf(socket);
    if (id === undefined) return;
    this.#locals.remove(socket);
    this.#members.changed();
    this.#tell('clientLeave', { id, server: this.name, local: true });
  }

  #onMember(event, peer, clientId) {
    const { name, size } = peer;
    if (clientId !== undefined) {
      this.#tell(event, { id: clientId, server: name, local: false });
      return;
    }
    if (event === 'serverBack') {
      this.#questions.forgotten(peer, `The server ${name} was away`);
      return;
    }
    if (event === 'serverLeave' && !peer.ended) this.#questions.silent(peer);
    if (event === 'serverLeave') this.#questions.gone(peer, `The server ${name} went away`);
    this.#tell(event, { name, clients: size, local: false });
  }

  // ---- events ----------------------------------------------------------------------------------------------

  #report(error) {
    publishError(this.#server, error);
    this.#tell('error', error);
  }

  #tell(event, ...facts) {
    undisturbed(() => this.publish(event, ...facts));
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }
}

/** @throws {TypeError} for what no client can have as its id */
function toId(id) {
  if (isId(id)) return id;
  const expected = `a string of 1 to ${LONGEST_ID} characters`;
  if (typeof id !== 'string') throw argumentError('id', expected, id);
  throw valueError(
    `The "id" argument must be ${expected}. Received a string of ${id.length} characters`,
  );
}

module.exports = Cluster;
