'use strict';
// A datagram socket of the JavaScript engine: one of node:dgram. Made by hub.js. What it does is what
// src/engine/driver/datagrams.rs has.

const net = require('node:net');
const { splitterOf } = require('./codec');
const { failure, failureOf } = require('./errors');
const events = require('./events');
const { WORDS, addressFault, toText, toWords } = require('./words');
const { clearTimeout, lazily, process, setTimeout } = require('../../core');

/** Loaded when needed: most programs have no UDP. It is in Node itself, so that no descriptor is needed. */
const nodeDgram = lazily(() => require('node:dgram'));

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

/** Bun binds in a later turn; what fails then is an event. */
function addressOf(socket, asked) {
  try {
    return socket.address();
  } catch (error) {
    if (!asked?.port || !process.versions.bun) throw error;
    return { ...asked, family: net.isIP(asked.address) === 6 ? 'IPv6' : 'IPv4' };
  }
}

class Datagrams {
  #hub;
  #id;
  #split;
  /** What follows a frame over the limit, in its datagram, is dropped. */
  #strict;
  #socket = null;
  /** The socket is somebody else's to close. */
  #isLent = false;
  #raw;
  #tapped = false;
  /** Who has sent the last datagram: `{address, port, words}`. */
  #last = { address: '', port: 0, words: null };
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
    this.#split = splitterOf(framing);
    this.#strict = framing.strict === true;
    this.#raw = framing.raw;
  }

  /** Returns `{address}` or `{error}`. */
  bind(address, port) {
    const fault = addressFault('bind', address, port);
    if (fault) return { error: fault };
    const socket = nodeDgram().createSocket({
      type: net.isIP(address) === 6 ? 'udp6' : 'udp4',
      lookup,
    });
    let error = null;
    const note = (failed) => (error = failed);
    socket.on('error', note);
    try {
      socket.bind({ address, port, exclusive: true });
    } catch (thrown) {
      error = thrown;
    }
    socket.removeListener('error', note);
    if (!error) return this.take(socket, { address, port });
    socket.on('error', () => {});
    closeQuietly(socket);
    return { error: failureOf(error, 'bind', { address, port }) };
  }

  /** The same with a socket that is bound; in Bun it is not yet, and then has the address that is `asked` for. */
  take(socket, asked) {
    const address = addressOf(socket, asked);
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
    const peer = this.#wordsOf(address, port);
    if (peer === null) return;
    const id = this.#id;
    const { events: queue } = this.#hub;
    if (this.#raw || this.#tapped) {
      const framed = this.#raw ? 0 : 1;
      queue.post({ kind: events.DATAGRAM, id, peer, payload: bytes, framed });
    }
    if (this.#raw) return;
    let continues = false;
    for (const { text, ends, tooLarge } of this.#split(bytes)) {
      if (tooLarge === undefined) {
        queue.post({ kind: events.DATAGRAMS, id, peer, text, ends, size, continues });
        continues = true;
      } else {
        const payload = JSON.stringify({ size, length: tooLarge });
        queue.post({ kind: events.DATAGRAM_TOO_LARGE, id, peer, payload });
        if (this.#strict) return;
      }
    }
  }

  /** The numbers of a sender, who most often is that of the datagram before. */
  #wordsOf(address, port) {
    const last = this.#last;
    if (last.port === port && last.address === address) return last.words;
    const words = toWords(address, port);
    this.#last = { address, port, words };
    return words;
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

  /** `cut(start, end)` copies one datagram out of all. Returns the bytes that wait, as exactly as it matters. */
  #sendEach(targets, count, cut) {
    let start = 0;
    for (let at = 0; at < count * TARGET; at += TARGET) {
      this.#send(cut(start, targets[at]), targets.subarray(at + 1, at + TARGET));
      start = targets[at];
    }
    const [most] = this.#pending;
    return most < HIGH_WATER ? most : this.waiting[0];
  }

  /** `done` gets what has failed, or null. */
  sendOne(bytes, target, done) {
    this.#send(Buffer.from(bytes), target.subarray(1), done);
  }

  #send(bytes, words, done = this.#report) {
    if (this.#isClosing) return;
    const target = { address: toText(words), port: words[0] };
    const { length } = bytes;
    if (this.#isTooMuch(length)) {
      done(failure('send', 'ENOBUFS', whereOf(target)));
      return;
    }
    this.#count(this.#pending, length, 1);
    this.#count(this.#sent, length, 1);
    const sent = (error) => this.#done(error, length, target, done);
    try {
      this.#socket.send(bytes, target.port, target.address, sent);
    } catch (error) {
      sent(error);
    }
    if (this.#pending[0] >= HIGH_WATER && this.waiting[0] >= HIGH_WATER) this.#awaited = true;
  }

  /** Whether there is no room for a datagram of this size. Node is asked only if it may be so. */
  #isTooMuch(length) {
    const isOver = ([size, number]) => size + length > MOST_BYTES || number >= MOST;
    return isOver(this.#pending) && isOver(this.waiting);
  }

  #count(counters, bytes, datagrams) {
    counters[0] += bytes;
    counters[1] += datagrams;
  }

  #done(error, length, target, done) {
    this.#count(this.#pending, -length, -1);
    if (error) this.#count(this.#sent, -length, -1);
    // Of most there is nothing to tell.
    if (!error && done === this.#report && !this.#awaited && !this.#isClosing) return;
    this.#hub.events.within(() => {
      if (!error) done(null);
      else if (typeof error.errno === 'number') done(failureOf(error, 'send', whereOf(target)));
      else done(failure('send', 'EINVAL', whereOf(target)));
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
    const isWrong = args.some((it) => typeof it === 'string' && toWords(it) === null);
    if (isWrong) return { error: failure(name, 'EINVAL', {}) };
    try {
      const value = this.#socket[name](...args);
      return { value: typeof value === 'number' ? value : 0 };
    } catch (error) {
      const { code, errno } = error.info ?? error;
      return { error: { message: `${name} ${code}`, errno, code, syscall: name } };
    }
  }
}

/** As errors have it: without a zone. */
function whereOf({ address, port }) {
  return { address: address.split('%')[0], port };
}

function closeQuietly(socket) {
  try {
    socket.close();
  } catch {
    // it never came up
  }
}

module.exports = { Datagrams };
