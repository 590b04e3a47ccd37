'use strict';
// Datagrams that wait: for their socket to be bound, or for the look-up of the host that they go to. Used by
// datagram-socket.js, which has the lists.

const engine = require('../engine/engine');
const { addressError } = require('../errors');

/** Characters and bytes, and datagrams, that wait at most. */
const MOST_HELD = 16 * 1024 * 1024;
const MOST_HELD_COUNT = 64 * 1024;

/** A datagram is `{data, address, port, callback}`, with null for no callback. */
class WaitingDatagrams {
  #reports;
  #size = 0;
  #count = 0;

  /** `reports`: where to tell of what is dropped. */
  constructor(reports) {
    this.#reports = reports;
  }

  /** Characters and bytes that wait. */
  get size() {
    return this.#size;
  }

  /** Datagrams that wait. */
  get count() {
    return this.#count;
  }

  /** Adds one to a list. Null, or why it was refused. */
  hold(item, list) {
    const { data, address, port, callback } = item;
    if (this.#size + data.length > MOST_HELD || this.#count >= MOST_HELD_COUNT) {
      const error = addressError('send', 'ENOBUFS', address, port);
      this.#reports.dropped({ address, port }, 'full', data);
      if (callback !== null) engine.soon(() => callback(error));
      return error;
    }
    this.#size += data.length;
    this.#count++;
    list.push(item);
    return null;
  }

  /** What waited in a list does so no longer. */
  take(list) {
    for (const { data } of list) this.#size -= data.length;
    this.#count -= list.length;
    return list;
  }

  /** Drops what waited in a list, and tells the callbacks why. Whether there was anything without one. */
  refuse(list, why) {
    let silent = false;
    for (const { address, port, data, callback } of this.take(list)) {
      this.#reports.dropped({ address, port }, 'failed', data);
      if (callback === null) silent = true;
      else engine.soon(() => callback(why));
    }
    return silent;
  }
}

module.exports = WaitingDatagrams;
