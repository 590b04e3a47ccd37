'use strict';
// The JavaScript engine: it takes the place of the addon's class Hub where no binary loads. It has the same
// methods (src/binding/hub.rs and the files beside it say what each does), so that all of ../ runs unchanged above it;
// the sockets are Node's own. Made by ../engine.js, by way of ../native.js.

const { Acceptor, endsOf } = require('./acceptor');
const Bell = require('./bell');
const { DatagramHub } = require('./datagram-hub');
const { Dial } = require('./dial');
const events = require('./events');
const { Link } = require('./link');
const { findDead, pathFault } = require('./socket-file');
const { settingsFault } = require('./tls');
const { Unfinished } = require('./unfinished');
const { WORDS, addressFault, toText, toWords } = require('./words');
const { ENDS_AT, MOST_FRAMES } = require('../frames');
const { clearTimeout, process, setImmediate, setTimeout } = require('../../core');

// Mirrors deliver.rs.
const HEAD = 7;
const FORM = 8;
const PEER_AT = ENDS_AT + MOST_FRAMES;
const PARTS_AT = PEER_AT + WORDS;

/** The longest time that a timer takes, in ms. */
const LONGEST = 2 ** 31 - 1;

const addresses = (ends, facts) => {
  if (ends === null && facts === null) return 'null';
  return JSON.stringify({ ...(ends ?? { local: {}, remote: {} }), ...(facts && { tls: facts }) });
};

const OF_CONNECTIONS = new Set([
  events.OPEN,
  events.FRAMES,
  events.CHUNK,
  events.PARTIAL,
  events.DRAIN,
]);

/** Why nobody can listen like that; null if somebody can. */
function faultOf({ path, address, port, tls }) {
  const fault = path === undefined ? null : pathFault('listen', path);
  return fault ?? addressFault('listen', address, port) ?? (tls ? settingsFault(tls) : null);
}

/** The same for those who connect; a path is looked at later. */
function connectFault({ addresses = [], port, localAddress, tls }) {
  for (const address of addresses) {
    const fault = addressFault('connect', address, port);
    if (fault) return fault;
  }
  return addressFault('bind', localAddress, 0) ?? (tls ? settingsFault(tls) : null);
}

class Hub extends DatagramHub {
  #header;
  #links = new Map();
  #acceptors = new Map();
  /** Of the connections that no listener has accepted. */
  #unlimited = new Unfinished();
  #shared = null;
  #keeper = null;
  #bell = new Bell();
  /** Neither a process nor a worker thread leaves a dead socket file behind. */
  #onExit = () => {
    for (const acceptor of this.#acceptors.values()) acceptor.leave();
  };

  /** As the addon's; there is no loop that would call `turn`. */
  constructor(wake, turn, watch, header) {
    super();
    this.#header = header;
    this.events = new events.Events(wake, (act) => this.later(act));
    process.prependListener('exit', this.#onExit);
  }

  /** What drives the connections. */
  get driver() {
    return 'js';
  }

  hasTurns() {
    return false;
  }

  /** Calls `act` in a later turn of the event loop. */
  later(act) {
    this.#bell.ring(act);
  }

  /** There are no ticks. */
  burst() {}

  calls() {
    return [
      () => this.#next(),
      (id, text, delimit) =>
        this.#write(id, delimit ? text + this.#links.get(id)?.delimiter : text),
      (id, text) => this.#writeShared(id, text),
      (id, bytes) => this.#write(id, Buffer.from(bytes)), // they are the caller's again
      (id, text) => this.#write(id, text + this.#links.get(id)?.delimiter),
      undefined, // the pieces of packets, which need the binary
      (id, text, targets, count) => this.sendDatagrams(id, text, targets, count),
    ];
  }

  // ---- events ----------------------------------------------------------------------------------

  #next() {
    for (;;) {
      const event = this.events.take();
      if (event === undefined) {
        this.#header[0] = 0;
        return undefined;
      }
      if (this.#isWanted(event)) return this.#tell(event);
    }
  }

  /** False for an endpoint that was destroyed while its event was on its way. */
  #isWanted({ kind, id }) {
    switch (kind) {
      case events.ACCEPTED:
        return this.#links.has(id);
      case events.CLOSED:
        return this.#links.delete(id);
      case events.ACCEPT_FAILED:
      case events.DROPPED:
        return this.#acceptors.has(id);
      case events.DATAGRAMS_CLOSED:
        return this._dropDatagrams(id);
      default:
        return !OF_CONNECTIONS.has(kind) || this.#links.has(id) || this._hasDatagrams(id);
    }
  }

  /** Its numbers into the header; its payload is returned. */
  #tell({ kind, id, listener, payload, text, ends, peer, size, continues, framed }) {
    const header = this.#header;
    header[0] = kind;
    header[1] = id;
    if (listener !== undefined) header[2] = listener;
    if (peer !== undefined) header.set(peer, PEER_AT);
    if (framed !== undefined) header[2] = framed;
    if (ends === undefined) return payload;
    header[2] = ends.length;
    header[HEAD] = header[FORM] = 0;
    for (let i = 0; i < ends.length; i++) header[ENDS_AT + i] = ends[i];
    if (size !== undefined) {
      header[PARTS_AT] = 1;
      header[PARTS_AT + 1] = ends.length;
      header[PARTS_AT + 2] = (size << 1) | (continues ? 1 : 0);
    }
    return text;
  }

  /** Whether no event waits. Another one wakes the consumer. */
  hasNone() {
    return this.events.first === undefined;
  }

  nextOf(id) {
    const first = this.events.first;
    const isIts = first?.id === id && (first.kind === events.FRAMES || first.kind === events.CHUNK);
    if (isIts) return this.#next();
    this.#header[0] = 0;
    return undefined;
  }

  // ---- connections -----------------------------------------------------------------------------

  #link(framing, unfinished = this.#unlimited) {
    const id = this._takeId();
    const link = new Link(this, id, framing, unfinished);
    link.delimiter = framing.delimiter;
    return link;
  }

  /**
   * Calls `report`, which posts an event, and has it delivered at once; that of a handshake in a later turn: the last of
   * the handshake leaves when Node's callback returns, and the consumer may end the connection, or the process.
   */
  #report(report, isSecure) {
    if (isSecure) report();
    else this.events.within(report);
  }

  connect(options) {
    const fault = connectFault(options);
    if (fault) return JSON.stringify({ error: fault });
    const link = this.#link(options.framing);
    const { id } = link;
    this.#links.set(id, link);
    const dial = new Dial(options, (errors, socket, facts) => {
      const report = () => {
        if (errors) return link.failed(errors);
        const payload = addresses(endsOf(socket), facts);
        link.take(socket, facts !== null);
        return this.events.post({ kind: events.OPEN, id, payload });
      };
      this.#report(report, Boolean(facts));
    });
    link.connecting(() => dial.cancel());
    return JSON.stringify({ id });
  }

  /** For the calls that only pass on, see below. */
  linkOf(id) {
    return this.#links.get(id);
  }

  /** Whether it reads without `start`: that would cost another turn of the event loop. */
  approve(id) {
    return this.#links.get(id)?.approve() ?? true;
  }

  start(id) {
    this.#links.get(id)?.start();
  }

  #write(id, data) {
    return this.#links.get(id)?.write(data) ?? 0;
  }

  /** What many connections send is made once. */
  #writeShared(id, text) {
    this.#shared ??= Buffer.from(text + this.#links.get(id)?.delimiter);
    return this.#write(id, this.#shared);
  }

  dropShared() {
    this.#shared = null;
  }

  /** All that the system takes has gone, unless the process exits. */
  offer(id) {
    return this.#links.get(id)?.offer() ?? 0;
  }

  /** The process exits: see outbox.js. Or somebody has emitted the event, and it does not. */
  leaving() {
    const tell = (isLeaving) => {
      for (const link of this.#links.values()) link.leaving(isLeaving);
    };
    tell(true);
    setImmediate(() => tell(false)).unref?.();
  }

  awaitDrain(id) {
    return this.#links.get(id)?.awaitDrain() ?? false;
  }

  finish(id) {
    return this.#links.get(id)?.finish() ?? false;
  }

  close(id, linger) {
    const counted = this.counters(id); // Node forgets what the system has taken
    if (this.#links.get(id)?.close(linger)) return null;
    this.#links.delete(id);
    return counted;
  }

  destroy(id) {
    const counted = this.counters(id);
    const link = this.#links.get(id);
    this.#links.delete(id);
    link?.destroy();
    return counted;
  }

  counters(id) {
    return this.#links.get(id)?.counters() ?? [0, 0, 0];
  }

  // ---- listeners -------------------------------------------------------------------------------

  /** As the addon's, but `done` gets the answer: Node may have to look at something first. */
  listen(options, done) {
    const fault = faultOf(options);
    if (fault) return done({ error: fault });
    return findDead(options, (dead) => {
      const [id, acceptor] = this.#acceptor(options);
      acceptor.listen(options, dead, (error, address) => {
        if (error) this.#acceptors.delete(id);
        done(error ? { error } : { id, address });
      });
    });
  }

  listenElsewhere(options) {
    const fault = faultOf(options);
    return JSON.stringify(fault ? { error: fault } : { id: this.#acceptor(options)[0] });
  }

  #acceptor(options) {
    const id = this._takeId();
    const shared = this.#acceptors.get(options.shares)?.unfinished;
    const unfinished = shared ?? new Unfinished(options.framing.maxUnfinished);
    const post = (event, isSecure = false) => this.#report(() => this.events.post(event), isSecure);
    const acceptor = new Acceptor(options, {
      accepted: (socket, ends, facts) => {
        const link = this.#link(options.framing, unfinished);
        link.take(socket, facts !== null);
        this.#links.set(link.id, link);
        const payload = addresses(ends, facts);
        post({ kind: events.ACCEPTED, id: link.id, listener: id, payload }, facts !== null);
      },
      failed: (error) => post({ kind: events.ACCEPT_FAILED, id, payload: JSON.stringify(error) }),
      dropped: (ends) => post({ kind: events.DROPPED, id, payload: addresses(ends, null) }),
      closed: () => this.events.post({ kind: events.LISTENER_CLOSED, id }),
    });
    acceptor.unfinished = unfinished;
    this.#acceptors.set(id, acceptor);
    return [id, acceptor];
  }

  /** Takes the socket itself: there are no descriptors here. */
  adopt(listener, socket) {
    this.#acceptors.get(listener)?.take(socket);
    return '{}';
  }

  limitHandshakes(id, most) {
    this.#acceptors.get(id)?.limitHandshakes(most);
  }

  closeListener(id) {
    const acceptor = this.#acceptors.get(id);
    this.#acceptors.delete(id);
    acceptor?.close();
  }

  // ---- addresses -------------------------------------------------------------------------------

  addressWords(text) {
    return toWords(text);
  }

  addressText(words) {
    return toText(words);
  }

  // ---- the event loop --------------------------------------------------------------------------

  /** Sockets do not: whoever uses them says whether the process is to live on. */
  keepAlive(on) {
    this.#forget();
    if (on) this.#keeper = setTimeout(() => this.keepAlive(true), LONGEST);
  }

  #forget() {
    clearTimeout(this.#keeper);
    this.#keeper = null;
  }

  dropScope() {}

  dispose() {
    process.removeListener('exit', this.#onExit);
    this.events.close();
    this.#bell.close();
    for (const link of [...this.#links.values()]) link.abandon();
    this._destroyDatagrams();
    for (const id of [...this.#acceptors.keys()]) this.closeListener(id);
    this.#links.clear();
    this.#forget();
  }
}

/** Calls of a connection that only pass on. */
for (const name of [
  ...['setPaused', 'setTapped', 'setRaw'],
  ...['setNoDelay', 'setKeepAlive', 'setTypeOfService', 'reset'],
]) {
  Hub.prototype[name] = function (id, ...args) {
    this.linkOf(id)?.[name](...args);
  };
}

module.exports = { Hub };
