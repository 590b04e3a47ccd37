'use strict';
// The frames of one event of the engine, one after the other. Made by connection.js and datagrams.js,
// read by wire.js.

// Mirrors deliver.rs: header[2] is the number of frames, HEAD the length of `{"type":"T","data":` if all
// of them begin with it (and end with `}`), PLAIN whether there is one frame, whose data is a string
// without escapes, and ENDS_AT where the frames' ends begin.
const COUNT = 2;
const HEAD = 5;
const PLAIN = 6;
const ENDS_AT = 7;

/** Frames in one event at most. Mirrors delimited.rs. */
const MOST_FRAMES = 2048;

/** Length of `{"type":"`, and of `","data":`. */
const BESIDE_TYPE = 9;

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
    this.type = this.head === 0 ? null : text.slice(BESIDE_TYPE, this.head - BESIDE_TYPE);
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

  /** The current frame's text. */
  get frame() {
    return this.count === 1 ? this.text : this.text.slice(this.start, this.end);
  }

  /** The JSON text of the current message's data, if `type` is known and the frame is well-formed. */
  get data() {
    return this.text.slice(this.start + this.head, this.end - 1);
  }

  /** The current message's data, if it is `plain`. */
  get plainText() {
    return this.text.slice(this.head + 1, -2);
  }

  /** To be called before the header is used for the next event, if frames are left. */
  keep() {
    this.header = this.header.slice();
  }
}

module.exports = { Frames, ENDS_AT, MOST_FRAMES };
