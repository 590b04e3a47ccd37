'use strict';
// A queue whose cost does not grow with its length, as an array's `shift` does from some ten thousand elements on.
// Used by node-ipc/messages.js and ipc2/jobs.js, for items that a program takes in its own time, and by ipcio/pace.js.

/** How many taken places are left before the array is cut. */
const TAKEN = 1024;

class Fifo {
  #items = [];
  /** Where the oldest is. */
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  /** The oldest; undefined if there is none. */
  get first() {
    return this.#items[this.#head];
  }

  push(item) {
    this.#items.push(item);
  }

  /** Takes the oldest; undefined if there is none. */
  shift() {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head >= TAKEN && this.#head >= this.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

module.exports = Fifo;
