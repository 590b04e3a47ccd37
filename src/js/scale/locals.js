'use strict';
// The clients of this server, by their ids, and what the other servers have not been told of them yet. Made by
// cluster.js.

class Locals {
  /** Socket -> id. */
  #ids = new Map();
  /** Id -> its sockets, the newest last. */
  #sockets = new Map();
  /** Sockets that somebody has given an id. */
  #named = new WeakSet();
  /** Id -> how many more, or less, of its clients there are than the others know. */
  #changes = new Map();
  #lastNumber = 0;
  #prefix;

  /** Grows with each list that the others are told. */
  revision = 0;

  /** `prefix`: of the ids of clients that nobody gives one. */
  constructor(prefix) {
    this.#prefix = prefix;
  }

  get size() {
    return this.#ids.size;
  }

  get hasChanges() {
    return this.#changes.size > 0;
  }

  /** A new client. Returns its id. */
  add(socket) {
    const id = `${this.#prefix}-${++this.#lastNumber}`;
    this.#put(socket, id);
    return id;
  }

  /** Gives a client an id. */
  name(socket, id) {
    this.#named.add(socket);
    if (this.#ids.get(socket) === id) return;
    this.remove(socket);
    this.#put(socket, id);
  }

  #put(socket, id) {
    this.#ids.set(socket, id);
    let sockets = this.#sockets.get(id);
    if (sockets === undefined) this.#sockets.set(id, (sockets = new Set()));
    sockets.add(socket);
    this.#note(id, 1);
  }

  /** A client that is gone. */
  remove(socket) {
    const id = this.#ids.get(socket);
    if (id === undefined) return;
    this.#ids.delete(socket);
    const sockets = this.#sockets.get(id);
    sockets.delete(socket);
    if (sockets.size === 0) this.#sockets.delete(id);
    this.#note(id, -1);
  }

  #note(id, more) {
    const change = (this.#changes.get(id) ?? 0) + more;
    if (change === 0) this.#changes.delete(id);
    else this.#changes.set(id, change);
  }

  has(socket) {
    return this.#ids.has(socket);
  }

  isNamed(socket) {
    return this.#named.has(socket);
  }

  idOf(socket) {
    return this.#ids.get(socket);
  }

  /** The sockets of an id, the newest last. */
  find(id) {
    return [...(this.#sockets.get(id) ?? [])];
  }

  /** The id of each client. */
  ids() {
    return [...this.#ids.values()];
  }

  /** What the others have not been told: the fields of `delta` messages, each of at most `room` bytes of ids. */
  takeChanges(room) {
    const deltas = [];
    let delta = null;
    let size = 0;
    for (const [id, change] of this.#changes) {
      for (let i = 0; i < Math.abs(change); i++) {
        const length = Buffer.byteLength(JSON.stringify(id)) + 1;
        if (delta === null || size + length > room) {
          delta = { base: this.revision, revision: ++this.revision, add: [], remove: [] };
          deltas.push(delta);
          size = 0;
        }
        size += length;
        (change > 0 ? delta.add : delta.remove).push(id);
      }
    }
    this.#changes.clear();
    return deltas;
  }

  /** All ids, in parts of at most `room` bytes; one part if there are none. */
  parts(room) {
    const parts = [[]];
    let size = 0;
    for (const id of this.#ids.values()) {
      const length = Buffer.byteLength(JSON.stringify(id)) + 1;
      if (size + length > room && parts.at(-1).length > 0) {
        parts.push([]);
        size = 0;
      }
      size += length;
      parts.at(-1).push(id);
    }
    return parts;
  }
}

module.exports = Locals;
