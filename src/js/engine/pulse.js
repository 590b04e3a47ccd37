'use strict';
// A slow clock that costs nothing to read, for bursts.js: whether time has passed since something was written. The native
// hub's I/O thread counts its beats, about one in a millisecond, in shared memory, for as long as they are wanted.
//
// Where there is no such memory (Electron) the system's clock is read instead, for up to a tenth of what a message costs.

// Mirrors pulse.rs.
const BEAT = 0;
const WANTED = 1;
const BEATING = 2;

class Pulse {
  #cells;
  #hub;

  /** Returns the one that works here. */
  static of(hub) {
    const cells = hub.pulse();
    return cells === null ? new Clock() : new Pulse(cells, hub);
  }

  constructor(cells, hub) {
    this.#cells = cells;
    this.#hub = hub;
  }

  /** A number that changes in the course of time, while it is wanted. */
  get beat() {
    return this.#cells[BEAT];
  }

  /** Whether it was wanted within the last few beats. */
  get isBeating() {
    return this.#cells[BEATING] === 1;
  }

  /** Sees to it that the next beat comes, at least. */
  want() {
    const cells = this.#cells;
    if (cells[WANTED] === 1) return;
    // In this order, as seen by the I/O thread, which may be about to stop.
    Atomics.store(cells, WANTED, 1);
    if (Atomics.load(cells, BEATING) === 0) this.#hub.startPulse();
  }
}

/** The same by the system's clock. */
class Clock {
  #wantedAt = -Infinity;

  get beat() {
    return Math.floor(milliseconds());
  }

  get isBeating() {
    return milliseconds() - this.#wantedAt < IDLE_BEATS;
  }

  want() {
    this.#wantedAt = milliseconds();
  }
}

/** Mirrors pulse.rs. */
const IDLE_BEATS = 8;

const { hrtime } = process;

function milliseconds() {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

module.exports = Pulse;
