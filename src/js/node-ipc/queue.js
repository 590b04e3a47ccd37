'use strict';
// The queue behind `client.queue`, which paces messages in sync mode (K17). Same methods as node-ipc's:
// each entry is a function; `next` runs the oldest. Used by client.js.

class Queue {
  #contents = [];
  #running = false;
  /** Run the first entry as soon as it is added. */
  autoRun = true;
  /** Hold everything back. */
  stop = false;

  /** The functions that wait. */
  get contents() {
    return this.#contents;
  }

  set contents(contents) {
    this.#contents = contents;
  }

  /** Appends functions, and runs the first if none is running. */
  add(...entries) {
    this.#contents.push(...entries);
    if (!this.#running && !this.stop && this.autoRun) this.next();
  }

  /** Runs the oldest function, or notes that none is running. */
  next() {
    this.#running = !this.stop && this.#contents.length > 0;
    if (this.#running) this.#contents.shift().call(this);
  }

  /** Drops all functions that wait. */
  clear() {
    this.#contents = [];
    return this.#contents;
  }
}

module.exports = Queue;
