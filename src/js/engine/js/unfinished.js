'use strict';
// What the connections of a listener hold of unfinished frames, all together: the connection that holds most has to end
// when it is too much. As src/engine/unfinished.rs. Made by hub.js for each listener, called by link.js after a read.

/** Connections that hold less are not counted: most never do. */
const COUNTED = 16 * 1024;

class Unfinished {
  #most;
  #sum = 0;
  /** Connection -> bytes. */
  #held = new Map();

  /** Of connections that may hold `most` bytes together. */
  constructor(most = Infinity) {
    this.#most = most;
  }

  /** `link` holds so many bytes now. Returns who has to end, if that is too much for all; null otherwise. */
  hold(link, bytes) {
    const before = this.#held.get(link) ?? 0;
    const counted = bytes < COUNTED ? 0 : bytes;
    if (counted === before) return null;
    this.#sum += counted - before;
    if (counted === 0) this.#held.delete(link);
    else this.#held.set(link, counted);
    if (this.#sum <= this.#most) return null;
    const [[worst]] = [...this.#held].sort(([, a], [, b]) => b - a);
    this.hold(worst, 0);
    return worst;
  }

  /** Why a connection ends. */
  get error() {
    const message = `closed: the connections of this server held more than ${this.#most} bytes of unfinished messages, and this one most`;
    return { message, code: 'ERR_FERRIPC_TOO_MUCH_BUFFERED' };
  }
}

module.exports = { Unfinished };
