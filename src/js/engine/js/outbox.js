'use strict';
// What waits to be sent on a connection of the JavaScript engine, in order, before and behind what its socket has. Made
// and called by link.js.

const { hasLibuv } = require('../loop');
const { core } = require('../../core');

/** Bytes that the stream gets at once, and where only they show how far it is. */
const PIECE = 1024 * 1024;
const BLIND_PIECE = 64 * 1024;

/** The same where nothing is on its way, with TLS: node:tls encrypts and offers one write in a turn of the event loop. */
const SECURE_PIECE = 16 * PIECE;

/** Pieces with fewer bytes than this are put together. */
const SMALL = 4096;

/** How many pieces the system is offered at once, if the process exits. */
const MOST_AT_ONCE = 64;

class Outbox {
  #socket = null;
  #most = PIECE;
  #mostAtFirst = PIECE;
  #isSecure = false;
  /** Nothing may be sent yet. */
  #isHeld = false;
  /** Bytes that wait here, those that the stream has, and all that ever came. */
  #pieces = [];
  #waiting = 0;
  #sending = 0;
  #accepted = 0;
  /** The process exits. */
  #isLeaving = false;
  #link;
  #taken = (error) => {
    if (!error) this.#onTaken(); // an 'error' event follows
  };

  constructor(link) {
    this.#link = link;
  }

  /** There is a socket; with TLS it is not written to before `release`. */
  take(socket, isSecure) {
    this.#socket = socket;
    this.#isSecure = this.#isHeld = isSecure;
    if (this.#inSystem === undefined) this.#most = this.#mostAtFirst = BLIND_PIECE;
    else if (isSecure) this.#mostAtFirst = SECURE_PIECE;
    this.#flush(this.#mostAtFirst);
  }

  release() {
    this.#isHeld = false;
    this.#flush(this.#mostAtFirst);
  }

  /** Bytes that the system has not taken, as exactly as that is known. */
  get queued() {
    return this.#waiting + this.#left;
  }

  /** Bytes that it has taken. */
  get written() {
    return this.#accepted - this.queued;
  }

  /** Bytes of what the stream has that the system is still to take. */
  get #left() {
    if (this.#sending === 0) return 0;
    const left = this.#inSystem;
    // Node 26 encrypts in a later turn.
    const isKnown = left !== undefined && (left > 0 || !this.#isSecure);
    return isKnown ? Math.min(left, this.#sending) : this.#sending;
  }

  get #isIdle() {
    return this.#waiting === 0 && this.#sending === 0;
  }

  /** Bytes of the stream that the system is still to take, encrypted with TLS; undefined where nothing tells. */
  get #inSystem() {
    const handle = this.#socket?._handle;
    return (this.#isSecure ? handle?._parent : handle)?.writeQueueSize;
  }

  /** Sends text, or bytes that nobody else changes. */
  write(data) {
    const isText = typeof data === 'string';
    const size = isText ? Buffer.byteLength(data) : data.length;
    this.#accepted += size;
    const most = this.#isIdle ? this.#mostAtFirst : this.#most;
    if (this.#isIdle && size <= most && this.#isOpen && !this.#canWrite) {
      this.#send(data, size);
    } else {
      this.#pieces.push(isText ? Buffer.from(data) : data);
      this.#waiting += size;
      this.#flush(most);
    }
  }

  get #isOpen() {
    return this.#socket !== null && !this.#isHeld && !this.#socket.destroyed;
  }

  /** Node offers it to the system at once, and keeps what that does not take. */
  #send(data, size) {
    this.#sending = size;
    this.#socket.write(data, this.#taken);
    this.#look();
  }

  /** In one system call, without a copy. */
  #sendAll(pieces, size) {
    this.#sending = size;
    this.#socket.cork();
    for (const bytes of pieces) this.#socket.write(bytes, this.#taken);
    this.#socket.uncork();
    this.#look();
  }

  #look() {
    if (this.#socket.writableLength === 0 && !this.#socket.errored) this.#sending = 0;
  }

  /**
   * The process exits, so nobody sends any more what the stream gets and the system does not take at once. From now on
   * the stream gets nothing; until it is told that the process goes on.
   */
  leaving(isLeaving) {
    this.#isLeaving = isLeaving && !this.#isSecure;
    this.#flush();
    if (!isLeaving && this.#isIdle) this.#link.emptied();
  }

  /** Offers the system what waits here, if the process exits. */
  offer() {
    if (this.#canWrite) this.#writeNow();
  }

  get #canWrite() {
    return this.#isLeaving && this.#sending === 0 && this.#isOpen && this.#descriptor >= 0;
  }

  get #descriptor() {
    const fd = hasLibuv() ? this.#socket._handle?.fd : -1; // other runtimes have numbers of their own
    return fd ?? -1; // on Windows it is -1, too
  }

  #writeNow() {
    const { writevSync } = core('fs');
    try {
      while (this.#pieces.length > 0) {
        this.#drop(writevSync(this.#descriptor, this.#pieces.slice(0, MOST_AT_ONCE)));
      }
    } catch {
      // It takes no more (EAGAIN), or nothing (EPIPE), which the stream hears, too, if the process goes on.
    }
  }

  /** The system has taken so many bytes of the pieces. */
  #drop(taken) {
    this.#waiting -= taken;
    let count = 0;
    for (; taken >= this.#pieces[count]?.length; count++) taken -= this.#pieces[count].length;
    this.#pieces.splice(0, count);
    if (taken > 0) this.#pieces[0] = this.#pieces[0].subarray(taken);
  }

  #flush(most = this.#most) {
    if (this.#canWrite) this.#writeNow();
    else this.#flushToStream(most);
  }

  #flushToStream(most) {
    while (this.#pieces.length > 0 && this.#sending === 0 && this.#isOpen) {
      const [pieces, size] = this.#next(most);
      this.#waiting -= size;
      if (pieces.length === 1) this.#send(pieces[0], size);
      else if (size < pieces.length * SMALL) this.#send(Buffer.concat(pieces, size), size);
      else this.#sendAll(pieces, size);
    }
  }

  /** The waiting pieces that go together, of `most` bytes, and their bytes. */
  #next(most) {
    const [first] = this.#pieces;
    if (first.length > most) {
      this.#pieces[0] = first.subarray(most);
      return [[first.subarray(0, most)], most];
    }
    let [count, size] = [0, 0];
    for (; count < this.#pieces.length && size + this.#pieces[count].length <= most; count++) {
      size += this.#pieces[count].length;
    }
    return [this.#pieces.splice(0, count), size];
  }

  #onTaken() {
    if (this.#sending === 0 || this.#socket.writableLength > 0) return;
    this.#sending = 0;
    this.#flush();
    if (this.#isIdle) this.#link.emptied();
  }

  /**
   * The connection is destroyed. node:tls takes one write in a turn of the event loop: what waits for the next one is
   * not held up by its peer, and is handed over. Whether there is something: then the socket is to be ended.
   */
  end() {
    const isLeft = this.#isSecure && !this.#isIdle && this.#isOpen;
    if (isLeft) for (const bytes of this.#pieces) this.#socket.write(bytes);
    this.drop();
    return isLeft;
  }

  /** The connection has failed: nothing that waits can be sent. */
  drop() {
    this.#pieces = [];
    this.#waiting = this.#sending = 0;
  }
}

module.exports = { Outbox };
