'use strict';
// This server's way to the others: what is published, as far as the broker takes it. Nothing waits here: what cannot
// be sent now is not sent at all. Made by cluster.js.

const { headOf } = require('./frames');
const { codedError, noBufferError, thrownBy } = require('../errors');

/** Digits of the largest number, and the comma behind it. */
const LONGEST_NUMBER = 17;

/** Where messages go: each subject has numbers of its own, by which receivers notice what is lost or doubled. */
class Target {
  sent = 0;

  constructor(subject) {
    this.subject = subject;
  }
}

class Link {
  #broker;
  #head;
  #most;
  #onFail;
  /** Each connection to the broker has its own: what was on its way with an earlier one is gone. */
  #connection = { queued: 0 };
  /** While the broker's `publish` runs: what is to go after it, in this order. Null: it does not run. */
  #held = null;
  #bytesHeld = 0;
  isUp = false;
  published = 0;

  /**
   * `most`: bytes that may wait. `onFail(error, body, reason)` hears of what the broker has not taken; `reason` as in `dropped`
   * of the counters.
   */
  constructor(broker, from, most, onFail) {
    this.#broker = broker;
    this.#head = headOf(from);
    this.#most = most;
    this.#onFail = onFail;
    /** What all own messages begin with. */
    this.mark = Buffer.from(this.#head);
  }

  /** Bytes that the broker has not confirmed, if it says so. */
  get queued() {
    return this.#connection.queued + this.#bytesHeld;
  }

  /** The broker has come, or gone. */
  turn(isUp) {
    this.isUp = isUp;
    this.#connection = { queued: 0 };
  }

  /** Bytes of the longest body. */
  get room() {
    const { maxPayload = Infinity } = this.#broker;
    return maxPayload - this.#head.length - LONGEST_NUMBER;
  }

  /** Why the broker would never take this; null if it does. */
  tooLarge(body) {
    const length = Buffer.byteLength(body);
    if (length <= this.room) return null;
    const message = `A message of ${length} bytes to other servers is over the broker's limit of ${this.#broker.maxPayload}`;
    return {
      reason: 'tooLarge',
      error: codedError('ERR_FERRIPC_MESSAGE_TOO_LARGE', message, { length }),
    };
  }

  /** Why nothing can be sent now; null if it can. */
  obstacle() {
    if (!this.isUp) {
      return { reason: 'down', error: codedError('ENOTCONN', 'The broker cannot be reached') };
    }
    return this.queued < this.#most ? null : { reason: 'full', error: noBufferError(this.#most) };
  }

  /**
   * Sends, or does nothing while the broker is away. Whether it was sent. `onFail(error)`: hears of it, too, if the broker has
   * not taken it.
   */
  publish(target, body, onFail) {
    if (!this.isUp) return false;
    if (this.#held !== null) {
      this.#hold(target, body, onFail);
      return true;
    }
    this.#held = [];
    try {
      const isTaken = this.#hand(target, body, onFail);
      for (const handHeld of this.#held) handHeld();
      return isTaken;
    } finally {
      this.#held = null;
    }
  }

  /**
   * The broker's `publish` runs, and has brought an answer, or come back into the program in another way. It need not have
   * delivered its own message yet: this one must not overtake it.
   */
  #hold(target, body, onFail) {
    const length = Buffer.byteLength(body);
    this.#bytesHeld += length;
    this.#held.push(() => {
      this.#bytesHeld -= length;
      this.#hand(target, body, onFail);
    });
  }

  #hand(target, body, onFail) {
    const fail = (thrown, reason = 'failed') => {
      const error = thrownBy('options.broker', thrown);
      this.#onFail(error, body, reason);
      onFail?.(error);
    };
    if (!this.isUp) {
      const { error, reason } = this.obstacle(); // it has gone meanwhile
      fail(error, reason);
      return false;
    }
    // Never used again, whatever the broker says: others may have got the message.
    const number = ++target.sent;
    const bytes = Buffer.from(`${this.#head}${number},${body}`);
    let taken;
    try {
      taken = this.#broker.publish(target.subject, bytes);
    } catch (error) {
      fail(error);
      return false;
    }
    this.published++;
    // Promises of others may settle twice, or throw when they are asked.
    if (taken) this.#await(Promise.resolve(taken), bytes.length, fail);
    return true;
  }

  #await(taken, length, fail) {
    const connection = this.#connection;
    connection.queued += length;
    const settle = () => void (connection.queued -= length);
    taken.then(settle, (error) => {
      settle();
      fail(error);
    });
  }
}

module.exports = { Link, Target };
