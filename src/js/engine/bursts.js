'use strict';
// When a message leaves: at once, or together with others. Used by connection.js and datagrams.js for each
// message, held by engine.js.
//
// A system call takes three times as long as making a message, so a burst is joined. But a program that
// emits and then computes, waits for a child process or kills itself relies on node-ipc's writing at once. So a
// message waits for others only within a burst: when messages have gone in the same turn, and no
// beat of the pulse (pulse.js) since the last one.
//
// A connection that has had bursts for a while is `busy`. There the first message of a turn is handed over to the I/O thread, which
// sends it within a beat or two whatever this thread does, and at the end of the turn it goes with the others.

/** So many messages of a turn go at once, before a burst is taken for one: programs that ask and answer never wait. */
const FREE = 8;

/** The same while several messages of one read are delivered, each of which may be answered. */
const FREE_IN_BATCH = 1;

/** After so many beats without a message a burst is over; after one, what waits has waited long enough. */
const OVER = 4;

/** What becomes of a message for whose endpoint nothing is pending. */
const GO = 0;
const HOLD = 1;
const WAIT = 2;

const settled = Promise.resolve();

class Bursts {
  /** The event that is being delivered has several messages. */
  isBatch = false;
  /** There are no bursts: for good, or in this turn. */
  #areOver = false;
  #areOverForGood = false;
  #turn = 1;
  #activity;
  #pulse;
  #ending = false;

  /** `activity`: see engine.js. Its `endTurn` is called at the end of each turn in which something was sent. */
  constructor(activity, pulse) {
    this.#activity = activity;
    this.#pulse = pulse;
  }

  /** What becomes of a message of `endpoint`, for which nothing is pending: GO, HOLD or WAIT. */
  decide(endpoint) {
    if (endpoint.turn !== this.#turn) return this.#begin(endpoint);
    if (this.#areOver) return GO;
    if (endpoint.free === 0) {
      if (this.isLate(endpoint)) return GO;
      endpoint.isBusy = true;
      this.#pulse.want();
      return WAIT;
    }
    if (--endpoint.free === 0) this.#wrote(endpoint);
    return GO;
  }

  /** The first message of a turn. */
  #begin(endpoint) {
    const { underWay } = this.#activity.turns; // its end is the end of the turn
    if (!underWay && !this.#ending) this.#endSoon();
    endpoint.turn = this.#turn;
    const goesOn = endpoint.isBusy && this.#pulse.isBeating;
    endpoint.isBusy = false;
    if (goesOn && !this.#areOver) {
      endpoint.free = 0;
      this.#wrote(endpoint);
      return HOLD;
    }
    endpoint.free = (underWay && this.isBatch ? FREE_IN_BATCH : FREE) - 1;
    if (endpoint.free === 0) this.#wrote(endpoint);
    return GO;
  }

  /** From now on the time counts. */
  #wrote(endpoint) {
    this.#pulse.want();
    endpoint.wroteAt = this.#pulse.beat;
  }

  /** Whether the last write of `endpoint` is so long ago that what waits must go. */
  isLate(endpoint) {
    if (this.#areOver) return true;
    const { beat } = this.#pulse;
    if (beat === endpoint.wroteAt) return false;
    if ((beat - endpoint.wroteAt) >>> 0 >= OVER) endpoint.free = FREE - 1;
    endpoint.wroteAt = beat;
    this.#pulse.want();
    return true;
  }

  /** A turn has ended. */
  end() {
    this.#turn++;
    this.isBatch = false;
    this.#ending = false;
    this.#areOver = this.#areOverForGood;
  }

  /** From now on every message goes at once: `forGood`, or until this turn ends. */
  stop(forGood) {
    this.#areOver = true;
    this.#areOverForGood = forGood;
    if (!forGood) this.#endSoon();
  }

  /** All that waited for `endpoint` was written; the burst goes on. */
  goOn(endpoint) {
    endpoint.wroteAt = this.#pulse.beat;
  }

  #endSoon() {
    this.#ending = true;
    settled.then(() => this.#activity.endTurn());
  }
}

module.exports = { Bursts, GO, HOLD, WAIT };
