'use strict';
// Messages that a client keeps for a connection to come: from before the first one, while it is down if
// `config.offlineQueue` says so, and requests that are to wait. Used by client.js.

class Held {
  /** In order: `{message, size, ticket}`, by a number. */
  #entries = new Map();
  #last = 0;
  /** Characters and bytes; of a client that was connected, bytes. */
  size = 0;

  get length() {
    return this.#entries.size;
  }

  /** `ticket`: `{left}` of a request, which gets an `undo`; null for other messages. */
  add(message, size, ticket = null) {
    const key = ++this.#last;
    this.#entries.set(key, { message, size, ticket });
    this.size += size;
    if (ticket === null) return;
    ticket.undo = () => {
      if (!this.#entries.delete(key)) return false;
      this.size -= size;
      return true;
    };
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
      this.size -= size;
    }
  }

  clear() {
    this.#entries.clear();
    this.size = 0;
  }
}

module.exports = Held;
