'use strict';
// The common part of the clients of NATS and Redis: one connection after the other, each with the same subscriptions.
// The libraries' own ways to connect again are not used, since they send later what was published in between.

const { clearTimeout, setTimeout } = require('../../core');
const { codedError } = require('../../errors');

/** ms between two attempts to connect: this at first, and twice as much each time, up to the second. */
const FIRST_DELAY = 50;
const LONGEST_DELAY = 2000;

/** ms that a broker is given to take what was published when its client is closed. */
const GRACE = 1000;

class Reconnecting {
  /** Opens a connection: see the constructor. */
  #dial;
  #connection = null;
  /** Subject -> subscribers. */
  #subscriptions = new Map();
  #isClosed = false;
  #delay = FIRST_DELAY;
  #wake = null;
  #running = null;

  /**
   * `dial(onError)` resolves with a connection that is up, or rejects. A connection has `maxPayload`,
   * `publish(subject, bytes)`, `subscribe(subject, onMessage)`, `closed`, a promise of the error it has ended with, and
   * `end()`, which sends what was published first, and `destroy()`, which does not wait for the broker.
   */
  constructor(dial, maxPayload = Infinity) {
    this.#dial = dial;
    this.maxPayload = maxPayload;
  }

  watch(onState) {
    this.#running = this.#run(onState);
  }

  async #run(onState) {
    while (!this.#isClosed) {
      let connection = null;
      try {
        connection = await this.#dial((error) => onState('error', error));
        await this.#use(connection, onState);
      } catch (error) {
        onState('down', error);
      }
      if (connection !== null) await end(connection);
      if (!this.#isClosed) await this.#pause();
    }
  }

  /** Resolves when the connection has ended, which is told at once. */
  async #use(connection, onState) {
    for (const [subject, onMessage] of this.#subscriptions) {
      if (this.#isClosed) return;
      await during(connection, connection.subscribe(subject, onMessage));
    }
    if (this.#isClosed) return;
    this.#connection = connection;
    this.maxPayload = connection.maxPayload;
    this.#delay = FIRST_DELAY;
    onState('up');
    const error = await connection.closed;
    this.#connection = null;
    onState('down', error);
  }

  #pause() {
    const delay = this.#delay;
    this.#delay = Math.min(2 * delay, LONGEST_DELAY);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  publish(subject, bytes) {
    if (this.#connection === null) throw codedError('ENOTCONN', 'There is no broker');
    return this.#connection.publish(subject, bytes);
  }

  async subscribe(subject, onMessage) {
    this.#subscriptions.set(subject, onMessage);
    const connection = this.#connection;
    if (connection === null) return;
    try {
      await during(connection, connection.subscribe(subject, onMessage));
    } catch (error) {
      if (connection === this.#connection) throw error; // otherwise the next connection has it
    }
  }

  async close() {
    this.#isClosed = true;
    this.#wake?.();
    if (this.#connection !== null) await end(this.#connection);
    await this.#running;
  }
}

/** Waits for what a connection does, and no longer than there is one. */
async function during(connection, work) {
  const ended = connection.closed.then((error) => {
    throw error ?? codedError('ECONNRESET', 'The connection to the broker has ended');
  });
  await Promise.race([work, ended]);
}

/** A broker that hangs does not keep a connection, nor with it the process. */
async function end(connection) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, GRACE)));
  await Promise.race([connection.end(), late]).catch(() => {});
  clearTimeout(timer);
  connection.destroy();
}

/** What is thrown if a broker's library is not installed. */
function missing(error, library, method) {
  if (error.code !== 'MODULE_NOT_FOUND') return error;
  const message = `${method} needs the package ${library}, which is not installed: npm install ${library}`;
  return Object.assign(new Error(message, { cause: error }), { code: error.code });
}

module.exports = { Reconnecting, missing };
