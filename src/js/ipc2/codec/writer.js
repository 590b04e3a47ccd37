'use strict';
// Bytes that a value is written to. Used by the codecs.

/** Bytes of memory that are kept for the next value: always; and as long as it is used now and then. */
const KEPT = 64 * 1024;
const KEPT_IN_USE = 4 * 1024 * 1024;

/** Values in a row that did not need so much, after which it is given back. */
const UNUSED = 64;

/** A writer that nobody uses, or null. */
let idle = null;

class Writer {
  #bytes = Buffer.allocUnsafeSlow(1024);
  #length = 0;
  /** Values in a row that had more memory than they needed. */
  #small = 0;
  /** How deep within a value. */
  depth = 0;

  /** One to use until `release`. */
  static take() {
    const writer = idle ?? new Writer();
    idle = null;
    writer.#length = 0;
    writer.depth = 0;
    return writer;
  }

  release() {
    const { length } = this.#bytes;
    this.#small = this.#length > KEPT ? 0 : this.#small + 1;
    if (length <= KEPT || (length <= KEPT_IN_USE && this.#small < UNUSED)) idle = this;
  }

  /** What was written: to be copied before the next value is written. */
  finish() {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for so many bytes: they begin at `at` of `bytes`. */
  #reserve(count) {
    const at = this.#length;
    const length = at + count;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = length;
    return at;
  }

  /** A whole number of up to four bytes; negative ones as their two's complement. */
  int(value, size) {
    const at = this.#reserve(size);
    for (let i = 0; i < size; i++) this.#bytes[at + i] = value >> (8 * i);
  }

  /** The lowest 64 bits of a BigInt. */
  long(value) {
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }

  /** A length or a number of elements. */
  count(value) {
    const at = this.#reserve(8);
    this.#bytes.writeUInt32LE(value % 2 ** 32, at);
    this.#bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
  }

  float(value) {
    const at = this.#reserve(4);
    this.#bytes.writeFloatLE(value, at);
  }

  double(value) {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  bytes(value) {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** Text as UTF-8, which has `length` bytes. */
  text(value, length = Buffer.byteLength(value)) {
    const at = this.#reserve(length);
    this.#bytes.write(value, at, 'utf8');
  }
}

module.exports = Writer;
