'use strict';
// Another server, as far as this one has heard of it: which of its messages have come, and its clients. Made by
// directory.js.
//
// Its list of clients has a revision. A `delta` leads from one to a later one; where one is missing, the whole list is
// asked for, and comes as one or several `state`s.

const { Target } = require('./link');

/** Deltas that are kept while the list is awaited. */
const MOST_EARLY = 10_000;

class Peer extends Target {
  name = '';
  /** ms of silence after which it counts as gone; null: it has not said so yet. */
  timeout = null;
  #silent = 0;
  /** Something of it has come since the last `age`. */
  isHeard = true;
  /** It has said that it ends. */
  ended = false;
  /** Its clients are known, so it is one of the servers. */
  isListed = false;
  /** It was asked for the list. */
  isAsked = false;
  /** Id -> how many clients have it. */
  ids = new Map();
  size = 0;
  #revision = 0;
  #last = { all: 0, one: 0 };
  /** What has come of the list: `{revision, ids, next}`. */
  #parts = null;
  #early = [];
  /** `(id, more)` is told of each client that comes (1) or goes (-1). */
  #onClient;

  constructor(instance, subject, onClient) {
    super(subject);
    this.instance = instance;
    this.#onClient = onClient;
  }

  /** How many messages before number `n` have not come; -1 if this one has come before. */
  takeNumber(n, isToAll) {
    const stream = isToAll ? 'all' : 'one';
    const last = this.#last[stream];
    if (n <= last) return -1;
    this.#last[stream] = n;
    return last === 0 ? 0 : n - last - 1;
  }

  /** `ms` have passed. How long nothing has come, never more than it really is. */
  age(ms) {
    this.#silent = this.isHeard ? 0 : this.#silent + ms;
    this.isHeard = false;
    return this.#silent;
  }

  /** What it says of itself. */
  describe({ name, timeout }) {
    this.name = name;
    this.timeout = timeout;
  }

  /** Whether the list must be asked for, to have this revision. */
  lacks(revision) {
    return revision > this.#revision;
  }

  /** Clients have come and gone. Whether that could be made use of; if not, the list must be asked for. */
  takeDelta(delta) {
    const { base, revision, add, remove } = delta;
    if (revision <= this.#revision) return true; // the list had it already
    if (base !== this.#revision) {
      if (this.#early.length < MOST_EARLY) this.#early.push(delta);
      return false;
    }
    this.#revision = revision;
    for (const id of add) this.#count(id, 1);
    for (const id of remove) this.#count(id, -1);
    return true;
  }

  /** A part of the list. Whether that was the last. */
  takeState({ revision, part, parts, ids }) {
    if (part === 0) this.#parts = { revision, ids: [], next: 0 };
    const taken = this.#parts;
    if (taken === null || taken.revision !== revision || taken.next !== part) return false;
    taken.next++;
    for (const id of ids) taken.ids.push(id);
    if (taken.next < parts) return false;
    this.#parts = null;
    if (revision < this.#revision) return true; // it was overtaken
    this.#replace(taken.ids);
    this.#revision = revision;
    for (const delta of this.#early.splice(0)) this.takeDelta(delta);
    return true;
  }

  /** It is gone, and so are its clients. */
  clear() {
    this.#replace([]);
    this.#revision = 0;
    this.#parts = null;
    this.#early = [];
    this.isListed = this.isAsked = false;
  }

  #replace(ids) {
    const wanted = new Map();
    for (const id of ids) wanted.set(id, (wanted.get(id) ?? 0) + 1);
    for (const [id, count] of [...this.ids]) {
      for (let more = count - (wanted.get(id) ?? 0); more > 0; more--) this.#count(id, -1);
    }
    for (const [id, count] of wanted) {
      for (let more = count - (this.ids.get(id) ?? 0); more > 0; more--) this.#count(id, 1);
    }
  }

  #count(id, more) {
    const count = (this.ids.get(id) ?? 0) + more;
    if (count < 0) return; // nobody had it
    if (count === 0) this.ids.delete(id);
    else this.ids.set(id, count);
    this.size += more;
    this.#onClient(this, id, more, count);
  }
}

module.exports = Peer;
