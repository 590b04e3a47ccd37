'use strict';
// Messages that a client keeps for a connection to come: from before the first one, while it is down if
// `config.offlineQueue` says so, and requests that are to wait. Used by client.js.

class Held {
  /** In order: `{message, size, ticket}`, by a number. */
  #entries = new Map();
  #last = 0;
  /** Keys of those that are for the current attempt only: a connection that is on its way has them. */
  #passing = new Set();
  /** Characters and bytes; of a client that was connected, bytes. */
  size = 0;

  get length() {
    return this.#entries.size - this.#passing.size;
  }

  /**
   * `ticket`: `{left}` of a request; null for other messages. It gets an `undo`, which says whether the peer cannot get
   * the request any more. `isTaken()`: whether a connection that is on its way has it already.
   */
  add(message, size, ticket = null, isTaken = () => false) {
    const key = ++this.#last;
    this.#entries.set(key, { message, size, ticket });
    this.size += size;
    if (ticket === null) return;
    ticket.undo = () => {
      if (!this.#entries.has(key)) return false;
      this.size -= size;
      if (!isTaken()) return this.#entries.delete(key);
      this.#passing.add(key);
      return false;
    };
  }

  /** A message for the connection that is on its way, and for no other. */
  pass(message) {
    const key = ++this.#last;
    this.#entries.set(key, { message, size: 0, ticket: null });
    this.#passing.add(key);
  }

  /** The connection that was on its way has ended. */
  forgetPassing() {
    for (const key of this.#passing) this.#entries.delete(key);
    this.#passing.clear();
  }

  *messages() {
    for (const { message } of this.#entries.values()) yield message;
  }

  /** They have been sent on their way. */
  leave() {
    for (const { ticket } of this.#entries.values()) if (ticket !== null) ticket.left = true;
    this.clear();
  }

  /** Those have that are whole within so many bytes, by the length that `lengthOf` gives. */
  leaveWithin(bytes, lengthOf) {
    for (const [key, { message, size, ticket }] of this.#entries) {
      bytes -= lengthOf(message);
      if (bytes < 0) return;
      if (ticket !== null) ticket.left = true;
      this.#entries.delete(key);
      if (!this.#passing.delete(key)) this.size -= size;
    }
  }

  clear() {
    this.#entries.clear();
    this.#passing.clear();
    this.size = 0;
  }
}

module.exports = Held;
