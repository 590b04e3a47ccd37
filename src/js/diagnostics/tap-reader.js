'use strict';
// One reader of a server's tap: what it wants, and what it gets. Used by tap.js.
//
// Records leave together, at the end of what happens now or when there are some KiB of them. Once the socket says that
// its reader is behind, records are counted instead of kept, until everything has left.

const { matches } = require('./glob');
const { later } = require('../core');

/** About how many bytes of records are sent at once. */
const ENOUGH = 16 * 1024;

/** Patterns of a reader, and their length. */
const MOST_PATTERNS = 32;
const LONGEST_PATTERN = 256;

/** How many characters of a message's type are matched and reported. */
const LONGEST_TYPE = 1000;

class Reader {
  #emit;
  #patterns;
  /** It wants payloads, if it may have them. */
  showsPayloads;
  #waiting = [];
  #size = 0;
  #skipped = 0;
  #isBehind = false;
  #isScheduled = false;

  /** `wish`: `{types, payloads}`, as it came. `emit(type, data)` sends, as of a server. */
  constructor(wish, emit) {
    const { types, payloads } = wish ?? {};
    const isPattern = (it) => typeof it === 'string' && it.length <= LONGEST_PATTERN;
    this.#patterns = Array.isArray(types) ? types.filter(isPattern).slice(0, MOST_PATTERNS) : [];
    this.showsPayloads = payloads === true;
    this.#emit = emit;
  }

  greet(facts) {
    this.#emit('tap.ready', facts);
  }

  /** Records other than messages go only to readers that want everything. */
  wants({ type }) {
    if (this.#patterns.length === 0) return true;
    if (typeof type !== 'string') return false;
    const begin = type.slice(0, LONGEST_TYPE);
    return this.#patterns.some((pattern) => matches(pattern, begin));
  }

  /** `record`: see tap-records.js. */
  take({ facts, payload, size, payloadSize }) {
    if (this.#isBehind) {
      this.#skipped++;
      return;
    }
    const full = this.showsPayloads && payload !== null;
    this.#waiting.push(full ? { ...facts, ...payload } : facts);
    this.#size += full ? size + payloadSize : size;
    if (this.#size >= ENOUGH) this.#flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      later(() => {
        this.#isScheduled = false;
        this.#flush();
      });
    }
  }

  #flush() {
    if (this.#waiting.length === 0) return;
    const records = this.#waiting.splice(0);
    this.#size = 0;
    this.#isBehind = !this.#emit('tap.records', { records });
  }

  /** Everything has left. */
  goOn() {
    this.#isBehind = false;
    const skipped = this.#skipped;
    this.#skipped = 0;
    if (skipped > 0) this.#isBehind = !this.#emit('tap.records', { records: [], skipped });
  }

  /** The server has ended. */
  end() {
    this.#flush();
    const skipped = this.#skipped;
    this.#skipped = 0;
    this.#emit('tap.end', { skipped });
  }
}

module.exports = Reader;
