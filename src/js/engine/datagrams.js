'use strict';
// The datagram socket as engine.js hands it out: a handle of the native hub, datagrams on their way out,
// interrupted deliveries on the way in. Made by engine.js, held by datagram-socket.js.

const { Endpoint, FLUSH_AT, HIGH_WATER } = require('./connection');
const { Frames, ENDS_AT, MOST_FRAMES } = require('./frames');

// Mirrors address.rs: the numbers of an address.
const PORT = 0;
const FAMILY = 1;
const ADDRESS = 2;
const WORDS = 7;

// Mirrors deliver.rs: a peer's address, and the datagrams of an event: number of frames, and size with CONTINUES.
const PEER_AT = ENDS_AT + MOST_FRAMES;
const PARTS_AT = PEER_AT + WORDS;
const MOST_PARTS = 32;
const CONTINUES = 1;
const SIZE_AT = 1;
/** Length of the hub's header. */
const HEADER = PARTS_AT + 1 + 2 * MOST_PARTS;

/** Where the datagram ends, then its address. Mirrors datagrams.rs. */
const TARGET = 1 + WORDS;
/** Datagrams from which on a flush does not wait for the end of the burst. */
const MOST_TARGETS = 512;

/** Addresses whose numbers are kept. */
const MOST_KNOWN = 1024;

/**
 * A bound datagram socket. Its sink (datagram-socket.js) has its `_scope` and the methods _onPeer(words) (who
 * has sent what follows; returns a sender), _onDatagram(sender, size) (one whose frames follow; returns their
 * peer), _onFrame(frames, peer) (see frames.js), _onBytes(buffer, sender, framed) (one as it came, before its
 * frames if `framed`), _onTooLarge(sender, {size, length}), _onFailed(error), _onDrain(), _onClosed().
 */
class Datagrams extends Endpoint {
  constructor(activity, id, framing, sink) {
    super(activity, id, sink);
    this.delimiter = framing.delimiter;
    /** Text that waits for the end of the burst; the first `count` targets say where it is cut. */
    this.pending = '';
    /** The same for bytes: so many of `room`, or text, never both. */
    this.used = 0;
    this.room = null;
    this.targets = new Uint32Array(TARGET * MOST_TARGETS);
    this.count = 0;
    /** Bytes that the system had not taken when last sent to. */
    this.queued = 0;
    this.closing = false;
    /** Address -> its numbers; null for what is not an address. */
    this.known = new Map();
    /** For stats.js: messages delivered and accepted, datagrams received and their bytes. */
    this.received = 0;
    this.sent = 0;
    this.datagramsReceived = 0;
    this.bytesReceived = 0;
    /** `{sent, bytes}` of the datagrams that the system has taken, once closed. */
    this.total = null;
    /** That of the last datagram whose messages were delivered. */
    this.peer = null;
  }

  /** The numbers of an IP address, or null. */
  words(address) {
    let words = this.known.get(address);
    if (words !== undefined) return words;
    words = this.activity.hub.addressWords(address);
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.set(address, words);
    return words;
  }

  /** The text of an address. */
  text(words) {
    return this.activity.hub.addressText(words);
  }

  /** Sends a datagram of text or bytes. False: wait for _onDrain. */
  send(data, words, port) {
    this.sent++;
    if (typeof data === 'string') this.sendText(data, words, port);
    else this.sendBytes(data, words, port);
    return this.queued < HIGH_WATER;
  }

  sendText(text, words, port) {
    if (this.used > 0) this.flush();
    this.pending += text;
    this.aim(this.pending.length, words, port);
  }

  /** The bytes are copied: they are the caller's again when this returns. */
  sendBytes(bytes, words, port) {
    if (this.pending !== '' || this.used + bytes.length > FLUSH_AT) this.flush();
    if (bytes.length > FLUSH_AT) {
      const target = this.target(bytes.length, words, port);
      this.queued = this.activity.hub.sendDatagramBytes(this.id, bytes, target, 1);
      return;
    }
    this.room ??= new Uint8Array(FLUSH_AT);
    this.room.set(bytes, this.used);
    this.used += bytes.length;
    this.aim(this.used, words, port);
  }

  /** Notes where the datagram that ends at `end` goes, and sends it, now or with the burst that it is part of. */
  aim(end, words, port) {
    const { targets } = this;
    const at = TARGET * this.count;
    targets[at] = end;
    targets.set(words, at + 1);
    targets[at + 1 + PORT] = port;
    const { activity } = this;
    const isFirst = this.count++ === 0;
    if (end >= FLUSH_AT || this.count === MOST_TARGETS) {
      this.flush();
      activity.bursts.filled(this);
    } else if (isFirst ? activity.bursts.departure(this) : activity.bursts.isLate(this)) {
      this.flush();
    } else if (isFirst) {
      activity.schedule(this);
    }
  }

  flush() {
    if (this.count === 0) return;
    const { activity, pending, used, count, targets } = this;
    this.pending = '';
    this.used = this.count = 0;
    this.queued =
      pending === ''
        ? activity.hub.sendDatagramBytes(this.id, this.room.subarray(0, used), targets, count)
        : activity.sendDatagrams(this.id, pending, targets, count);
  }

  /** Exists for connections, which may have the same bytes pending; there is nothing to gain here. */
  isAlike() {
    return false;
  }

  target(end, words, port) {
    const target = Uint32Array.of(end, ...words);
    target[1 + PORT] = port;
    return target;
  }

  /** Sends a datagram of bytes. `done` gets what failed, as systemError takes it, or null: at once, unless Node sends it. */
  sendOne(bytes, words, port, done) {
    this.flush();
    const { hub, driver } = this.activity;
    const target = this.target(bytes.length, words, port);
    if (driver === 'js') hub.sendDatagram(this.id, bytes, target, done);
    else done(JSON.parse(hub.sendDatagram(this.id, bytes, target) ?? null));
  }

  configure(raw, tapped) {
    if (!this.closing) this.activity.hub.configureDatagrams(this.id, raw, tapped);
  }

  /** Changes or reads an option by the name of its method. Returns `{value}` or `{error}`. */
  option(name, value) {
    return JSON.parse(this.activity.hub.datagramsOption(this.id, name, value));
  }

  multicastInterface(address) {
    return JSON.parse(this.activity.hub.multicastInterface(this.id, address));
  }

  /** `options`: see MembershipOptions in datagrams.rs. */
  membership(options) {
    return JSON.parse(this.activity.hub.membership(this.id, options));
  }

  /** What stats.js asks for, see there; also when closed. `held`: bytes that wait elsewhere. */
  traffic(held) {
    const { total, activity, id } = this;
    let [bytesSent, datagramsSent] = [total?.bytes, total?.sent];
    let waiting = 0;
    if (total === null) {
      [bytesSent, datagramsSent] = activity.hub.datagramsSent(id);
      waiting = activity.hub.datagramsWaiting(id)[0] + this.used + Buffer.byteLength(this.pending);
    }
    return {
      messagesReceived: this.received,
      messagesSent: this.sent,
      messagesQueued: 0,
      bytesReceived: this.bytesReceived,
      bytesSent,
      bytesQueued: held + waiting,
      datagramsReceived: this.datagramsReceived,
      datagramsSent,
    };
  }

  /** As of a connection: datagrams leave on their own. */
  hasRefilled() {
    return false;
  }

  /** Bytes and datagrams that wait. */
  waiting() {
    this.flush();
    return this.activity.hub.datagramsWaiting(this.id);
  }

  /** Closes when everything is sent, at the latest after `linger` ms; then _onClosed is called. */
  close(linger) {
    this.flush();
    this.closing = true;
    this.activity.hub.closeDatagrams(this.id, linger);
  }

  // ---- called by engine.js ---------------------------------------------------------------------

  /** Frames of one peer's datagrams. */
  arrived(text, header) {
    if (this.closing) return;
    const frames = new Frames(text, header, this.delimiter.length);
    new Arrival(this, this.sink._onPeer(peerOf(header)), frames).deliver();
  }

  bytes(buffer, header) {
    if (header[2] === 0) {
      this.received++;
      this.datagramsReceived++;
      this.bytesReceived += buffer.length;
    }
    const { sink } = this;
    if (!this.closing) sink._onBytes(buffer, sink._onPeer(peerOf(header)), header[2] === 1);
  }

  tooLarge(facts, header) {
    if (!this.closing) this.sink._onTooLarge(this.sink._onPeer(peerOf(header)), facts);
  }
}

function peerOf(header) {
  return header.subarray(PEER_AT, PEER_AT + WORDS);
}

/** The datagrams of one event on their way to the sink. */
class Arrival {
  constructor(datagrams, sender, frames) {
    this.datagrams = datagrams;
    this.sender = sender;
    this.frames = frames;
    this.part = 0;
    this.parts = frames.header[PARTS_AT];
    /** Where the current datagram's frames end. */
    this.until = 0;
  }

  get unfinished() {
    const { datagrams, frames } = this;
    return !datagrams.closing && (frames.index < frames.count || this.part < this.parts);
  }

  /** One frame after the other; a throwing sink leaves the rest for later. */
  deliver() {
    this.datagrams.activity.turns.left = this;
    this.#run();
  }

  /** Called within a handler that runs the event loop: with the rest. */
  goOn() {
    this.datagrams.sink._scope.run(() => this.#run());
  }

  /** The next datagram, or the rest of one. */
  #begin() {
    const { datagrams, frames } = this;
    const at = PARTS_AT + 1 + 2 * this.part++;
    this.until += frames.header[at];
    const facts = frames.header[at + 1];
    if (facts & CONTINUES) return;
    const size = facts >> SIZE_AT;
    datagrams.datagramsReceived++;
    datagrams.bytesReceived += size;
    datagrams.peer = datagrams.sink._onDatagram(this.sender, size);
  }

  /** While nobody else has the rest, see turns.js. */
  #run() {
    const { datagrams, frames } = this;
    const { activity, sink } = datagrams;
    const { turns } = activity;
    activity.bursts.deliver(frames.count);
    try {
      while (turns.left === this && this.unfinished) {
        if (frames.index === this.until) {
          this.#begin();
          continue;
        }
        frames.advance();
        datagrams.received++;
        sink._onFrame(frames, datagrams.peer);
        if (activity.dirty.length > 0) activity.flushLate();
      }
    } finally {
      if (turns.left === this) {
        turns.left = null;
        if (this.unfinished) {
          frames.keep();
          turns.putFirst(() => this.deliver(), sink._scope);
        }
      }
    }
  }
}

module.exports = { Datagrams, HEADER, FAMILY, ADDRESS, PORT };
