'use strict';
// Jobs of a controller: a limited number at a time; the others wait in order. Used by controller.js.

class Jobs {
  #limit;
  #running = new Set();
  #waiting = [];

  constructor(limit) {
    this.#limit = limit;
  }

  get running() {
    return this.#running.size;
  }

  /** Calls `run(signal)`, at once or later, which must not throw. Nothing is called any more after `abort`. */
  add(run) {
    this.#waiting.push(run);
    this.#next();
  }

  /** Forgets those that wait, and aborts the signals of those that run. */
  abort() {
    this.#waiting = [];
    for (const { abort } of this.#running) abort.abort();
  }

  async #next() {
    if (this.#running.size >= this.#limit || this.#waiting.length === 0) return;
    const job = { abort: new AbortController() };
    this.#running.add(job);
    await this.#waiting.shift()(job.abort.signal);
    this.#running.delete(job);
    this.#next();
  }
}

module.exports = Jobs;
