'use strict';
// Messages that are bytes with their length in front, as values.js makes them, on their way out and in: what takes
// the place of text where a connection's framing has a greeting. Loaded with the first such connection; made by
// engine.js.

const { Connection, FLUSH_AT, HIGH_WATER } = require('./connection');
const { ENDS_AT } = require('./frames');
const { JOIN } = require('./bursts');

/** Bytes of a length. Mirrors length.rs. */
const GAP = 4;

// Mirrors values.rs of the binding: beside a frame's end, why V8 must not see it.
const COUNT = 2;
const END = 0x3fffffff;
const FLAGS_AT = 30;
const TOO_LARGE = 1;
const LOST = 3;

/** In the first byte of a frame: it has memory beside it. */
const SPLIT = 0x80;

/** The frames of one event: a cursor, as Frames (frames.js) is one for text. */
class PacketFrames {
  /** `received`: the memory; or an array of it, and of what is beside each frame that has memory beside it. */
  constructor(received, header) {
    const [memory, ...beside] = Array.isArray(received) ? received : [received];
    /** All of them, with a length before each but the first. */
    this.memory = memory;
    this.besideAll = beside;
    /** The memory beside the current frame; a number of bytes if that must not be read; or null. */
    this.beside = null;
    this.header = header;
    this.count = header[COUNT];
    this.index = 0;
    this.start = 0;
    this.end = -GAP;
    this.flags = 0;
  }

  advance() {
    this.start = this.end + GAP;
    const word = this.header[ENDS_AT + this.index++];
    this.end = word & END;
    this.flags = word >>> FLAGS_AT;
    const isSplit = this.besideAll.length > 0 && (this.memory[this.start] & SPLIT) !== 0;
    this.beside = isSplit ? this.besideAll.shift() : null;
  }

  /** The current frame must not be read, for what it holds, or would take. */
  get isRefused() {
    return this.flags !== 0;
  }

  get isTooLarge() {
    return this.flags === TOO_LARGE;
  }

  /** There was no room for the memory beside it. */
  get isLost() {
    return this.flags === LOST;
  }

  /** Bytes of the current frame, with what is beside it. */
  get length() {
    const { beside } = this;
    return this.end - this.start + (typeof beside === 'number' ? beside : (beside?.length ?? 0));
  }

  /** The current frame: a part of the memory. */
  get frame() {
    return this.memory.subarray(this.start, this.end);
  }

  keep() {
    this.header = this.header.slice();
  }
}

/** A connection whose messages are Packets. Those of a burst are joined, as text is. */
class PacketConnection extends Connection {
  #joined = [];
  #size = 0;

  send(packet) {
    const { activity } = this;
    const { size } = packet;
    if (size >= FLUSH_AT) {
      this.flush();
      this.queued = this.#write(packet);
      activity.bursts.wrote(this);
    } else if (this.#size > 0) {
      this.#join(packet);
      if (this.#size >= FLUSH_AT) {
        this.flush();
        activity.bursts.filled(this);
      } else if (activity.bursts.isLate(this)) {
        this.flush();
      }
    } else if (activity.bursts.departure(this) === JOIN) {
      activity.schedule(this);
      this.#join(packet);
    } else {
      this.queued = this.#write(packet);
    }
    return this.queued < HIGH_WATER;
  }

  /** A packet of this size has no piece that is the program's. */
  #join(packet) {
    this.#joined.push(...packet.pieces);
    this.#size += packet.size;
  }

  #write(packet) {
    const { shared } = this.activity;
    return this.activity.writePieces(this.id, packet.pieces, shared?.frame === packet);
  }

  flush() {
    if (this.#size === 0) return;
    const joined = this.#joined;
    this.#joined = [];
    this.#size = 0;
    if (this.closed !== null) return;
    const bytes = joined.length === 1 ? joined : [Buffer.concat(joined)];
    this.queued = this.activity.writePieces(this.id, bytes, false);
  }

  get pendingBytes() {
    return this.#size;
  }

  framesOf(memory, header) {
    return new PacketFrames(memory, header);
  }
}

module.exports = { PacketConnection };
