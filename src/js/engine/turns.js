'use strict';
// The turns in which events are taken and delivered, with what was put off to a later turn of the event
// loop. One for each life of a hub, made by engine.js.
//
// Each event has a turn of its own, so that promise continuations and `nextTick` run between two, as
// between the events of node:net. Where the native hub has turns (wherever there is libuv), the event loop
// itself calls `take` with each event; elsewhere the hub wakes `drain`, which takes several events where no handler
// could notice, and lets the loop turn where one could.
//
// A handler may run the event loop itself, and wait there for something: `take` is then called within
// `take`. What is left of the event whose handler that is comes first.

const { core, setImmediate } = require('../core');
const { AsyncResource } = core('async_hooks');

// Mirrors deliver.rs.
const KIND = 0;
const NOTHING = 0;
const FIRST = 3;
const LEFT = 4;
const LATER = 5;

/** UTF-16 units and events after which `drain` lets the event loop turn. */
const TURN_UNITS = 256 * 1024;
const TURN_EVENTS = 64;

class Turns {
  #activity;
  #header;
  #goOn;
  /** What was put off, in order: `act` does it. If it is `first`, it comes before further events. */
  #waiting = [];
  #first = 0;
  /** The delivery whose handler runs, unless that has its last frame. */
  #left = null;
  /** How many turns are in progress. */
  #depth = 0;
  /** Whether a handler has run the event loop in the outermost of them. */
  #nested = false;
  /** Where the hub has no turns: calls a function in one of the event loop's. Otherwise null. */
  #later = null;
  /** Whether no event waits, where the hub can tell without giving one. */
  #hasNone;
  #isDue = false;
  #isWatching = false;
  /** There, it is the events' turn. */
  #eventsNext = false;

  /** `activity`: see engine.js. If `hub` has turns, its `goOn` has the loop call `take` next time. */
  constructor(activity, hub) {
    this.#activity = activity;
    this.#header = activity.header;
    this.#hasNone = () => hub.hasNone?.() === true;
    if (hub.hasTurns()) {
      this.#goOn = () => hub.goOn();
    } else {
      this.#later = hub.later ? (act) => hub.later(act) : setImmediate;
      this.#goOn = () => this.#drainSoon();
    }
  }

  /**
   * The hub is gone, and with it its turns. What a connection has held since it was paused is put off after that: it
   * was the last one, and has ended.
   */
  outlive() {
    if (this.#later === null) this.#goOn = () => setImmediate(() => this.#takeYet());
    else this.#later = setImmediate;
  }

  #takeYet() {
    this.#header[KIND] = NOTHING;
    try {
      if (!this.isIdle || this.#left !== null) this.take();
    } finally {
      if (!this.isIdle) this.#goOn(); // what is left of an event may have come first
    }
  }

  /** A handler runs, so that this turn's end is still to come, and nobody waits for something in it. */
  get underWay() {
    return this.#depth > 0 && !this.#nested;
  }

  get isIdle() {
    return this.#waiting.length === 0;
  }

  /**
   * One turn: the event that the header tells of; or, if it tells of none, what is left or was put off. The
   * event loop has entered the event's scope already; otherwise `enter` it.
   */
  take(payload, enter = false) {
    const activity = this.#activity;
    if (this.#depth > 0) {
      this.#beginWithin();
      this.#watch();
    }
    this.#depth++;
    try {
      if (this.#header[KIND] !== NOTHING) activity.dispatch(payload, enter);
      else if (this.#left !== null) this.#left.goOn();
      else this.#takePutOff();
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#nested = false;
      activity.endTurn();
    }
  }

  /** A handler runs the event loop: what it has emitted before it began to wait goes. */
  #beginWithin() {
    this.#nested = true;
    this.#activity.endTurn();
  }

  #takePutOff() {
    const next = this.#waiting.shift();
    if (next?.first) this.#first--;
    this.#count();
    next?.act();
  }

  /** Has `act` called in a later turn of the event loop, in `scope` (scope.js) or else the caller's. */
  putOff(act, scope = null) {
    this.#waiting.push({ act: within(act, scope), first: false });
    this.#changed();
  }

  /** The same, before further events: what they are about comes after it. */
  putBefore(act, scope = null) {
    this.#first++;
    this.#waiting.push({ act: within(act, scope), first: true });
    this.#changed();
  }

  /** The same, and before all that was put off. */
  putFirst(act, scope) {
    this.#first++;
    this.#waiting.unshift({ act: within(act, scope), first: true });
    this.#changed();
  }

  #changed() {
    this.#count();
    this.#goOn();
  }

  #count() {
    this.#header[FIRST] = this.#first;
    this.#header[LATER] = this.#waiting.length - this.#first;
  }

  /** Something is to be done before a handler goes on that waits in the event loop. */
  interrupt() {
    if (this.#nested) this.#goOn();
    else this.#watch();
  }

  /** Whose frames' handlers run now, except for the last; null if nobody's do. */
  get left() {
    return this.#left;
  }

  set left(delivery) {
    this.#left = delivery;
    this.#header[LEFT] = delivery === null ? 0 : 1;
    if (this.#later !== null && delivery?.frames.count > 1) this.#watch();
  }

  // ---- where the hub has no turns ----------------------------------------------------------------

  /** There are events. */
  drain() {
    if (this.#isDue) return;
    // Within a handler, if that runs the event loop; otherwise after it.
    if (this.#depth > 0) this.#drainSoon();
    else this.#takeEvents();
  }

  /** Until there are none, or until it is time to let the event loop turn. */
  #takeEvents() {
    const activity = this.#activity;
    let units = TURN_UNITS;
    let events = TURN_EVENTS;
    let done = false;
    try {
      while (!done && units > 0 && events-- > 0 && this.#first === 0) {
        const event = activity.next();
        done = this.#header[KIND] === NOTHING;
        if (done) break;
        if (event !== undefined) units -= event.length; // text, or bytes
        if (!activity.isBulk()) events = 0;
        this.take(event, true);
      }
    } finally {
      if (!(done || this.#hasNone()) || !this.isIdle) this.#drainSoon();
    }
  }

  #drainSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    const goOn = () => this.#later(() => this.#goOnDraining());
    // What promise continuations of this turn leave to `setImmediate` comes before what was put off; and within a handler,
    // whoever runs the event loop there has a look at it in between.
    if (this.isIdle && this.#depth === 0) goOn();
    else setImmediate(goOn);
  }

  #goOnDraining() {
    this.#isDue = false;
    this.#header[KIND] = NOTHING;
    if (this.#depth > 0) this.#beginWithin();
    // A program that keeps putting something off must not keep events away.
    this.#eventsNext = this.isIdle || (!this.#eventsNext && this.#first === 0);
    if (this.#eventsNext && this.#left === null) this.#takeEvents();
    else this.#takeOne();
  }

  /** A handler may run the event loop, and what is left of its event, or waits to be sent, is to go on there. */
  #watch() {
    if (this.#later === null || this.#depth === 0 || this.#isWatching) return;
    this.#isWatching = true;
    setImmediate(() => {
      this.#isWatching = false;
      if (this.#depth > 0) this.#drainSoon();
    });
  }

  #takeOne() {
    try {
      this.take();
    } finally {
      this.#drainSoon();
    }
  }
}

/** A function that calls `act` in `scope`, see scope.js, or else in the caller's. */
function within(act, scope) {
  return scope === null ? AsyncResource.bind(act, 'ferripc') : () => scope.run(act);
}

module.exports = { Turns, within };
