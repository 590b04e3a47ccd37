'use strict';
// The one module that talks to the engine: open, write, close, events. socket.js, listener.js,
// datagram-socket.js and server.js (for broadcasts) are its only users. The engine is the addon or, where no binary
// loads, the one in js/, which has the same class: see native.js.
//
// A hub (an I/O thread, an event queue, one wake-up function) exists while at least one
// connection or listener does, and none before the first or after the last.
//
// Out: a frame crosses the border when it is sent, or in a burst (bursts.js) together with others: see departures.js.
// In: one event at a time, see turns.js; all frames of one read are one event.

const { Connection } = require('./connection');
const { Datagrams, HEADER } = require('./datagrams');
const Departures = require('./departures');
const { Listener } = require('./listener');
const { publishStart } = require('../diagnostics/channels');
const { hasLibuv, mayWatch } = require('./loop');
const native = require('./native');
const { lazily, now, setImmediate } = require('../core');
const { Turns, within } = require('./turns');

const packets = lazily(() => require('./packets'));

// Mirrors deliver.rs: header[0] is the kind, header[1] the handle, header[2] the number of frames
// or the listener; turns.js, frames.js and datagrams.js read what follows.
const FRAMES = 1;
const CHUNK = 2;
const OPEN = 3;
const ACCEPTED = 4;
const END = 5;
const DRAIN = 6;
const FINISHED = 7;
const CLOSED = 8;
const TOO_LARGE = 9;
const TRUNCATED = 10;
const ACCEPT_FAILED = 11;
const LISTENER_CLOSED = 12;
const PARTIAL = 13;
const DATAGRAMS = 14;
const DATAGRAM = 15;
const DATAGRAM_TOO_LARGE = 16;
const DATAGRAM_FAILED = 17;
const DATAGRAMS_CLOSED = 18;
const DROPPED = 19;

/** Where the number of the event loop's turn is in the header: 0 where it does not call. */
const TURN = 6;

/** Where the description of an event goes on in the header. */
const EVENT_GOES_ON = 7;

/** The current hub with everything that lives and ends with it, or null. */
let current = null;

/**
 * The current hub's life, or a new one. Where the system has no descriptor or thread left for it: `{error}`, the
 * failure of the call `syscall`, directed at `where`.
 */
function acquire(syscall, where) {
  if (current !== null) return current;
  const { Hub } = native.engine();
  const { made, error } = native.attempt(() => new Activity(Hub), syscall, where);
  if (error) return { error };
  current = made;
  return current;
}

/** One life of a native hub. */
class Activity extends Departures {
  constructor(Hub) {
    super();
    this.header = new Uint32Array(HEADER);
    /** Handle -> Connection or Listener. */
    this.endpoints = new Map();
    /** How many endpoints keep the process alive. */
    this.referenced = 0;
    /** Answers that the hub still owes. */
    this.asked = 0;
    const wake = () => this.turns.drain();
    const turn = hasLibuv() ? (event) => this.turns.take(event) : undefined;
    this.hub = native.instance(
      () => new Hub(wake, turn, mayWatch(), this.header, this.bursts.ticks),
    );
    this.turns = new Turns(this, this.hub);
    [
      this.next,
      this.write,
      this.writeShared,
      this.writeBytes,
      this.hold,
      this.writePieces,
      this.sendDatagrams,
    ] = this.hub.calls();
    this.watchForTheEnd();
    publishStart(() => ({ ...native.loaded(), driver: this.driver }));
  }

  /** What drives the connections: see `driverOf`. */
  get driver() {
    return driverOf(this.hub);
  }

  add(endpoint) {
    this.endpoints.set(endpoint.id, endpoint);
    endpoint.ref();
  }

  remove(endpoint) {
    if (!this.endpoints.delete(endpoint.id)) return;
    endpoint.unref();
    this.hub.dropScope(endpoint.id);
    this.disposeSoon();
  }

  /** Unless a connection or listener comes in between, or has not reported its end yet. */
  disposeSoon() {
    if (this.endpoints.size > 0 || this.asked > 0 || this.ending) return;
    this.ending = true;
    this.turns.putOff(() => {
      this.ending = false;
      if (this.turns.isIdle && this.endpoints.size === 0 && this.asked === 0) this.dispose();
      else this.disposeSoon();
    });
  }

  dispose() {
    if (current === this) current = null;
    this.stopWatching();
    this.hub.dispose();
    this.hub = null;
    this.next = () => void (this.header[0] = 0); // the hub does not write to the header any more
    this.turns.outlive();
  }

  /** The hub's answer to a request for an endpoint. An error may leave nothing to go on for. */
  answer(json) {
    return this.answered(JSON.parse(json));
  }

  answered(answer) {
    if (answer.error) this.disposeSoon();
    return answer;
  }

  /** A connection with this handle. */
  connection(id, framing, sink) {
    const { greeting } = framing;
    const Kind = greeting === undefined ? Connection : packets().PacketConnection;
    return new Kind(this, id, framing, sink);
  }

  /** What `listen` returns, from the hub's answer. */
  listener({ error, id, address }, { framing }, sink) {
    if (error) return { error };
    if (framing.greeting !== undefined) packets(); // later there may be no descriptor left to read it
    return { listener: new Listener(this, id, framing, sink), address };
  }

  /** As `listen`, where the hub answers later. Meanwhile this goes on. */
  listenLater(options, sink, done) {
    this.asked++;
    this.hub.listen(options, (answer) => {
      this.asked--;
      done(this.listener(this.answered(answer), options, sink));
    });
  }

  reference(step) {
    const before = this.referenced;
    this.referenced += step;
    if (before === 0 || this.referenced === 0) this.hub.keepAlive(this.referenced > 0);
  }

  /** Delivers the event that the header tells of, in the scope of its connection or listener: see turns.js. */
  dispatch(payload, enter) {
    const { header } = this;
    const endpoint = this.endpoints.get(header[0] === ACCEPTED ? header[2] : header[1]);
    if (endpoint !== undefined) {
      if (endpoint.early > 0) this.#deliverLater(endpoint, payload);
      else if (enter) endpoint.sink._scope.run(() => this.deliver(endpoint, payload));
      else this.deliver(endpoint, payload);
    } else if (header[0] === ACCEPTED) {
      this.hub.destroy(header[1]); // its listener is gone
    }
  }

  /** The endpoint has not been announced yet: see `announce` in connection.js. */
  #deliverLater(endpoint, payload) {
    const header = this.header.slice();
    endpoint.announce(() => {
      // Between the first three and these are the numbers of turns.js.
      this.header.set(header.subarray(0, 3));
      this.header.set(header.subarray(EVENT_GOES_ON), EVENT_GOES_ON);
      this.deliver(endpoint, payload);
    });
  }

  /** Whether the header tells of one of many events, between which nothing needs to happen. */
  isBulk() {
    const kind = this.header[0];
    return kind === FRAMES || kind === CHUNK || kind === PARTIAL || kind === DRAIN;
  }

  /** A program that reads the stream gets the bytes of a read in the turn of its frames, as in node:net. */
  #goOnReading(connection) {
    const payload = connection.hub?.nextOf(connection.id);
    if (payload !== undefined && this.header[0] !== 0) this.deliver(connection, payload);
  }

  /** Without a payload, nothing was there after all. */
  #deliverChunk(endpoint, payload, framed) {
    if (payload !== undefined) endpoint.inOrder(() => endpoint.sink._onChunk(payload, framed));
  }

  /** What the handlers of the last frames do in `setImmediate` comes first, as in node:net. */
  #end(endpoint, turnBefore) {
    const end = () => endpoint.inOrder(() => endpoint.sink._onEnd());
    if (endpoint.heardIn === turnBefore) this.turns.putBefore(end, endpoint.sink._scope);
    else end();
  }

  deliver(endpoint, payload) {
    const { header } = this;
    const { sink, heardIn: turnBefore } = endpoint;
    endpoint.heardIn = header[TURN];
    switch (header[0]) {
      case FRAMES:
        endpoint.arrived(payload, header);
        if (endpoint.tapped) this.#goOnReading(endpoint);
        break;
      case CHUNK:
        this.#deliverChunk(endpoint, payload, header[2] === 1);
        break;
      case ACCEPTED:
        sink._onAccepted(this.connection(header[1], endpoint), JSON.parse(payload));
        break;
      case OPEN:
        sink._onOpen(JSON.parse(payload));
        break;
      case END:
        this.#end(endpoint, turnBefore);
        break;
      case DRAIN:
        if (endpoint.hasRefilled()) break;
        endpoint.queued = 0;
        sink._onDrain();
        break;
      case FINISHED:
        sink._onFinished();
        break;
      case CLOSED:
        this.remove(endpoint);
        endpoint.closed = JSON.parse(payload);
        endpoint.closedAt = now();
        endpoint.inOrder(() => sink._onClosed(endpoint.closed.errors));
        break;
      case TOO_LARGE:
        endpoint.inOrder(() => sink._onTooLarge(JSON.parse(payload)));
        break;
      case TRUNCATED:
        endpoint.inOrder(() => sink._onTruncated(JSON.parse(payload)));
        break;
      case ACCEPT_FAILED:
        sink._onAcceptFailed(JSON.parse(payload));
        break;
      case PARTIAL:
        endpoint.inOrder(() => sink._onPartial());
        break;
      case LISTENER_CLOSED:
        this.remove(endpoint);
        sink._onEnded?.();
        break;
      case DATAGRAMS:
        endpoint.arrived(payload, header);
        break;
      case DATAGRAM:
        endpoint.bytes(payload, header);
        break;
      case DATAGRAM_TOO_LARGE:
        endpoint.tooLarge(JSON.parse(payload), header);
        break;
      case DATAGRAM_FAILED:
        sink._onFailed(JSON.parse(payload));
        break;
      case DATAGRAMS_CLOSED:
        this.remove(endpoint);
        endpoint.total = JSON.parse(payload);
        sink._onClosed();
        break;
      case DROPPED:
        sink._onDropped(JSON.parse(payload));
        break;
    }
  }
}

/**
 * Starts connecting. `options`: see ConnectOptions in options.rs. Returns `{connection}`, or `{error}` with
 * the fields of a Node system error.
 */
function connect(options, sink) {
  const { path, addresses, port } = options;
  const activity = acquire('connect', { path, address: addresses?.[0], port });
  if (activity.error) return activity;
  const { error, id } = activity.answer(activity.hub.connect(options));
  if (error) return { error };
  return { connection: activity.connection(id, options.framing, sink) };
}

/**
 * Listens. `options`: see ListenOptions in options.rs. `done` gets `{listener, address}`, where `address` is null for a
 * path, or `{error}` with the fields of a Node system error: at once, unless it is Node that listens.
 */
function listen(options, sink, done) {
  const activity = acquire('listen', options);
  if (activity.error) done(activity);
  else if (activity.driver === 'js') activity.listenLater(options, sink, done);
  else done(activity.listener(activity.answer(activity.hub.listen(options)), options, sink));
}

/**
 * A listener that gets its connections by `adopt(descriptor)`. As `listen`; the path, if any, is only
 * checked.
 */
function listenElsewhere(options, sink) {
  const activity = acquire('listen', options);
  if (activity.error) return activity;
  return activity.listener(activity.answer(activity.hub.listenElsewhere(options)), options, sink);
}

/**
 * Binds a datagram socket. Returns `{datagrams, address}`, or `{error}` with the fields of a Node system
 * error.
 */
function bind(host, port, framing, sink) {
  const activity = acquire('bind', { address: host, port });
  if (activity.error) return activity;
  const { error, id, address } = activity.answer(activity.hub.bindDatagrams(host, port, framing));
  if (error) return { error };
  return { datagrams: new Datagrams(activity, id, framing, sink), address };
}

/** As `bind`, with `holder`, a bound socket of Node's: its descriptor is duplicated, or it is used itself. Null: it has none. */
function bindElsewhere(holder, framing, sink) {
  const activity = acquire('bind', {});
  if (activity.error) return activity;
  const { hub } = activity;
  const isOurs = activity.driver === 'js';
  const descriptor = isOurs ? 0 : holder.silence();
  if (descriptor < 0) return null;
  const bound = isOurs ? holder : descriptor;
  const { error, id, address } = activity.answer(hub.adoptDatagrams(bound, framing));
  if (error) return { error };
  return { datagrams: new Datagrams(activity, id, framing, sink), address };
}

/** Has `act` called in a later turn of the event loop, in `scope` or else the caller's. See turns.js. */
function soon(act, scope = null) {
  if (current !== null) current.turns.putOff(act, scope);
  else setImmediate(within(act, scope));
}

/**
 * The same, before further events of any connection. For what an event itself caused: otherwise it could keep further
 * events away.
 */
function first(act, scope) {
  if (current !== null) current.turns.putBefore(act, scope);
  else soon(act, scope);
}

/** Runs `send`, which sends one frame to many connections of the same framing. Returns what it does. */
function broadcast(frame, send) {
  return current === null ? send() : current.broadcast(frame, send);
}

/** Whether messages may be Packets (packets.js): the engine in JavaScript does not have them. */
const hasPackets = () => !('driver' in native.engine().Hub.prototype);

/** What drives connections: 'loop' (this thread's), 'tokio' (an I/O thread), or 'js' (Node's own sockets). */
function driverOf(hub) {
  return hub.driver ?? (hub.isOnLoop() ? 'loop' : 'tokio');
}

/** The driver of the open connections; null while there are none. */
function currentDriver() {
  return current === null ? null : current.driver;
}

/** What would drive connections in this process, for reports. */
function driver() {
  const { Hub } = native.engine();
  const nothing = () => {};
  const hub = new Hub(
    nothing,
    hasLibuv() ? nothing : undefined,
    mayWatch(),
    new Uint32Array(HEADER),
    new Uint32Array(1),
  );
  try {
    return driverOf(hub);
  } finally {
    hub.dispose();
  }
}

module.exports = {
  bind,
  bindElsewhere,
  broadcast,
  connect,
  currentDriver,
  driver,
  hasPackets,
  listen,
  listenElsewhere,
  soon,
  first,
  /** Loads the engine ahead of a call that comes in a later turn, where nobody could catch what this throws. */
  load: native.engine,
};
