'use strict';
// Bytes -> frames for the JavaScript engine: frames that end with a delimiter (node-ipc), and JSON values with nothing
// between them (ipcIO). Made by link.js, one for each connection; udp.js has one of `splitterOf` for each socket. The
// rules are those of src/engine/codec: each byte is looked at once, and no more than a frame within the limit is kept.

const { MOST_FRAMES } = require('../frames');

const NOTHING = Buffer.alloc(0);

/** Pieces of a frame that came in many small reads are put together when they have fewer bytes than this on average. */
const SMALL = 4096;
const MOST_PIECES = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Frames as one event has them: `text`, with the delimiter between them, and where each ends in it. */
function joined(frames, delimiter) {
  if (frames.length === 1) return { text: frames[0], ends: [frames[0].length] };
  const ends = [];
  let at = -delimiter.length;
  for (const frame of frames) ends.push((at += delimiter.length + frame.length));
  return { text: frames.join(delimiter), ends };
}

/**
 * `bytes`, or a copy of them where they are a small part of a read, because otherwise they would keep the whole read
 * in memory.
 */
function alone(bytes) {
  const { length } = bytes;
  if (length === 0) return NOTHING;
  if (2 * length > bytes.buffer.byteLength) return bytes;
  const copy = Buffer.allocUnsafeSlow(length);
  copy.set(bytes);
  return copy;
}

/** The common part of both: the bytes of a frame that has begun. `add` takes bytes and returns the events in them. */
class Decoder {
  /** The beginning of a frame, in pieces. */
  pieces = [];
  length = 0;
  /** Bytes of it that were dropped, since it is over the limit. */
  skipped = 0;

  constructor(maxFrame) {
    this.maxFrame = maxFrame;
  }

  hold(bytes) {
    if (bytes.length === 0) return;
    this.length += bytes.length;
    const count = this.pieces.push(alone(bytes));
    if (count >= MOST_PIECES && this.length < count * SMALL) {
      this.pieces = [Buffer.concat(this.pieces)];
    }
  }

  /** All that is held, followed by `bytes`. */
  take(bytes = NOTHING) {
    const { pieces } = this;
    if (pieces.length === 0) return bytes;
    this.pieces = [];
    this.length = 0;
    return Buffer.concat([...pieces, bytes]);
  }

  /** Drops all that is held of a frame that is over the limit. */
  skip() {
    this.skipped += this.length;
    this.pieces = [];
    this.length = 0;
  }

  /** Bytes of the frame that has begun and not ended; 0 between two frames. */
  get partial() {
    return this.length + this.skipped;
  }

  /** Bytes of it that are kept. */
  get held() {
    return this.partial - this.skipped;
  }

  /** Takes what was received of an unfinished frame. */
  takePartial() {
    this.skipped = 0;
    return this.take();
  }
}

/** Events of frames, and of what is too large: `{text, ends}` and `{tooLarge}`. */
class Events {
  list = [];
  #frames = [];
  #delimiter;

  constructor(delimiter) {
    this.#delimiter = delimiter;
  }

  frame(text) {
    if (this.#frames.push(text) === MOST_FRAMES) this.end();
  }

  tooLarge(length) {
    this.end();
    this.list.push({ tooLarge: length });
  }

  end() {
    if (this.#frames.length > 0) this.list.push(joined(this.#frames, this.#delimiter));
    this.#frames = [];
    return this.list;
  }
}

/** The bytes of a delimiter, which are the same for all connections of a server. */
let known = { delimiter: '', bytes: NOTHING };
function bytesOf(delimiter) {
  if (known.delimiter !== delimiter) known = { delimiter, bytes: Buffer.from(delimiter) };
  return known.bytes;
}

class Delimited extends Decoder {
  #delimiter;
  #bytes;
  /** As many bytes of what is held as may be the beginning of a delimiter: they are looked at again. */
  #tail = NOTHING;

  constructor(delimiter, maxFrame) {
    super(maxFrame);
    this.#delimiter = delimiter;
    this.#bytes = bytesOf(delimiter);
  }

  get partial() {
    return super.partial + this.#tail.length;
  }

  takePartial() {
    this.hold(this.#tail);
    this.#tail = NOTHING;
    return super.takePartial();
  }

  add(received) {
    const bytes = this.#tail.length > 0 ? Buffer.concat([this.#tail, received]) : received;
    const { length: width } = this.#bytes;
    const found =
      width === 1 && this.partial + received.length <= this.maxFrame
        ? this.#text(bytes)
        : this.#frames(bytes);
    if (found.at === bytes.length) {
      this.#tail = NOTHING;
      return found.events;
    }
    const rest = bytes.subarray(found.at);
    const kept = Math.max(rest.length - (width - 1), 0);
    this.#tail = alone(rest.subarray(kept));
    this.hold(rest.subarray(0, kept));
    if (this.skipped > 0 || this.length > this.maxFrame) this.skip();
    return found.events;
  }

  /** All frames at once: a delimiter of one byte is ASCII, so it is the same in the text, and none is over the limit. */
  #text(bytes) {
    const last = bytes.lastIndexOf(this.#bytes);
    if (last < 0) return { events: [], at: 0 };
    const isWhole = this.pieces.length === 0;
    const text = isWhole
      ? bytes.toString('utf8', 0, last)
      : this.take(bytes.subarray(0, last)).toString();
    const events = [];
    let ends = [];
    let start = 0;
    let from = 0;
    for (;;) {
      const at = text.indexOf(this.#delimiter, from);
      const end = at < 0 ? text.length : at;
      ends.push(end - start);
      from = end + 1;
      if (at < 0) break;
      if (ends.length === MOST_FRAMES) {
        events.push({ text: text.slice(start, end), ends });
        ends = [];
        start = from;
      }
    }
    events.push({ text: start === 0 ? text : text.slice(start), ends });
    return { events, at: last + 1 };
  }

  /** One frame after the other, from the left: of `aaa`, the delimiter `aa` is the first two. */
  #frames(bytes) {
    const events = new Events(this.#delimiter);
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(this.#bytes, at);
      if (end < 0) return { events: events.end(), at };
      const length = this.length + this.skipped + end - at;
      if (length > this.maxFrame) {
        this.take();
        this.skipped = 0;
        events.tooLarge(length);
      } else {
        events.frame(this.take(bytes.subarray(at, end)).toString());
      }
      at = end + this.#bytes.length;
    }
  }
}

/** White space of JSON (RFC 8259, section 2). */
const isSpace = (byte) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
const opens = (byte) => byte === 0x7b || byte === 0x5b;
const closes = (byte) => byte === 0x7d || byte === 0x5d;

class JsonStream extends Decoder {
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** In a number, a word, or what begins no JSON value: white space or the beginning of a value ends it. */
  #bare = false;

  get #isBetween() {
    return this.#depth === 0 && !this.#inString && !this.#bare;
  }

  takePartial() {
    this.#depth = 0;
    this.#inString = this.#escaped = this.#bare = false;
    return super.takePartial();
  }

  add(bytes) {
    const events = new Events('');
    let at = 0;
    for (;;) {
      if (this.#isBetween) while (at < bytes.length && isSpace(bytes[at])) at++;
      const start = at;
      const [end, ended] = this.#scan(bytes, start);
      at = end;
      this.hold(bytes.subarray(start, end));
      const isOver = this.partial > this.maxFrame;
      if (isOver) this.skip();
      if (!ended) return events.end();
      if (isOver) {
        events.tooLarge(this.skipped);
        this.skipped = 0;
      } else {
        events.frame(this.take().toString());
      }
    }
  }

  /** From `at` to the end of the value, or of `bytes`: where that is, and whether the value has ended. */
  #scan(bytes, at) {
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#inString = false;
          if (this.#depth === 0) return [at + 1, true];
        }
      } else if (this.#bare && (isSpace(byte) || opens(byte) || byte === QUOTE)) {
        this.#bare = false;
        return [at, true]; // it belongs to what follows
      } else if (opens(byte)) this.#depth++;
      else if (closes(byte) && this.#depth > 0) {
        if (--this.#depth === 0) return [at + 1, true];
      } else if (byte === QUOTE) this.#inString = true;
      else this.#bare = this.#depth === 0 && !isSpace(byte);
    }
    return [at, false];
  }
}

/** A decoder for `framing`; an empty delimiter stands for JSON values. */
function decoderOf({ delimiter, maxFrame }) {
  return delimiter === '' ? new JsonStream(maxFrame) : new Delimited(delimiter, maxFrame);
}

/** Returns what cuts a datagram into frames; the datagram's end is the last one's. Events as of a decoder, never none. */
function splitterOf({ delimiter, maxFrame }) {
  const ending = Buffer.from(delimiter);
  const one = (bytes, end) => {
    if (end > maxFrame) return [{ tooLarge: end }];
    const text = bytes.toString('utf8', 0, end);
    return [{ text, ends: [text.length] }];
  };
  return (bytes) => {
    if (bytes.length === 0) return [{ text: '', ends: [] }]; // a datagram, too
    let end = bytes.indexOf(ending);
    if (end < 0) return one(bytes, bytes.length);
    if (end + ending.length === bytes.length) return one(bytes, end);
    const events = new Events(delimiter);
    for (let at = 0; at < bytes.length; end = bytes.indexOf(ending, at)) {
      if (end < 0) end = bytes.length;
      if (end - at > maxFrame) events.tooLarge(end - at);
      else events.frame(bytes.toString('utf8', at, end));
      at = end + ending.length;
    }
    return events.end();
  };
}

module.exports = { decoderOf, splitterOf };
