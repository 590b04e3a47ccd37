'use strict';
// Frames of serialization 'advanced' by hand, as docs/wire-format.md has them.

const v8 = require('node:v8');

const HEADER = Buffer.from([0xff, 15]);

/** A value as V8 writes it, without the header. */
const written = (value) => v8.serialize(value).subarray(HEADER.length);

/** A number of up to 32 bits, the lowest seven first. */
function varint(number) {
  const bytes = [];
  for (; number >= 128; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return Buffer.from([...bytes, number]);
}

function uint32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** A frame with its length, of what it holds. */
const framed = (content) => Buffer.concat([uint32(content.length), content]);

/** A frame of these values, as bytes, and what follows them. */
function frameOf(values, detached = Buffer.alloc(0)) {
  const all = Buffer.concat([HEADER, ...values]);
  return framed(Buffer.concat([uint32(all.length), all, detached]));
}

/** A frame of a message whose data are these bytes. */
const message = (type, data, detached) => frameOf([written(type), data], detached);

/** Has a raw peer say what the other side has said, except that it takes no memory: they say the same. */
async function greet(peer) {
  peer.writeFrames((await peer.frame()).replace('"memory":1', '"memory":0'));
}

module.exports = { framed, frameOf, greet, message, uint32, varint, written };
