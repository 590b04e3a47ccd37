'use strict';
// Counts the bytes of unfinished frames that the connections of a listener hold together. When it is too much, the
// connection that holds most has to end. As src/engine/unfinished.rs. Made by hub.js for each listener, called by
// link.js after a read.

/** Connections that hold less are not counted: most never do. */
const COUNTED = 16 * 1024;

class Unfinished {
  #most;
  #sum = 0;
  /** Connection -> bytes. */
  #held = new Map();

  /** For connections that together may hold `most` bytes. */
  constructor(most = Infinity) {
    this.#most = most;
  }

  /**
   * `link` now holds this many bytes. Returns the connection that has to end if that is too much in total; otherwise
   * null.
   */
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
