'use strict';
// The one module that talks to the native addon: open, write, close, events. socket.js, listener.js,
// datagram-socket.js and server.js (for broadcasts) are its only users; another engine could stand behind
// the same classes.
//
// A native hub (an I/O thread, an event queue, one wake-up function) exists while at least one
// connection or listener does, and none before the first or after the last.
//
// Out: frames collect in a connection (connection.js) during a turn and cross the border in one call.
// In: the hub wakes `drain`, which takes one event per call; all frames of one read are one event. Where
// the event loop watches the sockets, it calls `drain` with the first event.

const { Connection, Listener, Shared } = require('./connection');
const { Datagrams, HEADER } = require('./datagrams');
const { publishStart } = require('../diagnostics/channels');
const { refused } = require('../errors');
const native = require('./native');
const { now, setImmediate } = require('./timers');

/** UTF-16 units and events after which `drain` lets the event loop turn. */
const TURN_UNITS = 256 * 1024;
const TURN_EVENTS = 64;

// Mirrors deliver.rs: header[0] is the kind, header[1] the handle, header[2] the number of frames
// or the listener; frames.js and datagrams.js read what follows.
const MORE = 3;
const PUT_OFF = 4;
const NOTHING = 0;
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

const settled = Promise.resolve();

/** The current hub with everything that lives and ends with it, or null. */
let current = null;

/**
 * Whether sockets may be watched by the event loop itself, which spares a thread hop per message. The
 * environment variable FERRIPC_DRIVER (`loop` or `tokio`) forces one, for tests and bug reports; where
 * the runtime has no libuv (Bun, Deno), and on Windows, the I/O thread has them all.
 */
function mayUseLoop() {
  const { bun, deno } = process.versions;
  return process.env.FERRIPC_DRIVER !== 'tokio' && !bun && !deno;
}

/**
 * The hub's life that goes on, or a new one; or, where the system has no descriptor or thread left for
 * it, `{error}`: what the call `syscall`, directed at `where`, failed with.
 */
function acquire(syscall, where) {
  if (current !== null) return current;
  const { Hub } = native.load();
  try {
    current = new Activity(Hub);
    return current;
  } catch (thrown) {
    const error = refused(syscall, thrown.message, where);
    if (error.errno === undefined) throw thrown;
    return { error };
  }
}

/** One life of a native hub. */
class Activity {
  constructor(Hub) {
    this.header = new Uint32Array(HEADER);
    /** Handle -> Connection or Listener. */
    this.endpoints = new Map();
    /** How many endpoints keep the process alive. */
    this.referenced = 0;
    /** Connections with pending frames. */
    this.dirty = [];
    this.flushScheduled = false;
    /** The frame that is being sent to many connections, see connection.js; or null. */
    this.shared = null;
    this.draining = false;
    /** Frames whose delivery was interrupted: by a handler that threw, or by a pause that ended. */
    this.interrupted = [];
    const turn = mayUseLoop() ? (event) => this.drain(event, true) : undefined;
    this.hub = new Hub(() => this.drain(), turn, this.header);
    [this.next, this.write, this.writeShared, this.writeBytes] = this.hub.calls();
    // A worker of Deno ends without finalizing anything.
    if (process.versions.deno) this.hub.endWithEnvironment();
    this.onExit = () => this.flush();
    // What was emitted in the turn that calls process.exit() has to be on its way by then.
    process.on('exit', this.onExit);
    publishStart(() => ({ ...native.loaded(), driver: this.driver }));
  }

  /** What drives the connections: 'loop' (this thread's) or 'tokio' (an I/O thread). */
  get driver() {
    return this.hub.isOnLoop() ? 'loop' : 'tokio';
  }

  add(endpoint) {
    this.endpoints.set(endpoint.id, endpoint);
    endpoint.ref();
  }

  remove(endpoint) {
    if (!this.endpoints.delete(endpoint.id)) return;
    endpoint.unref();
    if (this.endpoints.size === 0) this.dispose();
  }

  dispose() {
    if (current === this) current = null;
    process.removeListener('exit', this.onExit);
    this.hub.dispose();
    this.hub = null;
  }

  /** The hub's answer to a request for an endpoint. An error may leave nothing to go on for. */
  answer(json) {
    const answer = JSON.parse(json);
    if (answer.error && this.endpoints.size === 0) this.dispose();
    return answer;
  }

  /** What `listen` returns, from the hub's answer. */
  listener(json, { framing }, sink) {
    const { error, id, address } = this.answer(json);
    if (error) return { error };
    return { listener: new Listener(this, id, framing, sink), address };
  }

  reference(step) {
    const before = this.referenced;
    this.referenced += step;
    if (before === 0 || this.referenced === 0) this.hub.keepAlive(this.referenced > 0);
  }

  /** Sees to it that `connection` is flushed before this turn ends. */
  schedule(connection) {
    this.dirty.push(connection);
    if (this.draining || this.flushScheduled) return;
    this.flushScheduled = true;
    settled.then(() => this.flush());
  }

  flush() {
    this.flushScheduled = false;
    const { dirty } = this;
    if (dirty.length === 0) return;
    this.dirty = [];
    for (let i = 0; i < dirty.length;) i = this.flushAlike(dirty, i);
  }

  /** Flushes the connection at `from`, and with it those after it in which the same waits. */
  flushAlike(dirty, from) {
    const first = dirty[from];
    let to = from + 1;
    if (first instanceof Connection && first.pending !== '' && this.shared === null) {
      while (to < dirty.length && dirty[to] instanceof Connection && first.isAlike(dirty[to])) to++;
    }
    if (to === from + 1) {
      first.flush();
    } else {
      for (let i = from; i < to; i++) dirty[i].flushShared();
      this.hub.dropShared();
    }
    return to;
  }

  /** Taking events goes on in the next turn; until then the event loop does not begin with one. */
  get putOff() {
    return this.header[PUT_OFF] === 1;
  }

  /**
   * Takes events until there are none, or until it is time to let the event loop turn. A turn of the event
   * loop itself begins with one that is `taken` already; the header then says whether there are more.
   */
  drain(event, taken = false) {
    if (this.draining || this.putOff) return;
    const { header, interrupted } = this;
    let units = TURN_UNITS;
    let events = TURN_EVENTS;
    let done = false;
    this.draining = true;
    try {
      while (!done && units > 0 && events-- > 0) {
        if (!taken && interrupted.length > 0) {
          interrupted.shift().deliver();
        } else {
          if (!taken) event = this.next();
          if (header[0] === NOTHING) {
            done = true;
            break;
          }
          const last = taken && header[MORE] === 0;
          taken = false;
          if (typeof event === 'string') units -= event.length;
          // The loop turns after each new connection, so that the ends of short visits are seen in
          // between and do not pile up as connections.
          if (header[0] === ACCEPTED) events = 0;
          this.dispatch(event);
          done = last;
        }
        this.flush();
      }
    } finally {
      this.draining = false;
      this.flush();
      if (!done && (this.hub !== null || interrupted.length > 0)) this.continueSoon();
    }
  }

  /** Goes on draining in the next turn of the event loop. */
  continueSoon() {
    if (this.putOff) return;
    this.header[PUT_OFF] = 1;
    setImmediate(() => {
      this.header[PUT_OFF] = 0;
      this.drain();
    });
  }

  /** Reading starts (`start`) when handlers of a new connection had their turn to set it up. */
  dispatch(payload) {
    const { header } = this;
    const id = header[1];
    if (header[0] === ACCEPTED) {
      const listener = this.endpoints.get(header[2]);
      if (listener === undefined) {
        this.hub.destroy(id);
        return;
      }
      const addresses = payload === 'null' ? null : JSON.parse(payload);
      try {
        listener.sink._onAccepted(new Connection(this, id, listener), addresses);
      } finally {
        this.hub?.start(id);
      }
      return;
    }
    const endpoint = this.endpoints.get(id);
    if (endpoint === undefined) return; // destroyed while the event was on its way
    const { sink } = endpoint;
    switch (header[0]) {
      case FRAMES:
        endpoint.arrived(payload, header);
        break;
      case CHUNK:
        endpoint.inOrder(() => sink._onChunk(payload));
        break;
      case OPEN:
        try {
          sink._onOpen(JSON.parse(payload));
        } finally {
          this.hub?.start(id);
        }
        break;
      case END:
        endpoint.inOrder(() => sink._onEnd());
        break;
      case DRAIN:
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
        sink._onPartial();
        break;
      case LISTENER_CLOSED:
        this.remove(endpoint);
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
  const id = activity.hub.connect(options);
  return { connection: new Connection(activity, id, options.framing, sink) };
}

/**
 * Listens. `options`: see ListenOptions in options.rs. Returns `{listener, address}`, where
 * `address` is null for a path, or `{error}` with the fields of a Node system error.
 */
function listen(options, sink) {
  const activity = acquire('listen', options);
  if (activity.error) return activity;
  return activity.listener(activity.hub.listen(options), options, sink);
}

/**
 * A listener that gets its connections by `adopt(descriptor)`. As `listen`; the path, if any, is only
 * checked.
 */
function listenElsewhere(options, sink) {
  const activity = acquire('listen', options);
  if (activity.error) return activity;
  return activity.listener(activity.hub.listenElsewhere(options), options, sink);
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

/** Runs `send`, which sends one frame to many connections of the same framing. Returns what it does. */
function broadcast(frame, send) {
  const activity = current;
  if (activity === null || activity.shared !== null || frame instanceof Uint8Array) return send();
  activity.shared = new Shared(frame);
  try {
    return send();
  } finally {
    activity.shared = null;
    activity.hub?.dropShared();
  }
}

/** What drives the connections that there are: 'loop' or 'tokio'; null while there are none. */
function currentDriver() {
  return current === null ? null : current.driver;
}

/** What would drive connections in this process, for reports: 'loop' or 'tokio' (the I/O thread). */
function driver() {
  const { Hub } = native.load();
  const hub = new Hub(() => {}, mayUseLoop() ? () => {} : undefined, new Uint32Array(HEADER));
  try {
    return hub.isOnLoop() ? 'loop' : 'tokio';
  } finally {
    hub.dispose();
  }
}

module.exports = {
  bind,
  broadcast,
  connect,
  currentDriver,
  driver,
  listen,
  listenElsewhere,
  /** Loads the addon ahead of a call that comes in a later turn, where nobody could catch what this throws. */
  load: native.load,
};
