'use strict';
// Bytes that a value is read from. They come from another process: a length is never trusted, so nothing is allocated
// for bytes that have not arrived. Used by the codecs.

/** Elements without bytes within one value. As in src/protocols/ipc2/payload. */
const MAX_EMPTY = 2 ** 20;

class Reader {
  #bytes;
  #at = 0;
  #empty = 0;
  #error;
  /** How deep within a value. */
  depth = 0;

  /** `error`: makes an error of a message. */
  constructor(bytes, error) {
    const { buffer, byteOffset, length } = bytes;
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(buffer, byteOffset, length);
    this.#error = error;
  }

  fail(message) {
    throw this.#error(message);
  }

  #take(count) {
    const at = this.#at;
    if (count > this.#bytes.length - at) this.fail('the payload ends within a value');
    this.#at = at + count;
    return at;
  }

  byte() {
    return this.#bytes[this.#take(1)];
  }

  unsigned(size) {
    return this.#bytes.readUIntLE(this.#take(size), size);
  }

  signed(size) {
    return this.#bytes.readIntLE(this.#take(size), size);
  }

  long() {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  /** A length in bytes or elements: a number, exact as far as there can be so many. */
  count() {
    const at = this.#take(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 2 ** 32;
  }

  float() {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  double() {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** A view of so many bytes. */
  bytes(count) {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Text of so many bytes. */
  text(count) {
    const at = this.#take(count);
    const text = this.#bytes.toString('utf8', at, at + count);
    // What is not UTF-8 is replaced by a character that may also be meant.
    if (
      text.includes('\ufffd') &&
      !this.#bytes.subarray(at, at + count).equals(Buffer.from(text))
    ) {
      this.fail('a string is not UTF-8');
    }
    return text;
  }

  /** Calls `read` so many times. Each time takes a byte at least, or one of the times that may take none. */
  times(count, read) {
    for (let i = 0; i < count; i++) {
      const before = this.#at;
      read();
      if (this.#at === before && ++this.#empty > MAX_EMPTY) {
        this.fail(`the value has more than ${MAX_EMPTY} elements without bytes`);
      }
    }
  }
}

module.exports = Reader;
