'use strict';
// Jobs of a controller: a limited number at a time. The others wait, those of an agent in order, and agents take turns.
// Used by controller.js.

class Jobs {
  #limit;
  #running = new Set();
  /** Agent -> its jobs that wait, at least one. The first agent is next. */
  #waiting = new Map();

  constructor(limit) {
    this.#limit = limit;
  }

  get running() {
    return this.#running.size;
  }

  /**
   * Calls `run(signal)`, at once or later, which must not throw. Nothing is called any more after `abort`. `owner`: the
   * agent.
   */
  add(owner, run) {
    if (!this.#waiting.has(owner)) this.#waiting.set(owner, []);
    this.#waiting.get(owner).push(run);
    this.#next();
  }

  /** Forgets those that wait, and aborts the signals of those that run. */
  abort() {
    this.#waiting.clear();
    for (const { abort } of this.#running) abort.abort();
  }

  /** The next job of the next agent, which is the last one afterwards. */
  #shift() {
    const [[owner, jobs]] = this.#waiting;
    const run = jobs.shift();
    this.#waiting.delete(owner);
    if (jobs.length > 0) this.#waiting.set(owner, jobs);
    return run;
  }

  async #next() {
    if (this.#running.size >= this.#limit || this.#waiting.size === 0) return;
    const job = { abort: new AbortController() };
    this.#running.add(job);
    await this.#shift()(job.abort.signal);
    this.#running.delete(job);
    this.#next();
  }
}

module.exports = Jobs;
