'use strict';
// The frames of one event of the engine, one after the other. Made by connection.js and datagrams.js,
// read by wire.js.

// Mirrors deliver.rs: header[2] is the number of frames, HEAD the length of `{"type":"T","data":` if all
// of them begin with it (and end with `}`), FORM what the text is, and ENDS_AT where the frames' ends begin.
const COUNT = 2;
const HEAD = 7;
const FORM = 8;
const ENDS_AT = 9;

// header[FORM], if the text is not the frames as they were sent: one frame, whose data is a string without escapes;
// or one message in place of several, whose data is the array of theirs.
const PLAIN = 1;
const JOINED = 2;

/** Length of `]}`, which ends that message. */
const AFTER_LAST = 2;

/** Frames in one event at most. Mirrors delimited.rs. */
const MOST_FRAMES = 2048;

/** Length of `{"type":"`, and of `","data":`. */
const BESIDE_TYPE = 9;

/** A text counts as long if it is this many times as long as its head. */
const LONG = 16;

/** Types of messages that are cached, so that equal ones are not kept again. */
const MOST_TYPES = 256;
const types = new Map();

/** A copy of a string that is a part of another one, and would keep that in memory with all of it. */
const apart = (text) => JSON.parse(JSON.stringify(text));

/** The type in `text`, whose head is so long; programs may keep it: it must not keep the text. */
function typeIn(text, head) {
  const type = text.slice(BESIDE_TYPE, head - BESIDE_TYPE);
  return types.get(type) ?? addType(apart(type));
}

function addType(type) {
  if (types.size === MOST_TYPES) types.clear();
  types.set(type, type);
  return type;
}

/** A cursor. It stands before the first frame until `advance` is called. */
class Frames {
  /** The data of all messages, once parsed together; or null. */
  #values = null;

  constructor(text, header, delimiterLength) {
    this.text = text;
    this.header = header;
    this.count = header[COUNT];
    this.head = header[HEAD];
    this.plain = header[FORM] === PLAIN;
    this.joined = header[FORM] === JOINED;
    /** Of what lies between two frames, or their data. */
    this.gap = this.joined ? 1 : delimiterLength;
    /** The type of all these messages, if it is known without parsing them; otherwise null. */
    this.type = this.head === 0 ? null : typeIn(text, this.head);
    /** How many frames have been passed. */
    this.index = 0;
    /** Where the current frame is in the text; its data, if they are joined. */
    this.start = 0;
    this.end = this.joined ? this.head : -delimiterLength;
  }

  /** Goes on to the next frame. Only where there is one: `index` is below `count`. */
  advance() {
    this.start = this.end + this.gap;
    this.end = this.header[ENDS_AT + this.index++];
  }

  /** The current frame's text, to be looked at. */
  get frame() {
    if (this.joined) return `${this.text.slice(0, this.head)}${this.#json}}`;
    return this.count === 1 ? this.text : this.text.slice(this.start, this.end);
  }

  /** The current frame's text, for programs to keep. */
  get ownFrame() {
    return this.count === 1 ? this.text : apart(this.frame);
  }

  /**
   * The current message's data, if `type` is known.
   * @throws {SyntaxError} if the frame is not well-formed after all
   */
  get data() {
    if (this.plain) return this.#plainText;
    if (!this.joined) return JSON.parse(this.#json);
    if (this.index === 1) this.#values = this.#parseAll();
    return this.#values === null ? JSON.parse(this.#json) : this.#values[this.index - 1];
  }

  /** Null if not all are well-formed: then each is parsed on its own. */
  #parseAll() {
    try {
      return JSON.parse(this.text).data;
    } catch {
      return null;
    }
  }

  /** The JSON text of the current message's data. */
  get #json() {
    const { text, start, end, head, joined } = this;
    if (!joined) return text.slice(start + head, end - 1);
    return text.slice(start, this.index === this.count ? end - AFTER_LAST : end);
  }

  /** The current message's data, if it is `plain`: a long text as a part of the whole, which is not much more. */
  get #plainText() {
    const { text, head } = this;
    return text.length < LONG * head ? JSON.parse(text.slice(head, -1)) : text.slice(head + 1, -2);
  }

  /** To be called before the header is used for the next event, if frames are left. */
  keep() {
    this.header = this.header.slice();
  }
}

module.exports = { Frames, apart, ENDS_AT, MOST_FRAMES };
