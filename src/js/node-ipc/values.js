'use strict';
/* global Float16Array */
// Messages whose data is values as they are: config.serialization 'advanced'. By V8's serializer, with the rules of
// child_process (lib/internal/child_process/serialization.js in Node): views are sent without the rest of their
// buffer, and the runtime's own objects as plain objects of their properties. Loaded by party.js if a configuration
// asks for
// it. docs/wire-format.md describes the bytes; src/engine/codec/values.rs checks what arrives first.

const os = require('node:os');
const { core, process } = require('../core');
const { inspect } = core('util');
const v8 = core('v8');
const { isBytes } = require('../arguments');
const { channels, drop, publishReceived } = require('../diagnostics/channels');
const { hasPackets } = require('../engine/engine');
const { argumentError, eventError, serializationError, valueError } = require('../errors');

/** Views with at least this many bytes are sent from, and received into, memory of their own. */
const DETACHED_FROM = 32 * 1024;

/** A view stays a part of the message's memory if that is at most this many times as large. */
const SPARSE = 16;

/** The longest frame that there is. */
const LONGEST = 0xffffffff;

/** Before the values: the length of the frame, and theirs. */
const LENGTHS = Buffer.alloc(8);

// Mirrors values.rs.
const INLINE = 0;
const PLAIN = 1;
const DETACHED = 2;

/** In the length of the values: what is detached is not in the frame, but in memory beside it. */
const SPLIT = 0x80000000;

/** The kinds of views by number, as they are on the wire. */
const VIEWS = [
  Buffer,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
  typeof Float16Array === 'undefined' ? undefined : Float16Array, // since Node 24
];
const DATA_VIEW = VIEWS.indexOf(DataView);
const NUMBERS = new Map(VIEWS.flatMap((View, number) => (View ? [[View.name, number]] : [])));

/** 'Uint8Array' and the like of a view of any realm; undefined for a DataView. */
const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
).get;

function numberOf(view) {
  if (Object.getPrototypeOf(view) === Buffer.prototype) return 0;
  return NUMBERS.get(nameOf.call(view)) ?? DATA_VIEW;
}

/** The error for what cannot be sent, with the name that structuredClone uses. */
class DataCloneError extends Error {
  get name() {
    return 'DataCloneError';
  }
}

class Writer extends v8.Serializer {
  /** `{bytes, length}` of the views that follow the values. */
  detached = [];

  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  _writeHostObject(object) {
    if (!ArrayBuffer.isView(object)) {
      this.writeUint32(PLAIN);
      this.writeValue({ ...object });
      return;
    }
    const { buffer, byteOffset, byteLength: length } = object;
    const bytes = new Uint8Array(buffer, byteOffset, length);
    // Other threads may change what is shared.
    const isDetached = length >= DETACHED_FROM && !isShared(buffer);
    this.writeUint32(isDetached ? DETACHED : INLINE);
    this.writeUint32(numberOf(object));
    this.writeUint32(length);
    if (isDetached) this.detached.push({ bytes, length });
    else this.writeRawBytes(bytes);
  }
}

Writer.prototype._getDataCloneError = (message) => new DataCloneError(message);
Writer.prototype._getSharedArrayBufferId = () => {
  throw new DataCloneError('#<SharedArrayBuffer> could not be cloned.');
};

const isShared = (buffer) =>
  Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';

class Reader extends v8.Deserializer {
  /** What holds the detached views. */
  #detached;
  #isBeside;
  /** Where the next one is. */
  #next;

  constructor(frame, memory, beside) {
    const end = 4 + lengthOfValues(frame);
    super(frame.subarray(4, end));
    this.#detached = beside ?? frame;
    this.#isBeside = beside !== null;
    this.#next = beside ? 0 : end;
    this.smallest = (beside ?? memory).length / SPARSE;
  }

  _readHostObject() {
    const kind = this.readUint32();
    if (kind === PLAIN) return this.readValue();
    const number = this.readUint32();
    const length = this.readUint32();
    const bytes = kind === DETACHED ? this.#take(length) : this.readRawBytes(length);
    return this.#view(VIEWS[number], bytes);
  }

  #take(length) {
    const start = this.#next;
    this.#next += length;
    return this.#detached.subarray(start, this.#next);
  }

  #view(View, bytes) {
    if (View === undefined)
      throw new Error('The message has a kind of view that this runtime does not have');
    const { buffer, byteOffset, length } = bytes;
    if (View === Buffer) return length >= this.smallest ? bytes : Buffer.from(bytes);
    const size = View.BYTES_PER_ELEMENT ?? 1;
    // Memory that was received into begins anywhere; what was beside a frame begins at a page.
    const isInPlace = size === 1 || (this.#isBeside && byteOffset % size === 0);
    if (isInPlace && length >= this.smallest) return new View(buffer, byteOffset, length / size);
    return new View(buffer.slice(byteOffset, byteOffset + length), 0, length / size);
  }
}

const lengthOfValues = (frame) => (frame.readUInt32BE(0) & ~SPLIT) >>> 0;

/** A message as it is sent. */
class Packet {
  /** `pieces`: what goes over the wire; of others than the first the memory is the program's. */
  constructor(type, pieces, size) {
    this.type = type;
    this.pieces = pieces;
    /** Bytes in all. */
    this.size = size;
  }

  /** Bytes of the frame. */
  get length() {
    return this.size - 4;
  }

  /** To be called if it is not sent at once: the program may change its memory. */
  keep() {
    const [first, ...others] = this.pieces;
    this.pieces = [first, ...others.map((piece) => Buffer.from(piece))];
    this.keep = () => {};
  }

  /** All in one piece. */
  get whole() {
    return Buffer.concat(this.pieces);
  }

  /** For the log. */
  toString() {
    return `${JSON.stringify(this.type)} (${this.length} bytes)`;
  }
}

/**
 * @throws {DataCloneError} for data that V8 does not serialize
 * @throws {TypeError} for a type that is not a string
 * @throws {RangeError} for data that is nested too deep, or more than 4 GiB
 */
function encode(type, data) {
  if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
  const writer = new Writer();
  writer.writeRawBytes(LENGTHS);
  writer.writeHeader();
  writer.writeValue(type);
  writer.writeValue(data);
  const head = writer.releaseBuffer();
  const { detached } = writer;
  const pieces = [head];
  let size = head.length;
  for (const { bytes, length } of detached) {
    // Getters run meanwhile.
    if (bytes.length !== length) throw new DataCloneError('A buffer was changed while it was sent');
    pieces.push(bytes);
    size += length;
  }
  if (size - 4 > LONGEST) throw new RangeError(`A message of ${size} bytes cannot be sent`);
  head.writeUInt32BE(size - 4, 0);
  head.writeUInt32BE(head.length - 8, 4);
  return new Packet(type, pieces, size);
}

/** `[type, data]` of a frame of packets.js. */
function read(frame, memory, beside = null) {
  const reader = new Reader(frame, memory, beside);
  reader.readHeader();
  return [reader.readValue(), reader.readValue()];
}

/** The data of a message (a Packet, or the frame that has come) as text for people. */
function show(message) {
  const frame = isBytes(message) ? message : message.whole.subarray(4);
  const [, data] = read(frame, frame);
  return inspect(data, { customInspect: false, breakLength: Infinity });
}

/** As `decode` of wire.js. */
function decode(frames, owner, socket) {
  const { frame } = frames;
  let message;
  try {
    if (frames.isRefused) throw refusal(frames);
    message = read(frame, frames.memory, frames.beside);
  } catch (cause) {
    refuse(frames, owner, socket, cause);
    return;
  }
  const [type, data] = message;
  if (channels.received.hasSubscribers) publishReceived(owner, socket, type, whole(frames, type));
  owner._onMessage(socket, type, data);
}

/** The current frame, as it would be with everything in it: with what is beside it, as a Packet. */
function whole({ frame, beside, length }, type) {
  if (beside === null) return frame;
  const head = Buffer.concat([LENGTHS.subarray(0, 4), frame]);
  head.writeUInt32BE(length, 0);
  head.writeUInt32BE(lengthOfValues(frame), 4);
  return new Packet(type, [head, beside], head.length + beside.length);
}

function refusal({ isLost }) {
  const message = isLost
    ? 'The memory of the message could not be taken: this process has too many open files, or no memory'
    : 'The message does not hold valid values';
  return new Error(message);
}

function refuse({ length, isTooLarge }, owner, socket, cause) {
  drop(owner, socket, isTooLarge ? 'tooLarge' : 'invalid', length);
  const error = isTooLarge
    ? eventError(
        'ERR_FERRIPC_MESSAGE_TOO_LARGE',
        `Received a message of ${length} bytes whose values take more memory than is allowed`,
        { length },
      )
    : eventError('ERR_FERRIPC_INVALID_MESSAGE', 'Received values that cannot be read', {
        cause,
        length,
      });
  owner._onBadFrame(socket, error);
}

// ---- the beginning of a connection ------------------------------------------------------------------

/** What a greeting begins with. Both sides must have the same. */
const COMMON = '{"ferripc":"advanced/';

/** A message that a peer with JSON takes for an error: the beginning, up to what is said about memory, and the rest. */
function greetingTexts() {
  const writer = new v8.Serializer();
  writer.writeHeader();
  const [, version] = writer.releaseBuffer();
  const order = os.endianness() === 'BE' ? ' big-endian' : ''; // numbers are written as the processor has them
  const { message } = serializationError("The peer has serialization 'advanced'");
  const data = JSON.stringify({ code: 'ERR_FERRIPC_SERIALIZATION', message });
  return [`${COMMON}1 v8/${version}${order}","memory":`, `0,"type":"error","data":${data}}\f`];
}

/** Default of `config.serializationTimeout`, in ms. */
const PATIENCE = 10_000;

const MOST_PATIENCE = 0xffffffff;

/**
 * What the framing of connections has besides (see socket.js), for a client or server of this configuration.
 * @throws {TypeError} for settings that cannot be honoured
 */
function greetingOf(config) {
  refuseOthers(config);
  const { serializationTimeout: patience = PATIENCE } = config;
  if (typeof patience !== 'number' || !(patience > 0)) {
    throw argumentError('config.serializationTimeout', 'a positive number of ms', patience);
  }
  const [beginning, rest] = greetingTexts();
  return {
    text: beginning + rest,
    common: COMMON.length,
    memoryAt: beginning.length,
    patience: Math.min(Math.ceil(patience), MOST_PATIENCE),
  };
}

function refuseOthers({ rawBuffer, parser, delimiter = '\f' }) {
  if (!process.versions.v8 || process.versions.bun || process.versions.deno) {
    throw valueError(`${ADVANCED} is for Node: this runtime writes values in another format`);
  }
  if (!hasPackets()) throw valueError(`${ADVANCED} needs the native binary`);
  if (rawBuffer) throw valueError(`${ADVANCED} and config.rawBuffer exclude each other`);
  if (parser) throw valueError(`${ADVANCED} and config.parser exclude each other`);
  if (delimiter !== '\f') {
    throw valueError(`${ADVANCED} has no delimiter: leave config.delimiter at its default`);
  }
}

const ADVANCED = "config.serialization 'advanced'";

module.exports = { decode, encode, greetingOf, show };
