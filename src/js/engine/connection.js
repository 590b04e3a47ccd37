'use strict';
// Connections as engine.js hands them out. Each has a handle of the hub, pending frames on the way out, and
// interrupted deliveries on the way in. Made by engine.js, held by socket.js.

const { HOLD, JOIN } = require('./bursts');
const Delivery = require('./delivery');
const { Frames } = require('./frames');
const { now } = require('../core');

/** Characters of pending frames from which on a flush does not wait for the end of the burst. */
const FLUSH_AT = 32 * 1024;

/** In a string that V8 has as Latin-1, the search for it ends at once. */
const BEYOND_LATIN_1 = /[^\0-\xff]/;

/** Queued bytes from which on a writer should wait for a drain. Mirrors link.rs. */
const HIGH_WATER = 256 * 1024;

/** What connections and listeners share: a handle, a sink with its `_scope` (scope.js), and whether it keeps the process alive. */
class Endpoint {
  constructor(activity, id, sink) {
    this.activity = activity;
    this.id = id;
    this.sink = sink;
    this.referenced = false;
    /** What is put off, and comes before its events: see `announce`. */
    this.early = 0;
    /** The turn of the event loop that brought its last event: see engine.js. */
    this.heardIn = 0;
    // For bursts.js: the turn of the last message, how many more of this turn go at once, when one was written
    // last, as far as that matters, when the clock was last asked, the hub's tick then, and for how many messages it
    // need not be asked, the last turn with a burst, and how many such turns there were in a row.
    this.turn = 0;
    this.free = 0;
    this.wroteAt = 0;
    this.askedAt = 0;
    this.tick = 0;
    this.unasked = 0;
    sink?._scope.adopt(activity.hub, id);
    this.burstIn = 0;
    this.bursts = 0;
    activity.add(this);
  }

  ref() {
    if (this.referenced || !this.activity.endpoints.has(this.id)) return;
    this.referenced = true;
    this.activity.reference(1);
  }

  unref() {
    if (!this.referenced) return;
    this.referenced = false;
    this.activity.reference(-1);
  }

  /** Calls `act` in a later turn of the event loop, and delivers each event of this connection after that. */
  announce(act) {
    this.early++;
    this.activity.turns.putOff(() => {
      this.early--;
      act();
    }, this.sink._scope);
  }
}

/**
 * A connection. Its sink (socket.js) has the methods _onOpen(addresses, with `tls`), _onFrame(frames)
 * (see frames.js), _onPartial() (a read completed no frame), _onChunk(buffer, framed), _onEnd(), _onDrain(), _onFinished(),
 * _onClosed(errors), _onTooLarge(bytes), _onTruncated(bytes).
 * After `destroy`, and after a `close` that returned false, none of them is called again.
 */
class Connection extends Endpoint {
  /** `framing`: `{delimiter, maxFrame, raw, greeting}`; a Listener has it under the same names. */
  constructor(activity, id, framing, sink = null) {
    super(activity, id, sink);
    this.delimiter = framing.delimiter;
    /** Frames that wait for the end of the burst, with delimiters between them. */
    this.pending = '';
    /** Whether the hub holds a frame back, which is sent with `pending` or before it. */
    this.holds = false;
    /** Bytes that the system had not taken when last written to. */
    this.queued = 0;
    this.paused = false;
    this.tapped = false;
    /** While paused, or while something waits: functions that deliver it, in order. Otherwise null. */
    this.held = null;
    /** `{errors, read, written}` once closed, by either side. */
    this.closed = null;
    /** Messages that were delivered, or in raw mode chunks, and messages that were accepted; see stats.js. */
    this.received = 0;
    this.sent = 0;
    /** When it came up and when it closed, in whole ms as stats.js has them; 0 before. */
    this.openedAt = 0;
    this.closedAt = 0;
    /** Closed by this side: what was received and not delivered is dropped. */
    this.dropped = false;
  }

  get hub() {
    return this.closed === null ? this.activity.hub : null;
  }

  /** Sends one frame (without its delimiter, not empty; see wire.js). False: wait for _onDrain. */
  send(frame) {
    const { activity } = this;
    if (frame.length >= FLUSH_AT) {
      this.flush();
      this.#write(frame);
      activity.bursts.wrote(this);
    } else if (this.pending !== '') {
      const { shared } = activity;
      if (shared?.frame === frame) this.pending = shared.join(this.pending, this.delimiter);
      else this.pending += this.delimiter + frame;
      if (this.pending.length >= FLUSH_AT) {
        this.flush();
        activity.bursts.filled(this);
      } else if (activity.bursts.isLate(this)) {
        this.flush();
      }
    } else {
      this.#sendFirst(frame);
    }
    return this.queued < HIGH_WATER;
  }

  /** Nothing is pending. */
  #sendFirst(frame) {
    const { activity } = this;
    const departure = activity.bursts.departure(this);
    if (departure === JOIN) {
      if (!this.holds) activity.schedule(this);
      this.pending = frame;
    } else if (departure === HOLD && typeof frame === 'string') {
      activity.schedule(this);
      this.queued = this.holdFrame(frame);
      this.holds = true;
    } else {
      this.#write(frame);
    }
  }

  /** At the end of the process nothing is left to the I/O thread: see departures.js. */
  #write(frame) {
    this.queued = this.writeFrame(frame);
    if (this.queued > 0 && this.activity.bursts.areOver) this.offer();
  }

  holdFrame(frame) {
    const { shared } = this.activity;
    return shared?.frame === frame
      ? this.activity.writeShared(this.id, shared.text, true)
      : this.activity.hold(this.id, frame);
  }

  writeFrame(frame) {
    const { shared } = this.activity;
    if (shared?.frame === frame) return this.activity.writeShared(this.id, shared.text, false);
    if (typeof frame !== 'string' && this.hub.writeLong && !BEYOND_LATIN_1.test(frame.text)) {
      return this.hub.writeLong(this.id, frame.head, frame.text, frame.isData);
    }
    return this.activity.write(this.id, String(frame), true);
  }

  /** Bytes that wait for the end of the burst. */
  get pendingBytes() {
    return this.pending === '' ? 0 : Buffer.byteLength(this.pending + this.delimiter);
  }

  /** Sends text or bytes as they are, after what is pending. */
  write(data) {
    this.flush();
    this.queued =
      typeof data === 'string'
        ? this.activity.write(this.id, data, false)
        : this.activity.writeBytes(this.id, data);
    return this.queued < HIGH_WATER;
  }

  flush() {
    const { pending, holds } = this;
    if (pending === '' && !holds) return;
    this.pending = '';
    this.holds = false;
    if (this.closed !== null) return;
    this.queued =
      pending === '' ? this.hub.offer(this.id) : this.activity.write(this.id, pending, true);
  }

  /** Whether the same bytes wait for the end of the burst in both. */
  isAlike(other) {
    return (
      other instanceof Connection &&
      this.pending === other.pending &&
      this.pending !== '' &&
      this.delimiter === other.delimiter &&
      this.closed === null &&
      other.closed === null
    );
  }

  /** As `flush`, for one of many connections with the same pending frames. */
  flushShared() {
    if (this.pending === '') return; // it was among them twice
    this.queued = this.activity.writeShared(this.id, this.pending, false);
    this.pending = '';
    this.holds = false;
  }

  /** `queued` as of now, with what is pending. */
  countQueued() {
    this.flush();
    this.queued = this.counters()[2];
    return this.queued;
  }

  /** After a drain: whether something waits again by now, so that another one follows. */
  hasRefilled() {
    return this.closed === null && this.counters()[2] > 0 && this.awaitDrain();
  }

  /**
   * Offers the system everything that waits, including what it did not take before. Returns the bytes that still
   * wait.
   */
  offer() {
    this.flush();
    if (this.closed === null) this.queued = this.hub.offer(this.id);
    return this.closed === null ? this.queued : 0;
  }

  /** False if everything written is sent; otherwise _onDrain is called when it is. */
  awaitDrain() {
    return this.hub.awaitDrain(this.id);
  }

  /** As `awaitDrain`, also when closed and for what is pending. */
  awaitsDrain() {
    this.flush();
    return this.closed === null && this.awaitDrain();
  }

  /** Makes the peer of a TCP connection see a reset when this is destroyed. */
  reset() {
    this.hub.reset(this.id);
  }

  /** Shuts our side down when everything is sent. True: that is so now; false: _onFinished follows. */
  finish() {
    this.flush();
    return this.hub.finish(this.id);
  }

  /** Closes when everything is sent, or nothing could be for `linger` ms. True: _onClosed follows. */
  close(linger) {
    this.flush();
    this.held = null;
    this.dropped = true;
    const counted = this.hub.close(this.id, linger);
    if (counted !== null) this.gone(counted);
    return counted === null;
  }

  /** Closes at once; what is pending is still offered to the system. */
  destroy() {
    this.flush();
    this.gone(this.hub.destroy(this.id));
  }

  gone([read, written]) {
    this.closed = { errors: [], read, written };
    this.closedAt = now();
    this.dropped = true;
    this.held = null;
    this.activity.remove(this);
  }

  /** Bytes received, bytes handed to the system, and bytes that wait for it to take them. */
  counters() {
    return this.closed === null
      ? this.activity.hub.counters(this.id)
      : [this.closed.read, this.closed.written, 0];
  }

  setRaw(raw) {
    this.hub.setRaw(this.id, raw);
  }

  /** Reports what is received as bytes, too: after its frames, in the same turn. */
  setTapped(tapped) {
    this.tapped = tapped;
    this.hub.setTapped(this.id, tapped);
  }

  setNoDelay(on) {
    this.hub.setNoDelay(this.id, on);
  }

  setKeepAlive(on, idle, interval, count) {
    this.hub.setKeepAlive(this.id, on, idle, interval, count);
  }

  setTypeOfService(value) {
    this.hub.setTypeOfService(this.id, value);
  }

  /** `[pid, uid, gid]` of the process at the other end; null where the system does not tell. */
  peerCredentials() {
    return this.hub?.peerCredentials?.(this.id) ?? null; // not on Windows
  }

  /** Bytes of memory that the system has for what the peer has not read; null where it does not tell. Unix sockets. */
  unread() {
    return this.hub?.unread?.(this.id) ?? null;
  }

  /** Its sink from now on. */
  belongTo(sink) {
    this.sink = sink;
    sink._scope.adopt(this.activity.hub, this.id);
  }

  /** The peer is the right one: what is written is sent from now on; reading starts in a later turn. */
  approve() {
    const { hub, activity, id } = this;
    if (hub === null) return;
    const startsByItself = hub.approve(id);
    if (!startsByItself) activity.turns.putBefore(() => this.hub?.start(id), this.sink._scope);
  }

  /** Stops delivery at once, also of what the peer has left; and reading as soon as the I/O thread hears of it. */
  pause() {
    if (this.paused || this.dropped) return;
    this.paused = true;
    this.held ??= [];
    this.hub?.setPaused(this.id, true);
  }

  resume() {
    if (!this.paused) return;
    this.paused = false;
    if (this.closed === null) this.hub.setPaused(this.id, false);
    if (this.held?.length > 0) this.releaseSoon();
    else this.held = null;
  }

  /** What is held is delivered in later turns, one item in each, before anything else. */
  releaseSoon() {
    this.activity.turns.putFirst(() => this.release(), this.sink._scope);
  }

  release() {
    if (this.paused || this.held === null) return;
    const deliver = this.held.shift();
    // What follows is to come within, if a handler of this one runs the event loop.
    if (this.held.length > 0) this.releaseSoon();
    else this.held = null;
    deliver?.();
  }

  /** Holds what a handler that threw, or a pause, has left of an event. */
  holdFirst(deliver) {
    const isHeld = this.held !== null;
    this.held ??= [];
    this.held.unshift(deliver);
    if (!isHeld) this.releaseSoon();
  }

  /** Frames have come: see frames.js. */
  arrived(text, header) {
    const delivery = new Delivery(this, this.framesOf(text, header));
    if (this.held === null) {
      delivery.deliver();
    } else {
      delivery.frames.keep();
      this.held.push(() => delivery.deliver());
    }
  }

  framesOf(text, header) {
    return new Frames(text, header, this.delimiter.length);
  }

  /** Calls `deliver` now, or after what is held. */
  inOrder(deliver) {
    if (this.held === null) deliver();
    else this.held.push(deliver);
  }
}

module.exports = {
  Connection,
  Endpoint,
  FLUSH_AT,
  HIGH_WATER,
};
