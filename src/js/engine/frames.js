'use strict';
// The frames of one event of the engine, one after the other. Made by connection.js and datagrams.js,
// read by wire.js.

// Mirrors deliver.rs: header[2] is the number of frames, HEAD the length of `{"type":"T","data":` if all
// of them begin with it (and end with `}`), PLAIN whether there is one frame, whose data is a string
// without escapes, and ENDS_AT where the frames' ends begin.
const COUNT = 2;
const HEAD = 6;
const PLAIN = 7;
const ENDS_AT = 8;

/** Frames in one event at most. Mirrors delimited.rs. */
const MOST_FRAMES = 2048;

/** Length of `{"type":"`, and of `","data":`. */
const BESIDE_TYPE = 9;

/** A text is long that is so many times as long as its head. */
const LONG = 16;

/** Types of messages that are kept, so that nobody else has to be. */
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
  constructor(text, header, delimiterLength) {
    this.text = text;
    this.header = header;
    this.delimiterLength = delimiterLength;
    this.count = header[COUNT];
    this.head = header[HEAD];
    this.plain = header[PLAIN] === 1;
    /** The type of all these messages, if it is known without parsing them; otherwise null. */
    this.type = this.head === 0 ? null : typeIn(text, this.head);
    /** How many frames have had their turn. */
    this.index = 0;
    this.start = 0;
    this.end = -delimiterLength;
  }

  /** Goes on to the next frame. Only where there is one: `index` is below `count`. */
  advance() {
    this.start = this.end + this.delimiterLength;
    this.end = this.header[ENDS_AT + this.index++];
  }

  /** The current frame's text, to be looked at. */
  get frame() {
    return this.count === 1 ? this.text : this.text.slice(this.start, this.end);
  }

  /** The current frame's text, for programs to keep. */
  get ownFrame() {
    return this.count === 1 ? this.text : apart(this.frame);
  }

  /** The JSON text of the current message's data, if `type` is known and the frame is well-formed. */
  get data() {
    return this.text.slice(this.start + this.head, this.end - 1);
  }

  /** The current message's data, if it is `plain`: a long text as a part of the whole, which is not much more. */
  get plainText() {
    const { text, head } = this;
    return text.length < LONG * head ? JSON.parse(text.slice(head, -1)) : text.slice(head + 1, -2);
  }

  /** To be called before the header is used for the next event, if frames are left. */
  keep() {
    this.header = this.header.slice();
  }
}

module.exports = { Frames, apart, ENDS_AT, MOST_FRAMES };
