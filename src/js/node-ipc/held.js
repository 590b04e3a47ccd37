'use strict';
// Messages that a client keeps for a connection to come: from before the first one, while it is down if
// `config.offlineQueue` says so, and requests that are to wait. Used by client.js.

class Held {
  /** In order, by a number: `{message, size, ticket, given}`. `given`: the current attempt has it. */
  #entries = new Map();
  #last = 0;
  /** Keys of those that are for the current attempt only, which has them. */
  #passing = new Set();
  /** Characters and bytes; of a client that was connected, bytes. */
  size = 0;

  get length() {
    return this.#entries.size - this.#passing.size;
  }

  /**
   * `given`: the current attempt gets it, too. `ticket`: `{left}` of a request; null for other messages. It gets an
   * `undo`, which says whether the peer cannot get the request any more.
   */
  add(message, size, given, ticket = null) {
    const key = ++this.#last;
    const entry = { message, size, ticket, given };
    this.#entries.set(key, entry);
    this.size += size;
    if (ticket === null) return;
    ticket.undo = () => {
      if (!this.#entries.has(key)) return false;
      this.size -= size;
      // What was given stays, even if the attempt has failed by now: it tells how far what has left reaches.
      if (!entry.given) return this.#entries.delete(key);
      this.#passing.add(key);
      return false;
    };
  }

  /** A message for the current attempt, and for no other. */
  pass(message) {
    const key = ++this.#last;
    this.#entries.set(key, { message, size: 0, ticket: null, given: true });
    this.#passing.add(key);
  }

  *messages() {
    for (const { message } of this.#entries.values()) yield message;
  }

  /** The messages, for an attempt that begins. */
  *give() {
    for (const entry of this.#entries.values()) {
      entry.given = true;
      yield entry.message;
    }
  }

  /** The attempt has failed: what is left is for the next one. */
  takeBack() {
    if (this.#entries.size === 0) return;
    for (const key of this.#passing) this.#entries.delete(key);
    this.#passing.clear();
    for (const entry of this.#entries.values()) entry.given = false;
  }

  /** They have been sent on their way. */
  leave() {
    for (const { ticket } of this.#entries.values()) if (ticket !== null) ticket.left = true;
    this.clear();
  }

  /**
   * Those have that are whole within so many bytes of what was given, by the length that `lengthOf` gives. Returns how
   * many.
   */
  leaveWithin(bytes, lengthOf) {
    let count = 0;
    for (const [key, { message, size, ticket, given }] of this.#entries) {
      if (!given) break;
      bytes -= lengthOf(message);
      if (bytes < 0) break;
      if (ticket !== null) ticket.left = true;
      this.#entries.delete(key);
      if (!this.#passing.delete(key)) this.size -= size;
      count++;
    }
    return count;
  }

  clear() {
    if (this.#entries.size === 0) return; // emptying makes new tables, for each connection
    this.#entries.clear();
    this.#passing.clear();
    this.size = 0;
  }
}

module.exports = Held;
