'use strict';
// The connections and datagram sockets with something pending, and when it is sent.
// bursts.js decides for each message whether it waits at all. Extended by engine.js; called by connection.js,
// delivery.js, datagrams.js and turns.js.

const { process } = require('../core');
const { isBytes } = require('../arguments');
const { Bursts } = require('./bursts');
const LastCalls = require('./last-calls');

/** Events of the process, besides 'exit', in whose handlers every message may be the last. */
const LAST_EVENTS = ['beforeExit', 'uncaughtExceptionMonitor'];

/** Whose messages go before such a call: there is one at a time. */
let departing = null;

/** One for all lives of the hub, since not every call can be put back. */
const lastCalls = new LastCalls(() => departing?.handOver());

class Departures {
  #onExit = () => this.#leave(true);
  #onLast = () => this.#leave(false);

  constructor() {
    /** What has something pending. Subclasses have `hub`, `turns` and `endpoints`. */
    this.dirty = [];
    this.bursts = new Bursts(this);
    /** The frame that is being sent to many connections; or null. */
    this.shared = null;
  }

  /** The turn in which these are emitted may not end. Our listeners come before the user's. */
  watchForTheEnd() {
    process.prependListener('exit', this.#onExit);
    for (const event of LAST_EVENTS) process.prependListener(event, this.#onLast);
    departing = this;
    lastCalls.watch();
  }

  stopWatching() {
    process.removeListener('exit', this.#onExit);
    for (const event of LAST_EVENTS) process.removeListener(event, this.#onLast);
    if (departing !== this) return;
    departing = null;
    lastCalls.unwatch();
  }

  /** Sends what waits. From now on every message goes at once: `forGood`, or for this turn. */
  #leave(forGood) {
    this.bursts.stop(forGood);
    if (forGood) this.hub?.leaving?.();
    this.handOver();
  }

  /** Sends what waits, also what was left to the I/O thread, which may not come to it: long messages over TLS. */
  handOver() {
    this.flush();
    for (const endpoint of this.endpoints.values()) {
      if (endpoint.queued > 0) endpoint.offer?.();
    }
  }

  /** Makes sure that `endpoint` is flushed before this turn ends. */
  schedule(endpoint) {
    this.dirty.push(endpoint);
    this.turns.interrupt();
  }

  endTurn() {
    this.flush();
    this.bursts.end();
  }

  /** Sends what waits, and goes on joining. */
  flushInBurst() {
    if (this.dirty.length === 0) return;
    this.bursts.goOn(this.dirty);
    this.flush();
  }

  /** Between two handlers: sends what has waited too long. */
  flushLate() {
    if (this.bursts.isLate(this.dirty[0])) this.flush();
  }

  flush() {
    const { dirty } = this;
    if (dirty.length === 0) return;
    this.dirty = [];
    for (let i = 0; i < dirty.length;) i = this.#flushAlike(dirty, i);
  }

  /** Flushes the endpoint at `from`, and with it the later ones that have the same pending. */
  #flushAlike(dirty, from) {
    const first = dirty[from];
    let to = from + 1;
    if (this.shared === null) {
      while (to < dirty.length && first.isAlike(dirty[to])) to++;
    }
    if (to === from + 1) {
      first.flush();
    } else {
      for (let i = from; i < to; i++) dirty[i].flushShared();
      this.hub.dropShared();
    }
    return to;
  }

  /** Runs `send`, which sends one frame to many connections of the same framing. Returns what it does. */
  broadcast(frame, send) {
    if (this.shared !== null || isBytes(frame)) return send();
    this.shared = new Shared(frame);
    this.bursts.share(true);
    try {
      return send();
    } finally {
      this.shared = null;
      this.bursts.share(false);
      this.hub?.dropShared();
    }
  }
}

/** One frame on its way to many connections of the same framing: the parts that they share are made once. */
class Shared {
  #before = '';
  #joined = '';
  #text = null;

  constructor(frame) {
    this.frame = frame;
  }

  /** What waits in a connection, and the frame: the same string for the same `before`. */
  join(before, delimiter) {
    if (this.#joined === '' || before !== this.#before) {
      this.#before = before;
      this.#joined = before + delimiter + this.frame;
    }
    return this.#joined;
  }

  get text() {
    return (this.#text ??= String(this.frame));
  }
}

module.exports = Departures;
