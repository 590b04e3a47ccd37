'use strict';
// Codecs of what is neither a number nor made of others: texts, bytes, truth, nothing, JSON.

const { isBytes } = require('../../arguments');
const { Codec, Misfit, payloadError } = require('./codec');

/** Half of a surrogate pair: what no string of Rust's can have. */
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function writeText(writer, value) {
  const length = Buffer.byteLength(value);
  writer.count(length);
  writer.text(value, length);
}

const string = new Codec(
  'String',
  (writer, value) => {
    if (typeof value !== 'string') throw new Misfit('of type string', value);
    if (LONE.test(value)) throw new Misfit('a string without lone surrogates', value);
    writeText(writer, value);
  },
  (reader) => reader.text(reader.count()),
);

/** Bytes of a character by its first one; 0: none begins with it. */
function lengthOf(first) {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

const char = new Codec(
  'char',
  (writer, value) => {
    const fits = typeof value === 'string' && !LONE.test(value) && [...value].length === 1;
    if (!fits) throw new Misfit('a string of one character', value);
    writer.text(value);
  },
  (reader) => {
    const first = reader.byte();
    const length = lengthOf(first);
    const bytes = Buffer.from([first, ...reader.bytes(Math.max(length - 1, 0))]);
    const text = bytes.toString();
    if (length === 0 || !Buffer.from(text).equals(bytes)) {
      reader.fail('the bytes of a char are not UTF-8');
    }
    return text;
  },
);

const bool = new Codec(
  'bool',
  (writer, value) => {
    if (typeof value !== 'boolean') throw new Misfit('of type boolean', value);
    writer.int(Number(value), 1);
  },
  (reader) => {
    const byte = reader.byte();
    return byte > 1 ? reader.fail(`${byte} is not a bool`) : byte === 1;
  },
);

const unit = new Codec(
  '()',
  (_, value) => {
    if (value !== undefined && value !== null) throw new Misfit('null or undefined', value);
  },
  () => null,
  true,
);

const bytes = new Codec(
  'Vec<u8>',
  (writer, value) => {
    if (!isBytes(value)) throw new Misfit('a Buffer or Uint8Array', value);
    writer.count(value.length);
    writer.bytes(value);
  },
  (reader) => reader.bytes(reader.count()),
);

const json = new Codec(
  'String (JSON)',
  (writer, value) => {
    const text = toJson(value);
    if (text === undefined) throw new Misfit('a value that JSON has a form for', value);
    writeText(writer, text);
  },
  (reader) => {
    const text = reader.text(reader.count());
    try {
      return JSON.parse(text);
    } catch (error) {
      throw payloadError(`a string is not JSON (${error.message})`);
    }
  },
  true,
);

function toJson(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // A circle, a BigInt: V8 says which.
    throw new Misfit(`a value that JSON has a form for (${error.message.split('\n')[0]})`, value);
  }
}

module.exports = { string, char, bool, unit, bytes, json };
