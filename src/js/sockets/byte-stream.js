'use strict';
// Bytes that users of a socket read and write themselves: the hooks of Node's streams. Messages go around
// them (messages-out.js), which extends this.

const { core, later } = require('../core');
const { AsyncResource } = core('async_hooks');
const { Writable } = core('stream');
const { NetAnswers } = require('./net-answers');
const { eventError } = require('../errors');
const { removeTheirs } = require('./own-listeners');

class ByteStream extends NetAnswers {
  /** To be used for the stream's bytes once somebody reads it. */
  #encoding = null;
  /** Somebody reads the stream: raw bytes are asked for besides messages. */
  #tapped = false;
  /** `pause()` was called, by the user or by a pipe. */
  #paused = false;
  /** Node has wrapped this, to speak TLS or HTTP/2 over it. */
  #isWrapped = false;
  /** Callbacks of the stream machinery that wait for the engine. */
  #writeDone = null;
  #finalDone = null;
  /** What the stream counts for the write that waits, of all that it has. */
  #writing = 0;
  /** Writes that wait for the look-up of the host. */
  #early = [];

  /** There is a connection: it hears what was asked for before. */
  _take(connection) {
    super._take(connection);
    if (this.#tapped) connection.setTapped(true);
    if (this.#paused) connection.pause();
  }

  // ---- reading ---------------------------------------------------------------------------------

  /** A listener for the stream's bytes gets them from now on, not only once the stream first asks. */
  on(event, listener) {
    if (event === 'data' || event === 'readable') {
      if (isWrapper(listener)) this.#isWrapped = true;
      if (this.#isWrapped || this.parser) this.#leaveBytes();
      this.#tap();
    }
    super.on(event, listener);
    if (event === 'connect' && this.#isWrapped) this.#tellWrapper(listener);
    return this;
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  /** Leaves those of the library. */
  removeAllListeners(...types) {
    return removeTheirs(this, types, super.removeAllListeners);
  }

  #tap() {
    if (this.#tapped) return;
    this.#tapped = true;
    this.#decode();
    if (this._counted?.closed === null) this._counted.setTapped(true);
  }

  /** A decoder is made when somebody reads the stream: most sockets only have messages. */
  setEncoding(encoding) {
    if (this.#tapped || !Buffer.isEncoding(encoding)) return super.setEncoding(encoding);
    this.#encoding = encoding;
    return this;
  }

  /** Messages flow from the beginning, as if the library listened for `data`. Node sets it to null for its wrappers. */
  get readableFlowing() {
    const flowing = super.readableFlowing;
    return flowing === null && !this.#tapped ? true : flowing;
  }

  set readableFlowing(flowing) {
    super.readableFlowing = flowing;
  }

  get readableEncoding() {
    this.#decode();
    return super.readableEncoding;
  }

  /** A TLSSocket waits for `connect` if it finds no handle: it would wait forever if we are already connected. */
  #tellWrapper(listener) {
    if (!this.pending) later(() => listener.call(this));
  }

  /**
   * From now on the stream has bytes, whatever encoding was set. For protocols of Node's own that are spoken over the
   * socket: http (which has set `parser` before it listens), and through a wrapper TLS and HTTP/2. With node:net they
   * read below the stream, from its handle, and never meet its encoding; text aborts the process in http's parser.
   */
  #leaveBytes() {
    this.#encoding = null;
    this._readableState.decoder = null;
    this._readableState.encoding = null;
  }

  #decode() {
    if (this.#encoding !== null) super.setEncoding(this.#encoding);
    this.#encoding = null;
  }

  _read() {
    this.#tap();
    if (!this.#paused) this._counted?.resume();
  }

  // ---- writing ---------------------------------------------------------------------------------

  _write(chunk, encoding, callback) {
    this.#writing = chunk.length;
    this.#writeOut(() => {
      const text = typeof chunk === 'string' && /^utf-?8$/i.test(encoding);
      this._counted.write(text || typeof chunk !== 'string' ? chunk : Buffer.from(chunk, encoding));
    }, callback);
  }

  _writev(chunks, callback) {
    this.#writing = chunks.reduce((length, { chunk }) => length + chunk.length, 0);
    this.#writeOut(() => {
      for (const { chunk, encoding } of chunks) {
        this._counted.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      }
    }, callback);
  }

  #writeOut(write, callback) {
    if (this._counted === null) {
      this.#early.push(write);
      this.#writeDone = AsyncResource.bind(callback);
      return;
    }
    if (this._counted.closed !== null) {
      this.#writing = 0;
      callback(eventError('EPIPE', 'write EPIPE', { syscall: 'write' }));
      return;
    }
    this._active();
    write();
    this._keepWhileSending();
    // As in net, nothing is told before `connect`.
    if (this._counted.awaitDrain() || this.connecting) {
      this.#writeDone = AsyncResource.bind(callback);
    } else {
      this.#writing = 0;
      callback();
    }
  }

  /** There is a connection: what was written before goes out. */
  _writeEarly() {
    for (const write of this.#early.splice(0)) write();
    if (this.#writeDone !== null) this._counted.awaitDrain(); // nothing goes before the connection is up
  }

  /** A write has not been told that it is done. */
  get _isWriting() {
    return this.#writeDone !== null;
  }

  get _hasEarly() {
    return this.#early.length > 0;
  }

  /**
   * The stream is about to end, but its connection still sends: everything that waits in the stream goes to the
   * connection.
   */
  _handOver() {
    while (this.writableCorked > 0) this.uncork();
    while (this.#writeDone !== null && this._streamLength > this.#writing) this._wroteAll();
  }

  get _ownLength() {
    return this._streamLength - (this._counted === null ? 0 : this.#writing);
  }

  _final(callback) {
    if (this._counted === null && this.connecting) {
      this.once('connect', () => this._final(callback));
    } else if (this._counted === null || this._counted.closed !== null) {
      callback();
    } else if (this._counted.finish()) {
      later(callback); // what is written in this turn fails before, as with net
    } else {
      this.#finalDone = AsyncResource.bind(callback);
    }
  }

  /** What was still to be written is lost: the callbacks of `write` are told. */
  _failWrites(error) {
    const waiting = this.#writeDone;
    this.#writeDone = this.#finalDone = null;
    this.#early = [];
    this.#writing = 0;
    waiting?.(
      error ?? eventError('ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'),
    );
  }

  /** Node 18 leaves the callbacks of what is corked uncalled. */
  destroy(error, callback) {
    return Writable.prototype.destroy.call(this, error, callback);
  }

  pause() {
    this.#paused = true;
    this._counted?.pause();
    return super.pause();
  }

  resume() {
    this.#paused = false;
    this._counted?.resume();
    return super.resume();
  }

  /** Whoever reads the stream gets bytes, too. */
  _pushBytes(buffer) {
    if (this.#tapped && !this.push(buffer)) this._counted.pause();
  }

  /** Everything written is sent: the next write may follow. False: it has. */
  _wroteAll() {
    const done = this.#writeDone;
    this.#writeDone = null;
    this.#writing = 0;
    done?.();
    return this.#writeDone === null;
  }

  _onFinished() {
    const done = this.#finalDone;
    this.#finalDone = null;
    done?.();
  }
}

/** Whether `listener` is that of a JSStreamSocket, as which Node wraps a stream without a handle. */
function isWrapper(listener) {
  return listener?.name === 'ondata' && String(listener).includes('ERR_STREAM_WRAP');
}

module.exports = ByteStream;
