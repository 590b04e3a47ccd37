'use strict';
// When a message leaves: at once, or together with others. Used by connection.js and datagrams.js for each
// message, held by engine.js.
//
// A system call takes three times as long as making a message, so a burst is joined. But a program that
// emits and then computes, waits for a child process or kills itself relies on node-ipc's writing at once.
// So a message is held back only within a burst: when others have gone in the same turn, and the last
// write is no longer ago than LATE. A connection that has had one burst after the other for a while is in
// a stream; then the first message of a turn is held back, too, unless there was a pause before it.

const { clock } = require('./timers');

/** How long ago, in ms, the last write may be in a burst. */
const LATE = 0.5;

/** So many messages of a turn go at once, before a burst is taken for one: programs that ask and answer never wait. */
const FREE = 8;

/** The same while several messages of one read are delivered, each of which may be answered. */
const FREE_IN_BATCH = 1;

/** So many turns in a row with a burst are a stream. */
const STREAM = 8;

/** So many are counted at most. A turn without a burst takes half of them back. */
const MOST_BURSTS = 4 * STREAM;

/** How long ago, in ms, the last write may be in a stream. */
const PAUSE = 10;

/** While a burst is fast, so many messages of a turn go by between two looks at the clock. */
const MOST_SKIPPED = 3;

const settled = Promise.resolve();

class Bursts {
  /** The event that is being delivered has several messages. */
  isBatch = false;
  /** There are no bursts: for good, or in this turn. */
  #areOver = false;
  #areOverForGood = false;
  #turn = 1;
  #activity;
  #ending = false;
  /** The clock was read at `#lookedAt`; so many messages go by before the next time. */
  #lookedAt = 0;
  #skip = 0;
  #step = 0;
  /** A message has asked since the last handler. */
  #asked = false;

  /** `activity`: see engine.js. Its `endTurn` is called at the end of each turn in which something was sent. */
  constructor(activity) {
    this.#activity = activity;
  }

  /** Whether a message of `endpoint`, for which nothing is pending, may go at once. */
  mayGo(endpoint) {
    if (endpoint.turn !== this.#turn) return this.#begin(endpoint);
    if (this.#areOver) return true;
    if (endpoint.free === 0) {
      if (this.isLate(endpoint)) return true;
      this.#joins(endpoint);
      return false;
    }
    if (--endpoint.free === 0) endpoint.wroteAt = clock();
    return true;
  }

  /** The first message of a turn. */
  #begin(endpoint) {
    const { underWay } = this.#activity.turns; // its end is the end of the turn
    if (!underWay && !this.#ending) this.#endSoon();
    if (endpoint.burstIn !== endpoint.turn) endpoint.bursts >>= 1;
    endpoint.turn = this.#turn;
    if (endpoint.bursts >= STREAM && !this.#areOver) {
      const now = clock();
      const pause = now - endpoint.wroteAt;
      endpoint.wroteAt = now;
      endpoint.free = 0;
      if (pause >= PAUSE) return true;
      this.#joins(endpoint);
      return false;
    }
    endpoint.free = (underWay && this.isBatch ? FREE_IN_BATCH : FREE) - 1;
    if (endpoint.free === 0) endpoint.wroteAt = clock();
    return true;
  }

  /** There is a burst in this turn. */
  #joins(endpoint) {
    if (endpoint.burstIn === this.#turn) return;
    endpoint.burstIn = this.#turn;
    if (endpoint.bursts < MOST_BURSTS) endpoint.bursts++;
  }

  /** Whether the last write of `endpoint` is so long ago that the burst has ended. */
  isLate(endpoint) {
    this.#asked = true;
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (this.#areOver) return true;
    const now = clock();
    const isFast = now - this.#lookedAt < LATE;
    this.#lookedAt = now;
    this.#step = isFast ? Math.min(2 * this.#step + 1, MOST_SKIPPED) : 0;
    this.#skip = this.#step;
    if (now - endpoint.wroteAt < LATE) return false;
    endpoint.wroteAt = now;
    if (endpoint.bursts < STREAM) endpoint.free = FREE - 1;
    return true;
  }

  /** The same between two handlers of a batch, unless the last one has found out. */
  isLateByNow(endpoint) {
    const asked = this.#asked;
    this.#asked = false;
    return !asked && this.isLate(endpoint);
  }

  /** A turn has ended. */
  end() {
    this.#turn++;
    this.isBatch = false;
    this.#skip = 0;
    this.#ending = false;
    this.#areOver = this.#areOverForGood;
  }

  /** From now on every message goes at once: `forGood`, or until this turn ends. */
  stop(forGood) {
    this.#areOver = true;
    this.#areOverForGood = forGood;
    this.#skip = 0;
    if (!forGood) this.#endSoon();
  }

  /** Several of `endpoints` are about to be written to, within the burst: not long after the clock was read. */
  goOn(endpoints) {
    for (const endpoint of endpoints) endpoint.wroteAt = this.#lookedAt;
  }

  #endSoon() {
    this.#ending = true;
    settled.then(() => this.#activity.endTurn());
  }
}

module.exports = Bursts;
