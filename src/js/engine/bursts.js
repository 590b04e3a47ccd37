'use strict';
// When a message leaves: at once, or together with others. Used by connection.js and datagrams.js for each
// message, held by engine.js.
//
// A system call takes three times as long as making a message, so a burst is joined. But a program that emits and
// then computes, waits for a child process or kills itself relies on node-ipc, which writes at once.
// So a message is held back only within a burst: when others have gone in the same turn, and the last
// write is no longer ago than LATE.
//
// A stream of bursts goes on from turn to turn. Then the first message of a turn waits for the next ones, too. It
// waits in the hub, which sends it within some ms whatever this thread does (late.rs).

const { clock } = require('../core');

/** How long ago, in ms, the last write may be in a burst. */
const LATE = 0.5;

/**
 * How many messages go without reading the clock, while they come faster than this many ms together and the hub
 * ticks: reading the clock costs a tenth of what a message costs in all.
 */
const UNASKED = 7;
const SWIFT = 0.1;

/**
 * This many messages of a turn, or of a turn after a pause, are sent at once before they count as a burst: programs
 * that ask and answer never wait. It is one more where the last write of an earlier turn is long ago.
 */
const FREE = 8;

/**
 * The same limit in a stream, and while more than FREE messages of one read are delivered, each of which may be
 * answered.
 */
const FREE_IN_BATCH = 1;

/** This many turns in a row with a burst are a stream. */
const STREAM = 8;

/** The count goes no higher than this. A turn without a burst halves it. */
const MOST_BURSTS = 4 * STREAM;

// What becomes of a message.
const JOIN = 0;
const GO = 1;
const HOLD = 2;

class Bursts {
  /** Whether the event being delivered has many messages. */
  #isBatch = false;
  /** Whether bursts are off: for good, or in this turn. */
  #areOver = false;
  #areOverForGood = false;
  #turn = 1;
  #activity;
  #ending = false;
  /** The number of the last tick of the hub's, see late.rs; 0: there are none for now. */
  ticks = new Uint32Array(1);
  /** The same message goes to many endpoints: the clock is read once. */
  #isShared = false;
  #sharedTime = 0;
  /** Not one of all bursts: Node would keep the AsyncLocalStorage stores of whoever sent first. */
  #settled = Promise.resolve();

  /** `activity`: see engine.js. Its `endTurn` is called at the end of each turn in which something was sent. */
  constructor(activity) {
    this.#activity = activity;
  }

  /** Every message may be the last. */
  get areOver() {
    return this.#areOver;
  }

  /** An event with so many messages is being delivered. */
  deliver(count) {
    this.#isBatch = count > FREE;
  }

  /**
   * What to do with a message of `endpoint`, which has nothing pending: GO (write it now), HOLD (let the hub hold it
   * back) or JOIN (keep it for the next ones). A caller that cannot hold treats HOLD as GO.
   */
  departure(endpoint) {
    if (endpoint.turn !== this.#turn) return this.#begin(endpoint);
    if (this.#areOver) return GO;
    if (endpoint.free === 0) {
      if (this.isLate(endpoint)) return GO;
      this.#joins(endpoint);
      return JOIN;
    }
    this.#takeFree(endpoint);
    return GO;
  }

  /** The first message of a turn. */
  #begin(endpoint) {
    const { underWay } = this.#activity.turns; // its end is the end of the turn
    if (!underWay && !this.#ending) this.#endSoon();
    if (endpoint.burstIn !== endpoint.turn) endpoint.bursts >>= 1;
    endpoint.turn = this.#turn;
    const isStream = endpoint.bursts >= STREAM;
    // Its time is not read: programs that ask and answer send one message in a turn.
    endpoint.free = isStream || (underWay && this.#isBatch) ? FREE_IN_BATCH : FREE;
    if (--endpoint.free === 0) this.wrote(endpoint);
    return isStream && !this.#areOver ? HOLD : GO;
  }

  /** A message that goes at once, not the first of its turn. After a pause they are counted anew. */
  #takeFree(endpoint) {
    const now = this.#now();
    if (now - endpoint.wroteAt >= LATE) endpoint.free = FREE;
    endpoint.free--;
    endpoint.wroteAt = now;
  }

  /** There is a burst in this turn. */
  #joins(endpoint) {
    if (endpoint.burstIn === this.#turn) return;
    endpoint.burstIn = this.#turn;
    if (endpoint.bursts < MOST_BURSTS) endpoint.bursts++;
  }

  /** Whether the last write of `endpoint` is so long ago that the burst has ended. */
  isLate(endpoint) {
    if (this.#areOver) return true;
    const tick = this.ticks[0];
    if (endpoint.unasked > 0 && tick === endpoint.tick && tick !== 0) {
      endpoint.unasked--;
      return false;
    }
    endpoint.tick = tick;
    const now = this.#now();
    endpoint.unasked = now - endpoint.askedAt < SWIFT ? UNASKED : 0;
    endpoint.askedAt = now;
    if (now - endpoint.wroteAt < LATE) return false;
    endpoint.wroteAt = now;
    if (endpoint.bursts < STREAM) endpoint.free = FREE - 1;
    return true;
  }

  #now() {
    if (this.#isShared && this.#sharedTime > 0) return this.#sharedTime;
    const now = clock();
    if (this.#isShared) this.#sharedTime = now;
    return now;
  }

  /** Whether the same message goes to many endpoints from now on. */
  share(isShared) {
    this.#isShared = isShared;
    this.#sharedTime = 0;
  }

  /** Enough has accumulated for `endpoint` that it is being written, and the burst goes on. */
  filled(endpoint) {
    this.#activity.hub.burst();
    this.wrote(endpoint);
  }

  /** Something of `endpoint` is being written, in a burst. */
  wrote(endpoint) {
    endpoint.wroteAt = this.#now();
  }

  /** A turn has ended. */
  end() {
    this.#turn++;
    this.#isBatch = false;
    this.#ending = false;
    this.#areOver = this.#areOverForGood;
  }

  /** From now on every message goes at once: `forGood`, or until this turn ends. */
  stop(forGood) {
    this.#areOver = true;
    this.#areOverForGood = forGood;
    if (!forGood) this.#endSoon();
  }

  /** Several of `endpoints` are about to be written to, within the burst. */
  goOn(endpoints) {
    const now = clock();
    for (const endpoint of endpoints) endpoint.wroteAt = now;
  }

  #endSoon() {
    this.#ending = true;
    this.#settled.then(() => this.#activity.endTurn());
  }
}

module.exports = { Bursts, HOLD, JOIN };
