'use strict';
// What a codec is: a Rust type's values <-> bytes, in the format of bincode 1.3.3 (docs/ipc2.md). The types are in
// numbers.js, texts.js and compounds.js, which extend this.

const { isBytes } = require('../../arguments');
const { argumentError, codedError } = require('../../errors');
const Reader = require('./reader');
const Writer = require('./writer');

/** Levels of a value: each compound within another is one. As in src/protocols/ipc2/payload. */
const MAX_DEPTH = 256;

/** A value that is not of the type: `expected` says what it should be, `at` where it is. */
class Misfit extends Error {
  constructor(expected, actual) {
    super(expected);
    this.actual = actual;
    this.at = '';
  }
}

/** Bytes that are not a value of the type. */
const payloadError = (message) => codedError('ERR_IPC2_PAYLOAD', message);

class Codec {
  /** The type, as Rust has it. */
  name;
  /** Whether null or undefined is a value. */
  nullable;

  /** `write(writer, value)`, `read(reader)`. */
  constructor(name, write, read, nullable = false) {
    this.name = name;
    this.write = write;
    this.read = read;
    this.nullable = nullable;
  }

  /**
   * The bytes of `value`, which is called `what` in errors.
   * @throws {TypeError} that names the part that is not of the type
   */
  encode(value, what = 'value') {
    return Buffer.from(this._encode(value, what));
  }

  /** The same, in memory that the next call writes to. */
  _encode(value, what) {
    const writer = Writer.take();
    try {
      this.write(writer, value);
      return writer.finish();
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      throw describe(error, what);
    } finally {
      writer.release();
    }
  }

  /**
   * The value that `bytes` begin with. Those after it are ignored, as ipc2 does.
   * @throws {Error} ERR_IPC2_PAYLOAD
   */
  decode(bytes) {
    if (!isBytes(bytes)) throw argumentError('bytes', 'a Uint8Array', bytes);
    return this.read(new Reader(bytes, payloadError));
  }
}

function describe({ message, actual, at }, what) {
  const error = argumentError(what + at, message, actual);
  if (actual !== null && ['number', 'bigint', 'boolean'].includes(typeof actual)) {
    error.message = error.message.replace(/type \w+$/, `${typeof actual} ${String(actual)}`);
  }
  return error;
}

/** Writes a part of a value, which is at `at` of it. */
function writeAt(codec, writer, value, at) {
  try {
    codec.write(writer, value);
  } catch (error) {
    if (error instanceof Misfit) error.at = at() + error.at;
    throw error;
  }
}

/** `write`, one level down. */
function deeper(write) {
  return (writer, value) => {
    if (writer.depth === MAX_DEPTH) throw new Misfit(`of at most ${MAX_DEPTH} levels`, value);
    writer.depth++;
    write(writer, value);
    writer.depth--;
  };
}

/** `read`, one level down. */
function deeperIn(read) {
  return (reader) => {
    if (reader.depth === MAX_DEPTH) {
      throw payloadError(`the value has more than ${MAX_DEPTH} levels`);
    }
    reader.depth++;
    const value = read(reader);
    reader.depth--;
    return value;
  };
}

/** Checks that `value`, an argument of codec's functions, is a codec. */
function assertCodec(value, name) {
  if (value instanceof Codec) return value;
  throw argumentError(name, 'a codec', value);
}

module.exports = { Codec, Misfit, assertCodec, deeper, deeperIn, payloadError, writeAt };
