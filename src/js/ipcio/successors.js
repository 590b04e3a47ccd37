'use strict';
// Newcomers with the name of a client that is about to leave. Somebody who disconnects and connects again is often
// heard of in the other order, since these are different connections. Used by server.js.

const { clearTimeout, setTimeout } = require('../core');

/** How long a newcomer waits to hear that the one who has the name begins to leave, in ms. */
const PATIENCE = 100;

class Successors {
  /** Who has the name -> those who wait for it: `{again, timer}`. */
  #waiting = new Map();

  /**
   * Calls `again` once: when `holder` has left; or soon, if it does not begin to leave. `holder.isLeaving` says whether it
   * has begun.
   */
  wait(holder, again) {
    const one = { again, timer: undefined };
    const entry = this.#waiting.get(holder) ?? new Set();
    this.#waiting.set(holder, entry.add(one));
    const late = () => {
      if (holder.isLeaving || !entry.delete(one)) return; // its end is near
      if (entry.size === 0) this.#waiting.delete(holder);
      again();
    };
    one.timer = setTimeout(late, PATIENCE);
    one.timer.unref?.(); // in jsdom it is a number
  }

  /** It has left. */
  left(holder) {
    const entry = this.#waiting.get(holder) ?? [];
    this.#waiting.delete(holder);
    for (const { again, timer } of entry) {
      clearTimeout(timer);
      again();
    }
  }
}

module.exports = { Successors };
