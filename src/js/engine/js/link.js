'use strict';
// A connection of the JavaScript engine: a socket of node:net or node:tls with the beginning of a frame, what waits to be
// sent (outbox.js), and how far it is on its way to the end. Made by hub.js. It does and reports what
// src/engine/driver does;
// hub.js has the calls that come from ../connection.js.

const { decoderOf } = require('./codec');
const events = require('./events');
const { failure, failureOf } = require('./errors');
const { LastBytes } = require('./last-bytes');
const { listen } = require('./listeners');
const { Outbox } = require('./outbox');
const { clearTimeout, setTimeout } = require('../../core');

/** Queued bytes from which on a drain is reported. Mirrors link.rs. */
const HIGH_WATER = 256 * 1024;

/** How long what was written before the end of TLS may take, in ms. */
const LAST_WORDS = 500;

/** The longest time that a timer takes, in ms. */
const LONGEST = 2 ** 31 - 1;

// How far our side has ended it.
const OPEN = 0;
/** To be shut down when all is sent; then it is. */
const FINISHING = 1;
const FINISHED = 2;
/** To be closed when all is sent; then the peer's end is awaited for a while, and nothing is reported any more. */
const CLOSING = 3;
const LINGERING = 4;
const GONE = 5;

/** Bytes of an unfinished frame that are too many. */
const strictOf = ({ delimiter, maxFrame }) =>
  maxFrame + Math.max(Buffer.byteLength(delimiter) - 1, 0);

class Link {
  #hub;
  #socket = null;
  /** Of TLS, whose consumer has a look at the peer before anything is sent. */
  #isSecure = false;
  #approved = false;
  #started = false;
  #paused = false;
  #tapped = false;
  #raw;
  #decoder;
  /** Of a frame that is told of before its end: see `#tellUnfinished`. */
  #strict;
  #toldTooLarge = false;
  #unfinished;
  #end = OPEN;
  #peerEnded = false;
  #resets = false;
  #outbox = new Outbox(this);
  /** Once its socket has failed. */
  #last = null;
  #awaited = false;
  #read = 0;
  #timer = null;
  #linger = 0;
  #progress = 0;
  /** Ends an attempt to connect. */
  #cancel = null;

  /** `unfinished`: what all connections of its listener hold. */
  constructor(hub, id, framing, unfinished) {
    this.#hub = hub;
    this.#unfinished = unfinished;
    this.id = id;
    this.#raw = framing.raw;
    this.#decoder = decoderOf(framing);
    this.#strict = framing.strict ? strictOf(framing) : Infinity;
  }

  // ---- life ------------------------------------------------------------------------------------

  /** Is being connected; `cancel` ends that. */
  connecting(cancel) {
    this.#cancel = cancel;
  }

  /** Connecting has failed. */
  failed(errors) {
    this.#cancel = null;
    if (this.#end !== GONE) this.#closed(errors);
  }

  /** Takes a connected socket, which does not read yet. */
  take(socket, isSecure) {
    if (this.#end === GONE) {
      socket.destroy();
      return;
    }
    this.#cancel = null;
    this.#socket = socket;
    this.#isSecure = isSecure;
    socket.setNoDelay(true);
    socket.unref(); // hub.js keeps the process alive
    listen(socket, this);
    this.#outbox.take(socket, isSecure);
  }

  /**
   * The consumer knows about it: what waited is sent. True: it reads, too; the system is asked in a later turn. Of TLS
   * Node has decrypted something already, perhaps: that comes with `start`.
   */
  approve() {
    this.#approved = true;
    this.#outbox.release();
    this.#settle();
    if (this.#isSecure) return false;
    this.start();
    return true;
  }

  start() {
    this.#started = true;
    this.goOn();
  }

  finish() {
    if (this.#end !== OPEN) return false;
    this.#end = FINISHING;
    if (this.queued > 0 || this.#socket === null) return false;
    this.#end = FINISHED;
    this.#socket.end();
    return true;
  }

  /** Whether its end is still to be reported. */
  close(linger) {
    const { queued } = this;
    const isUp = this.#socket !== null;
    const isUnseen = this.#isSecure && !this.#approved;
    const isOver = this.#last !== null || this.#socket?.destroyed;
    if (isOver || (queued === 0 && (!isUp || isUnseen || this.#peerEnded))) {
      this.destroy();
      return false;
    }
    this.#end = queued > 0 ? CLOSING : LINGERING;
    this.#linger = linger;
    if (queued === 0) this.#socket.end();
    this.#watch();
    this.goOn();
    return queued > 0;
  }

  destroy() {
    this.#end = GONE;
    this.#unfinished.hold(this, 0);
    clearTimeout(this.#timer);
    this.#cancel?.();
    this.#cancel = null;
    const socket = this.#socket;
    if (this.#resets) socket?.resetAndDestroy?.();
    if (this.#resets || !this.#outbox.end()) {
      socket?.destroy();
      return;
    }
    const destroy = () => socket.destroy();
    this.#timer = setTimeout(destroy, LAST_WORDS);
    this.#timer.unref();
    socket.end(destroy);
  }

  /** Unless it is sending its last words. */
  abandon() {
    if (this.#end !== CLOSING && this.#end !== LINGERING) this.destroy();
  }

  #closed(errors) {
    const [read, written] = this.counters();
    if (this.#end !== GONE && this.#end !== LINGERING) {
      const payload = JSON.stringify({ errors, read, written });
      this.#hub.events.post({ kind: events.CLOSED, id: this.id, payload });
    }
    this.destroy();
  }

  #broken(error) {
    if (this.#end !== GONE) this.#closed([failureOf(error)]);
  }

  /**
   * Its socket has failed. Whether there may be something that the peer sent before. node:tls reads no more, but may have
   * decrypted something already.
   */
  outlives(error) {
    if (this.#end >= CLOSING) return false;
    const readsOn = error.syscall === 'write' && !this.#isSecure;
    if (!readsOn && this.#socket.readableLength === 0) return false;
    this.#socket._readableState.errored = null; // otherwise it would neither read nor end
    if (this.#last !== null) return true;
    this.#outbox.drop();
    const over = () => this.#hub.events.within(() => this.#broken(error));
    this.#last = new LastBytes(this.#socket, error, over);
    return true;
  }

  /** The peer sends no more. */
  #ended() {
    if (this.#peerEnded || this.#end === GONE) return;
    this.#peerEnded = true;
    if (this.#last !== null) return this.#broken(this.#last.error);
    if (this.#end === LINGERING) {
      this.destroy();
    } else if (this.#end !== CLOSING) {
      const { partial } = this.#decoder;
      if (partial > 0) this.#post(events.TRUNCATED, `${partial}`);
      this.#post(events.END);
    }
  }

  /** Watches the time of a connection that is closing: over when the peer has taken nothing for so long. */
  #watch() {
    clearTimeout(this.#timer);
    this.#progress = this.#outbox.written;
    this.#timer = setTimeout(() => this.#expire(), Math.min(this.#linger, LONGEST));
    this.#timer.unref();
  }

  #expire() {
    if (this.#outbox.written > this.#progress) {
      this.#watch();
      return;
    }
    this.#hub.events.within(() =>
      this.#closed([{ ...failure('write', 'ETIMEDOUT', {}), message: 'write ETIMEDOUT' }]),
    );
  }

  /** An event of its socket. */
  hear(type, it) {
    this.#hub.events.enter();
    try {
      if (type === 'data') this.#received(it);
      else if (type === 'error') this.#broken(it);
      else this.#ended();
    } finally {
      this.#hub.events.leave();
    }
  }

  // ---- in --------------------------------------------------------------------------------------

  #post(kind, payload) {
    this.#hub.events.post({ kind, id: this.id, payload });
  }

  #postChunk(payload, framed) {
    this.#hub.events.post({ kind: events.CHUNK, id: this.id, payload, framed });
  }

  #received(bytes) {
    this.#read += bytes.length;
    if (this.#end >= CLOSING) return;
    if (this.#raw) {
      this.#postChunk(bytes, 0);
    } else {
      const found = this.#decoder.add(bytes);
      for (const event of found) this.#report(event);
      if (this.#strict < Infinity) this.#tellUnfinished();
      else if (found.length === 0) this.#post(events.PARTIAL);
      if (this.#tapped) this.#postChunk(Buffer.from(bytes), 1); // the decoder has a part of these
    }
    if (this.#hub.events.stops(this)) this.#socket.pause();
    this.#unfinished.hold(this, this.#decoder.held)?.endForMost();
  }

  /** Together with others, it holds too much of unfinished frames. */
  endForMost() {
    if (this.#end !== GONE) this.#closed([this.#unfinished.error]);
  }

  #report({ text, ends, tooLarge }) {
    if (tooLarge === undefined) {
      this.#hub.events.post({ kind: events.FRAMES, id: this.id, text, ends });
    } else {
      this.#post(events.TOO_LARGE, `${tooLarge}`);
    }
  }

  /** Tells of the frame that has begun, and of one that is too large already. */
  #tellUnfinished() {
    const { partial } = this.#decoder;
    if (partial > this.#strict && !this.#toldTooLarge) {
      this.#toldTooLarge = true;
      this.#post(events.TOO_LARGE, `${partial}`);
    } else if (partial > 0) {
      this.#post(events.PARTIAL);
    }
  }

  /** Reads, if that is wanted. */
  goOn() {
    const isWanted = this.#end >= CLOSING || (this.#started && !this.#paused);
    if (this.#socket === null || this.#end === GONE) return;
    if (!isWanted) return this.#socket.pause();
    this.#socket.resume();
    this.#last?.goOn();
  }

  setPaused(paused) {
    this.#paused = paused;
    this.goOn();
  }

  setTapped(tapped) {
    this.#tapped = tapped;
  }

  setRaw(raw) {
    if (raw === this.#raw) return;
    this.#raw = raw;
    const bytes = this.#decoder.takePartial();
    if (bytes.length > 0) this.#postChunk(bytes, 0);
  }

  // ---- out -------------------------------------------------------------------------------------

  get queued() {
    return this.#outbox.queued;
  }

  /** Sends text, or bytes that nobody else changes. Returns the bytes that wait. */
  write(data) {
    if (this.#end !== OPEN || this.#last !== null || data.length === 0) return this.queued;
    this.#outbox.write(data);
    if (this.queued >= HIGH_WATER) this.#awaited = true;
    return this.queued;
  }

  /** See outbox.js. */
  leaving(isLeaving) {
    this.#outbox.leaving(isLeaving);
  }

  /** Returns the bytes that wait. */
  offer() {
    this.#outbox.offer();
    return this.queued;
  }

  /** Called by its outbox, in a turn of its own, when all that waited is sent. */
  emptied() {
    this.#hub.events.within(() => this.#settle());
  }

  /** Everything may have been sent: reports it, and takes the next step towards the end. */
  #settle() {
    if (this.queued > 0 || !this.#approved || this.#end === GONE) return;
    if (this.#awaited) this.#post(events.DRAIN);
    this.#awaited = false;
    if (this.#end === FINISHING) {
      this.#end = FINISHED;
      this.#socket.end();
      this.#post(events.FINISHED);
    } else if (this.#end === CLOSING) {
      const [read, written] = this.counters();
      this.#post(events.CLOSED, JSON.stringify({ errors: [], read, written }));
      this.#end = LINGERING;
      this.#socket.end();
      this.#watch();
      if (this.#peerEnded) this.destroy();
    }
  }

  awaitDrain() {
    this.#awaited ||= this.queued > 0;
    return this.queued > 0;
  }

  counters() {
    return [this.#read, this.#outbox.written, this.queued];
  }

  // ---- options, which have no effect where the system refuses them -----------------------------

  setNoDelay(on) {
    this.#socket?.setNoDelay(on);
  }

  setKeepAlive(on, idle, interval, count) {
    this.#socket?.setKeepAlive(on, idle * 1000, interval * 1000, count);
  }

  setTypeOfService(value) {
    this.#socket?.setTypeOfService?.(value);
  }

  reset() {
    this.#resets = true;
  }
}

module.exports = { Link };
