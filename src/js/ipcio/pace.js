'use strict';
// When a message may leave. ipcIO itself takes whatever it reads, up to 64 KiB at once, for whole messages, and loses
// those that cross the end of a read. So what a peer has not read yet is kept below that: what would be more waits here.
// Used by channel.js.

const {
  clearImmediate,
  clearTimeout,
  clock,
  process,
  setImmediate,
  setTimeout,
} = require('../core');
const { noBufferError } = require('../errors');
const Fifo = require('../fifo');

/** Linux takes longer messages apart, and a peer that is just reading may get only the first piece. */
const ONE_PIECE = 32 * 1024;

/** How often one looks in every turn of the event loop whether the peer has read; then in growing pauses, in ms. */
const LOOKS = 50;
const LONGEST_PAUSE = 16;

/** Where the system does not tell what a peer has not read, it is taken to have read it within so many ms. */
const READ_WITHIN = 2;

/** How long a process that exits waits for peers that are still reading, in ms: together, and from one look to the next. */
const EXIT_PATIENCE = 500;
const EXIT_PAUSE = READ_WITHIN;

/** Those where something waits: it leaves when the process ends. */
const waiting = new Set();
let watchesExit = false;
/** Until when a process that exits waits; null: it does not exit. */
let exitUntil = null;

class Pace {
  #socket;
  #most;
  #maxQueued;
  #linger;
  #write;
  /** What waits: `{data, length, sent, refuse, entry}`. */
  #queue = new Fifo();
  #queued = 0;
  /** Bytes that the peer may not have read yet. */
  #unread = 0;
  /** Whether the system tells what the peer has not read; null: not asked yet. */
  #tells = null;
  /** Cancels the next look, if there will be one. */
  #cancel = null;
  /** Looks since something left last, and when that was. */
  #looks = 0;
  #leftAt = 0;
  #end = null;

  /**
   * `most`: bytes that the peer reads at once. `linger`: how long the end waits for a peer that reads nothing, in ms.
   * `write(item)` hands a message to the socket, and returns what that returns.
   */
  constructor(socket, { most, maxQueued, linger, write }) {
    this.#socket = socket;
    this.#most = most;
    this.#maxQueued = maxQueued;
    this.#linger = linger;
    this.#write = write;
  }

  /** Bytes that wait here. */
  get queued() {
    return this.#queued;
  }

  /** Sends a message, now or later. False: wait; or, with `sent(error)` called, it is refused. */
  offer(item) {
    if (this.#queue.length === 0 && this.#fits(item.length)) return this.#leave(item);
    if (this.#queued + item.length > this.#maxQueued) {
      item.refuse(noBufferError(this.#maxQueued));
      return false;
    }
    this.#queue.push(item);
    this.#queued += item.length;
    this.#leftAt ||= clock();
    waiting.add(this);
    watchExit();
    if (exitUntil === null) this.#lookLater();
    else leaveAtExit(); // there is no later
    return false;
  }

  /** What has not left and will not: to be sent by another connection. */
  takeBack() {
    this.#stop();
    this.#queued = 0;
    const items = [];
    while (this.#queue.length > 0) items.push(this.#queue.shift());
    return items;
  }

  /** Calls `end` when all has left. */
  endWith(end) {
    if (this.#queue.length === 0) end();
    else this.#end = end;
  }

  /** All at once, whatever the peer has read. */
  leaveNow() {
    while (this.#queue.length > 0) this.#leaveFirst();
    this.#stop();
    this.#end?.();
    this.#end = null;
  }

  /** The process exits: what the peer has room for leaves. Whether nothing is left, here or in the socket. */
  leaveAtExit() {
    if (this.#socket.closed) return true;
    const isOut = this.#socket._flush();
    if (this.#tells === false) this.#unread = this.#socket.writableLength;
    const fits = (length) => this.#fits(length);
    while (this.#queue.length > 0 && fits(this.#queue.first.length)) this.#leaveJoined(fits);
    return this.#queue.length === 0 && isOut && this.#socket._flush();
  }

  /** The process exits, and waits no longer: all leaves. */
  leaveForGood() {
    while (this.#queue.length > 0) this.#leaveJoined();
    this.leaveNow();
  }

  #fits(length) {
    if (this.#most === Infinity) return true;
    this.#tells ??= this.#socket._unread !== null;
    const most = this.#tells ? this.#most : this.#most / 4;
    const fits = () => this.#unread === 0 || (length <= ONE_PIECE && this.#unread + length <= most);
    if (fits()) return true;
    if (!this.#tells) return false;
    // In this order: another thread may just be handing bytes from here to the system.
    const { writableLength } = this.#socket;
    const told = writableLength + (this.#socket._unread ?? 0);
    this.#unread = Math.min(this.#unread, told);
    return fits();
  }

  #leave(item) {
    this.#unread += item.length;
    this.#looks = 0;
    this.#leftAt = 0;
    if (this.#tells === false) this.#lookLater();
    return this.#write(item);
  }

  #leaveFirst() {
    const item = this.#queue.shift();
    this.#queued -= item.length;
    this.#leave(item);
  }

  /**
   * The first ones that fit, together: each write takes some of what the system has for a connection, however short it
   * is.
   */
  #leaveJoined(fits = () => true) {
    const items = [this.#queue.shift()];
    let [{ length }] = items;
    for (;;) {
      const more = length + (this.#queue.first?.length ?? Infinity);
      if (more > ONE_PIECE || !fits(more)) break;
      const item = this.#queue.shift();
      items.push(item);
      length += item.length;
    }
    this.#queued -= length;
    const datas = items.map(({ data }) => data);
    const data = typeof datas[0] === 'string' ? datas.join('') : Buffer.concat(datas);
    const sent = (error) => items.forEach((item) => item.sent?.(error));
    this.#leave({ data, length, sent });
  }

  #lookLater() {
    if (this.#cancel !== null) return;
    const look = () => this.#look();
    const pause = this.#tells === false ? READ_WITHIN : this.#looks - LOOKS;
    if (pause < 0) {
      const immediate = setImmediate(look);
      this.#cancel = () => clearImmediate(immediate);
    } else {
      const timer = setTimeout(look, Math.min(pause + 1, LONGEST_PAUSE));
      this.#cancel = () => clearTimeout(timer);
    }
  }

  #look() {
    this.#cancel = null;
    this.#looks++;
    if (this.#tells === false) this.#unread = this.#socket.writableLength;
    // A connection that is to be closed waits no longer for a peer that reads nothing.
    const isLate = this.#end !== null && clock() - this.#leftAt > this.#linger;
    if (this.#socket.closed || isLate) {
      this.leaveNow();
      return;
    }
    const waited = this.#queue.length > 0;
    while (this.#queue.length > 0 && this.#fits(this.#queue.first.length)) this.#leaveFirst();
    if (this.#queue.length === 0) {
      this.leaveNow();
      if (waited) this.#socket.emit('drain');
    } else {
      this.#leftAt ||= clock();
      this.#lookLater();
    }
  }

  #stop() {
    this.#cancel?.();
    this.#cancel = null;
    waiting.delete(this);
  }
}

function watchExit() {
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', leaveAtExit);
}

function leaveAtExit() {
  if (exitUntil === null) {
    exitUntil = clock() + EXIT_PATIENCE;
    setImmediate(() => (exitUntil = null)).unref?.(); // somebody has emitted the event
  }
  do {
    for (const pace of waiting) if (pace.leaveAtExit()) pace.leaveForGood();
  } while (waiting.size > 0 && clock() < exitUntil && sleep(EXIT_PAUSE));
  for (const pace of waiting) pace.leaveForGood();
}

/** Whether this thread may. */
function sleep(ms) {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return true;
  } catch {
    return false;
  }
}

module.exports = Pace;
