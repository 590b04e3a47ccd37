'use strict';
// Follows the broker: it is awaited when a cluster is joined, and may go away and come back. Made by cluster.js.

const { clearTimeout, setTimeout } = require('../core');
const { thrownBy } = require('../errors');

/** ms that the broker is given to send what it has when the cluster is closed. */
const LINGER = 2000;

class Session {
  #broker;
  #patience;
  #hooks;
  #subscribed = null;
  /** `{resolve, reject}` of `open`, until it is settled. */
  #opening = null;
  #isUp = false;
  #isClosed = false;
  #lastError;

  /**
   * `hooks`: `subscribe()`, which is called once; `turn(isUp)`, at once; `begin(isFirst)` when the broker can be used;
   * `end(error)` when it cannot be any more; `failed(error)` for errors that change nothing.
   */
  constructor({ broker, connectTimeout }, hooks) {
    this.#broker = broker;
    this.#patience = connectTimeout;
    this.#hooks = hooks;
  }

  /** Resolves when the broker can be used. */
  async open() {
    let timer;
    try {
      await new Promise((resolve, reject) => {
        this.#opening = { resolve, reject };
        timer = setTimeout(() => reject(this.#late()), this.#patience);
        this.#watch().catch((thrown) => this.#refuse(thrown));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** A broker's function may fail in any way: it throws, or returns a promise that is rejected, with anything. */
  async #watch() {
    if (this.#broker.watch === undefined) this.#take('up');
    else await this.#broker.watch((state, error) => this.#take(state, error));
  }

  #refuse(thrown) {
    const error = thrownBy('options.broker', thrown);
    if (this.#opening === null) this.#take('error', error);
    else this.#opening.reject(error);
  }

  #late() {
    const message = `The broker could not be reached within ${this.#patience} ms`;
    const error = new Error(message, { cause: this.#lastError });
    return Object.assign(error, { code: 'ETIMEDOUT' });
  }

  /** What the broker's client says: 'up', 'down', 'error'. */
  #take(state, error) {
    if (this.#isClosed) return;
    if (error !== undefined) this.#lastError = error;
    if (state === 'error') this.#hooks.failed(error);
    else if (state === 'up' && !this.#isUp) this.#up();
    else if (state === 'down' && this.#isUp) this.#down(error);
  }

  #up() {
    this.#isUp = true;
    this.#hooks.turn(true);
    if (this.#opening === null) {
      this.#hooks.begin(false);
      return;
    }
    this.#subscribed ??= this.#subscribe();
    this.#subscribed.then(
      () => this.#opened(),
      (thrown) => this.#refuse(thrown),
    );
  }

  async #subscribe() {
    await this.#hooks.subscribe();
  }

  #opened() {
    if (this.#opening === null || this.#isClosed || !this.#isUp) return;
    const { resolve } = this.#opening;
    this.#opening = null;
    this.#hooks.begin(true);
    resolve();
  }

  #down(error) {
    this.#isUp = false;
    this.#hooks.turn(false);
    if (this.#opening === null) this.#hooks.end(error);
  }

  /** Closes the broker's client, which has a while to send what it has. */
  async close() {
    this.#isClosed = true;
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, LINGER)));
    try {
      await Promise.race([this.#broker.close(), late]);
    } catch (error) {
      this.#hooks.failed(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

module.exports = Session;
