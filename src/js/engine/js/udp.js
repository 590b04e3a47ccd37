'use strict';
// A datagram socket of the JavaScript engine: one of node:dgram. Made by hub.js. What it does is what
// src/engine/driver/datagrams.rs has.

const dgram = require('node:dgram');
const net = require('node:net');
const { split } = require('./codec');
const { failure, failureOf } = require('./errors');
const events = require('./events');
const { WORDS, toText, toWords } = require('./words');
const { clearTimeout, setTimeout } = require('../timers');

/** Queued bytes from which on a drain is reported, and the most that may wait: see datagram.rs. */
const HIGH_WATER = 256 * 1024;
const MOST_BYTES = 16 * 1024 * 1024;
const MOST = 64 * 1024;

/** Where a datagram ends in the text or bytes of all, then its address. */
const TARGET = 1 + WORDS;

/** The longest time that a timer takes, in ms. */
const LONGEST = 2 ** 31 - 1;

/** There are addresses alone here: Node need not look them up, and does all at once. */
const lookup = (address, options, callback) => callback(null, address, net.isIP(address));

class Datagrams {
  #hub;
  #id;
  #framing;
  #socket = null;
  /** The socket is somebody else's to close. */
  #isLent = false;
  #raw;
  #tapped = false;
  /** Bytes and datagrams of which Node has not said what became of them: most have left by then. */
  #pending = [0, 0];
  /** Bytes and datagrams that were sent, or wait. */
  #sent = [0, 0];
  #awaited = false;
  #isClosing = false;
  #isClosed = false;
  #timer = null;

  constructor(hub, id, framing) {
    this.#hub = hub;
    this.#id = id;
    this.#framing = framing;
    this.#raw = framing.raw;
  }

  /** Returns `{address}` or `{error}`. */
  bind(address, port) {
    const socket = dgram.createSocket({ type: net.isIP(address) === 6 ? 'udp6' : 'udp4', lookup });
    let error = null;
    const note = (failed) => (error = failed);
    socket.on('error', note);
    try {
      socket.bind({ address, port, exclusive: true });
    } catch (thrown) {
      error = thrown;
    }
    socket.removeListener('error', note);
    if (!error) return this.take(socket);
    socket.on('error', () => {});
    closeQuietly(socket);
    return { error: failureOf(error, 'bind', { address, port }) };
  }

  /** The same with a socket that is bound. */
  take(socket) {
    const address = socket.address();
    this.#socket = socket;
    this.#isLent = typeof socket.stop === 'function';
    socket.on('message', (bytes, peer) => {
      this.#hub.events.within(() => this.#received(bytes, peer));
    });
    socket.on('error', (error) => {
      this.#hub.events.within(() => this.#failed(failureOf(error, error.syscall ?? 'recv')));
    });
    socket.unref(); // hub.js keeps the process alive
    return { address };
  }

  // ---- in --------------------------------------------------------------------------------------

  #received(bytes, { address, port, size }) {
    if (this.#isClosing) return;
    const peer = toWords(address, port);
    if (peer === null) return;
    const [id, isFramed] = [this.#id, !this.#raw];
    const post = (event) => this.#hub.events.post({ id, peer, ...event });
    if (this.#raw || this.#tapped) {
      post({ kind: events.DATAGRAM, payload: bytes, framed: isFramed ? 1 : 0 });
    }
    if (this.#raw) return;
    const found = split(bytes, this.#framing);
    // One without a frame is a datagram, too.
    if (found.length === 0) found.push({ text: '', ends: [] });
    for (const { text, ends, tooLarge } of found) {
      if (tooLarge === undefined) post({ kind: events.DATAGRAMS, text, ends, size });
      else {
        const payload = JSON.stringify({ size, length: tooLarge });
        post({ kind: events.DATAGRAM_TOO_LARGE, payload });
      }
    }
  }

  configure(raw, tapped) {
    this.#raw = raw;
    this.#tapped = tapped;
  }

  // ---- out -------------------------------------------------------------------------------------

  sendText(text, targets, count) {
    return this.#sendEach(targets, count, (start, end) => Buffer.from(text.slice(start, end)));
  }

  /** The bytes are copied: they are the caller's again. */
  sendBytes(bytes, targets, count) {
    return this.#sendEach(targets, count, (start, end) => Buffer.from(bytes.subarray(start, end)));
  }

  /** `cut(start, end)` copies one datagram out of all. Returns the bytes that wait. */
  #sendEach(targets, count, cut) {
    let start = 0;
    for (let at = 0; at < count * TARGET; at += TARGET) {
      this.#send(cut(start, targets[at]), targets.subarray(at + 1, at + TARGET));
      start = targets[at];
    }
    return this.waiting[0];
  }

  /** `done` gets what has failed, or null. */
  sendOne(bytes, target, done) {
    this.#send(Buffer.from(bytes), target.subarray(1), done);
  }

  #send(bytes, words, done = this.#report) {
    if (this.#isClosing) return;
    const [address, port] = [toText(words), words[0]];
    const where = { address: address.split('%')[0], port };
    const { length } = bytes;
    const [size, number] = this.waiting;
    if (size + length > MOST_BYTES || number >= MOST) {
      done(failure('send', 'ENOBUFS', where));
      return;
    }
    this.#count(this.#pending, length, 1);
    this.#count(this.#sent, length, 1);
    const sent = (error) => this.#done(error, length, where, done);
    try {
      this.#socket.send(bytes, port, address, sent);
    } catch (error) {
      sent(error);
    }
    if (size + length >= HIGH_WATER && this.waiting[0] >= HIGH_WATER) this.#awaited = true;
  }

  #count(counters, bytes, datagrams) {
    counters[0] += bytes;
    counters[1] += datagrams;
  }

  #done(error, length, where, done) {
    this.#count(this.#pending, -length, -1);
    if (error) this.#count(this.#sent, -length, -1);
    this.#hub.events.within(() => {
      if (!error) done(null);
      else if (typeof error.errno === 'number') done(failureOf(error, 'send', where));
      else done(failure('send', 'EINVAL', where));
      if (this.#awaited && this.waiting[1] === 0) {
        this.#awaited = false;
        this.#hub.events.post({ kind: events.DRAIN, id: this.#id });
      }
      if (this.#isClosing && this.#pending[1] === 0) this.#end();
    });
  }

  #report = (error) => {
    if (error !== null) this.#failed(error);
  };

  #failed(error) {
    const payload = JSON.stringify(error);
    this.#hub.events.post({ kind: events.DATAGRAM_FAILED, id: this.#id, payload });
  }

  /** Bytes and datagrams that the system has not taken. */
  get waiting() {
    const socket = this.#socket;
    if (this.#pending[1] === 0 || this.#isClosed || !socket.getSendQueueSize)
      return [...this.#pending];
    return [socket.getSendQueueSize(), socket.getSendQueueCount()];
  }

  /** Bytes and datagrams. */
  get sent() {
    return [...this.#sent];
  }

  // ---- life ------------------------------------------------------------------------------------

  close(linger) {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#pending[1] === 0) this.#end();
    else
      this.#timer = setTimeout(
        () => this.#hub.events.within(() => this.#end()),
        Math.min(linger, LONGEST),
      );
  }

  #end() {
    if (this.#isClosed) return;
    this.destroy();
    const [bytes, sent] = this.#sent;
    const payload = JSON.stringify({ sent, bytes });
    this.#hub.events.post({ kind: events.DATAGRAMS_CLOSED, id: this.#id, payload });
  }

  destroy() {
    this.#isClosing = this.#isClosed = true;
    clearTimeout(this.#timer);
    if (!this.#isLent) closeQuietly(this.#socket);
  }

  // ---- options ---------------------------------------------------------------------------------

  /** By the name of its method. Returns `{value}` or `{error}`. */
  option(name, value) {
    return this.#call(
      name,
      value === undefined
        ? []
        : [name === 'setBroadcast' || name === 'setMulticastLoopback' ? Boolean(value) : value],
    );
  }

  /** `options`: MembershipOptions of datagrams.rs. */
  membership({ join, group, interface: by, source }) {
    const name = `${join ? 'add' : 'drop'}${source ? 'SourceSpecific' : ''}Membership`;
    return this.#call(name, source ? [source, group, by] : [group, by]);
  }

  #call(name, args) {
    if (this.#isClosed) return { value: 0 };
    try {
      const value = this.#socket[name](...args);
      return { value: typeof value === 'number' ? value : 0 };
    } catch (error) {
      const { code, errno } = error.info ?? error;
      return { error: { message: `${name} ${code}`, errno, code, syscall: name } };
    }
  }
}

function closeQuietly(socket) {
  try {
    socket.close();
  } catch {
    // it never came up
  }
}

module.exports = { Datagrams };
