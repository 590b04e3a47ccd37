'use strict';
// The events of the JavaScript engine, in order, until the consumer (../engine.js) takes them. One queue for each hub.
// The kinds are those of src/binding/deliver.rs, which ../engine.js mirrors, too.

const KINDS = {
  FRAMES: 1,
  CHUNK: 2,
  OPEN: 3,
  ACCEPTED: 4,
  END: 5,
  DRAIN: 6,
  FINISHED: 7,
  CLOSED: 8,
  TOO_LARGE: 9,
  TRUNCATED: 10,
  ACCEPT_FAILED: 11,
  LISTENER_CLOSED: 12,
  PARTIAL: 13,
  DATAGRAMS: 14,
  DATAGRAM: 15,
  DATAGRAM_TOO_LARGE: 16,
  DATAGRAM_FAILED: 17,
  DATAGRAMS_CLOSED: 18,
  DROPPED: 19,
};

/** The most that may wait before reading stops: bytes, or UTF-16 units, and events. */
const MOST_WEIGHT = 1024 * 1024;
const MOST_EVENTS = 1024;

/** An accepted connection that nobody has taken yet counts as much. */
const ACCEPTED_WEIGHT = 16 * 1024;

/** How many taken events are removed together. */
const FORGET_AT = 256;

function weightOf({ kind, payload, text }) {
  if (kind === KINDS.ACCEPTED) return ACCEPTED_WEIGHT;
  return kind === KINDS.CHUNK || kind === KINDS.DATAGRAM ? payload.length : (text?.length ?? 0);
}

class Events {
  /** It keeps its room when all of them are taken: most are taken as soon as they are here. */
  #list = [];
  #count = 0;
  #taken = 0;
  #weight = 0;
  #wake;
  /** Callbacks of Node's sockets that run: they are turns of the event loop already. */
  #depth = 0;
  #isAnnounced = false;
  /** Readers that stopped because too much was waiting. */
  #stopped = new Set();
  #soon;

  /** `wake` makes the consumer take events; `soon(act)` calls `act` in a turn of the event loop. */
  constructor(wake, soon) {
    this.#wake = wake;
    this.#soon = soon;
  }

  /** `event`: `{kind, id}`, and what goes with it: see `Hub.take` in hub.js. */
  post(event) {
    if (this.#wake === null) return;
    this.#list[this.#count++] = event;
    this.#weight += weightOf(event);
    // Nothing is delivered during the call that caused it.
    if (this.#depth === 0) this.#announce();
  }

  #announce() {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#soon(() => {
      this.#isAnnounced = false;
      this.#wake?.();
    });
  }

  /** Runs `act`, a callback of a socket of Node's, and has what it posts taken in this turn. */
  within(act) {
    this.enter();
    try {
      act();
    } finally {
      this.leave();
    }
  }

  /** The same in two calls, for what is called with each read. `leave` is called for each `enter`. */
  enter() {
    this.#depth++;
  }

  leave() {
    this.#depth--;
    if (this.#depth === 0 && this.#taken < this.#count) this.#wake?.();
  }

  get #isFull() {
    return this.#weight >= MOST_WEIGHT || this.#count - this.#taken >= MOST_EVENTS;
  }

  /** Whether `reader` has to stop for now; then its `goOn` is called when there is room. */
  stops(reader) {
    if (!this.#isFull) return false;
    this.#stopped.add(reader);
    return true;
  }

  /** The oldest event, without taking it. */
  get first() {
    return this.#list[this.#taken];
  }

  take() {
    const event = this.#list[this.#taken];
    if (event === undefined) return undefined;
    this.#list[this.#taken++] = undefined;
    if (this.#taken === this.#count) {
      this.#taken = this.#count = 0;
    } else if (this.#taken >= FORGET_AT) {
      this.#list.splice(0, this.#taken);
      this.#count -= this.#taken;
      this.#taken = 0;
    }
    this.#weight -= weightOf(event);
    if (this.#stopped.size > 0 && !this.#isFull) this.#goOn();
    return event;
  }

  #goOn() {
    const readers = [...this.#stopped];
    this.#stopped.clear();
    for (const reader of readers) reader.goOn();
  }

  /** Nobody takes any more. */
  close() {
    this.#wake = null;
    this.#list = [];
    this.#taken = this.#count = this.#weight = 0;
    this.#stopped.clear();
  }
}

module.exports = { Events, ...KINDS };
