'use strict';
// What `config.parser` makes of a client or a server: how it encodes, what it takes, what it refuses. Chosen once,
// when the client or server is made, as in node-ipc 14. Made by settings.js; without a parser there is no profile,
// and this file is not loaded.
//
// Parsers that are chosen by name leave the framing to the engine, which also watches the size of a message that
// is still arriving; here each message is looked at once it is whole. Any other parser gets the bytes.

const { core, setImmediate } = require('../../core');
const { StringDecoder } = core('string_decoder');
const { isBytes } = require('../../arguments');
const { createParser, IPCProtocolError } = require('./index');
const { channels, drop, publishError, publishReceived } = require('../../diagnostics/channels');
const { argumentError } = require('../../errors');
const { isGreeting, isGreetingText, textOf } = require('../wire');

/** Most that setTimeout can wait, in ms. */
const LONGEST = 2 ** 31 - 1;

/** UTF-8 bytes of a UTF-16 unit at most; in JSON, where it may have to be escaped. */
const WIDEST = 3;
const WIDEST_QUOTED = 6;

class Profile {
  /** Socket, or peer of a UDP server -> `{decoder, messages}` of a parser that gets the bytes. */
  #streams = new WeakMap();
  /** Peer of the datagram of which a message was refused last: the rest of it is dropped. */
  #refused = null;
  /** How long a message may take to arrive, in ms; 0: as long as it likes. */
  #timeout;
  #delimiterLength;

  /** @throws {TypeError} see createParser */
  constructor(config) {
    const parser = createParser(config);
    const { maxPendingBytes } = parser; // which is asked for once
    this.parser = parser;
    /** No messages, but `data` events. */
    this.isRaw = Boolean(parser.raw);
    this.isNative = !this.isRaw && (!config.parser || typeof config.parser === 'string');
    this.isAssured = parser.profile === 'assured';
    this.isGuarded = this.isNative && parser.profile !== 'fast';
    /** Bytes that may wait in a connection. */
    this.maxPending =
      Number.isFinite(maxPendingBytes) && maxPendingBytes > 0 ? maxPendingBytes : Infinity;
    this.#delimiterLength = this.isNative ? parser.delimiter.length : 0;
    this.#timeout = Number.isFinite(parser.messageTimeout) ? parser.messageTimeout : 0;
    this.identifiesPeer = Boolean(config.identifyPeer);
    this.logsPayloads = Boolean(config.logPayloads);
  }

  /** The engine gives bytes instead of messages. */
  get takesBytes() {
    return !this.isNative;
  }

  /** The framing of connections (see socket.js), from that without a parser. */
  framing(framing) {
    const { isGuarded, parser } = this;
    if (!isGuarded) return { ...framing, raw: this.takesBytes };
    const maxFrame = Math.min(framing.maxFrame, parser.maxMessageSize);
    return { ...framing, raw: false, maxFrame, strict: true };
  }

  // ---- sending -----------------------------------------------------------------------------------

  /**
   * What is sent for a message: its text without delimiter (see wire.js), or bytes.
   * @throws {IPCProtocolError} for a message that the parser refuses
   * @throws {TypeError} if a parser of the user's own gives neither text nor bytes
   */
  encode(type, data, isDatagram = false) {
    const { parser } = this;
    if (this.isGuarded) {
      parser.validateType(type);
      const text = textOf(type, data === undefined ? {} : data);
      if (text.length * WIDEST_QUOTED > parser.maxMessageSize) {
        parser.assertFrameSize(text.length, Buffer.byteLength(String(text)));
      }
      return text;
    }
    if (this.isNative) return textOf(type, data === undefined ? {} : data);
    const made = parser.encode(type, data);
    if (isBytes(made)) return made;
    if (typeof made !== 'string') {
      throw argumentError('config.parser.encode()', 'a string or a Buffer', made);
    }
    return Buffer.from(made, isDatagram && parser.encoding ? parser.encoding : 'utf8');
  }

  /** Bytes of an encoded message, with its delimiter. */
  sizeOf(message) {
    if (isBytes(message)) return message.length;
    return Buffer.byteLength(String(message)) + Buffer.byteLength(this.parser.delimiter ?? '');
  }

  /** Whether a message is more than may wait, with what waits in `socket` and `held` bytes besides. */
  exceeds(socket, message, held = 0) {
    const { maxPending } = this;
    if (maxPending === Infinity) return false;
    const widest = typeof message === 'string' ? WIDEST : WIDEST_QUOTED;
    const bound = (message.length + this.#delimiterLength) * widest + held;
    if (!waitsMore(socket, maxPending - bound)) return false;
    return waitsMore(socket, maxPending - this.sizeOf(message) - held);
  }

  /** What is reported then. */
  backpressure(owner, socket, message) {
    drop(owner, socket, 'full', message);
    const reason = 'more bytes wait to be sent than maxPendingBytes';
    return new IPCProtocolError('ERR_IPC_BACKPRESSURE', reason);
  }

  // ---- receiving: `owner` is a client or server ----------------------------------------------------

  /** The current frame of `frames` has come from `socket`, or on UDP from a peer. */
  takeFrame(owner, socket, frames) {
    if (socket === this.#refused) return;
    this.settle(socket);
    let message;
    try {
      message = this.#decode(frames);
    } catch (error) {
      // A type that the rules refuse, but the peer is to know what is wrong.
      if (frames.type === null && isGreetingText(frames.frame)) {
        owner._partWith(socket);
        return;
      }
      drop(owner, socket, 'invalid', frames.frame);
      owner._violate(socket, error);
      return;
    }
    if (frames.type === null && isGreeting(message)) {
      owner._partWith(socket);
      return;
    }
    if (channels.received.hasSubscribers) {
      publishReceived(owner, socket, message.type, frames.frame);
    }
    this.#hand(owner, socket, message);
  }

  /** To its handlers, which may refuse it by an IPCProtocolError, as the parser does. */
  #hand(owner, socket, { type, data }) {
    try {
      owner._onMessage(socket, type, data);
    } catch (error) {
      if (!(error instanceof IPCProtocolError)) throw error;
      owner._violate(socket, error);
    }
  }

  #decode(frames) {
    const { type } = frames;
    if (type !== null) {
      let data;
      try {
        data = frames.data;
      } catch {
        return checked(this.parser.decode(frames.frame)); // not what it looks like
      }
      if (this.isGuarded) this.parser.validateType(type);
      return { type, data };
    }
    return checked(this.parser.decode(frames.frame));
  }

  /** A message that was longer than the engine keeps has begun to arrive: what is reported of it. */
  tooLarge() {
    const reason = 'a message is larger than maxMessageSize';
    return new IPCProtocolError('ERR_IPC_FRAME_TOO_LARGE', reason);
  }

  /**
   * Bytes have come, or text that a test hands in. `keeper`: what has to do with the bytes before and after these;
   * the socket, or where messages go to an object of their own, one that stays.
   */
  take(owner, socket, bytes, keeper = socket) {
    if (this.isRaw) {
      owner._onBytes(socket, bytes);
      owner._answered();
      return;
    }
    const stream = this.#streamOf(keeper);
    const text = typeof bytes === 'string' ? bytes : stream.decoder.write(bytes);
    if (text === '') return; // not yet a whole character
    let isReading = true;
    let count = 0;
    let failure = null;
    const receive = (message) => {
      count++;
      stream.messages.push({ socket, message });
      if (!isReading) this.#deliver(owner, stream); // a parser that takes its time
    };
    try {
      keeper.ipcBuffer = this.parser.read(keeper.ipcBuffer || '', text, receive);
    } catch (error) {
      failure = { error };
    }
    isReading = false;
    if (count > 0) this.settle(keeper);
    if (socket._counted) socket._counted.received += count - 1; // which has counted the bytes as a message
    try {
      this.#deliver(owner, stream);
    } finally {
      if (failure !== null && !socket.destroyed) this.#fail(owner, socket, failure.error, keeper);
      else if (keeper.ipcBuffer && !socket.destroyed) this.watch(owner, socket, keeper);
      else this.settle(keeper);
    }
  }

  #streamOf(keeper) {
    let stream = this.#streams.get(keeper);
    if (stream === undefined) {
      stream = { decoder: new StringDecoder(this.parser.encoding || 'utf8'), messages: [] };
      this.#streams.set(keeper, stream);
    }
    return stream;
  }

  #fail(owner, socket, error, keeper) {
    drop(owner, socket, 'invalid', null);
    owner._violate(socket, error, keeper);
  }

  /** One message after the other; a handler that throws leaves the rest for later. */
  #deliver(owner, stream) {
    const { messages } = stream;
    try {
      while (messages.length > 0) {
        const { socket, message } = messages.shift();
        if (!isLeft(socket) && socket !== this.#refused) this.dispatch(owner, socket, message);
      }
    } finally {
      if (messages.length > 0) setImmediate(() => this.#deliver(owner, stream));
    }
  }

  /** Delivers what a parser has made of the bytes. */
  dispatch(owner, socket, message) {
    try {
      checked(message);
    } catch (error) {
      this.#fail(owner, socket, error, socket);
      return;
    }
    this.#hand(owner, socket, message);
    owner._answered();
  }

  // ---- time --------------------------------------------------------------------------------------

  /** A message has begun to arrive. */
  watch(owner, socket, keeper = socket) {
    if (!this.#timeout || keeper.ipcMessageTimer !== undefined) return;
    // A busy process first handles what has arrived in the meantime.
    const look = () =>
      setImmediate(() => {
        if (keeper.ipcMessageTimer !== timer) return;
        const reason = 'the rest of a message did not come within messageTimeout';
        this.#fail(owner, socket, new IPCProtocolError('ERR_IPC_MESSAGE_TIMEOUT', reason), keeper);
      });
    const timer = setTimeout(look, Math.min(this.#timeout, LONGEST));
    timer.unref?.();
    keeper.ipcMessageTimer = timer;
  }

  /** No message is arriving. */
  settle(keeper) {
    if (keeper.ipcMessageTimer === undefined) return;
    clearTimeout(keeper.ipcMessageTimer);
    keeper.ipcMessageTimer = undefined;
  }

  /** A rule was broken: the connection ends, and what was left of a message is dropped. */
  end(owner, socket, error, keeper) {
    this.settle(keeper);
    keeper.ipcBuffer = '';
    this.#streams.delete(keeper);
    owner.log('IPC protocol error', error?.code ?? 'ERR_IPC_PROTOCOL', error?.message ?? error);
    // A datagram has a socket of its own.
    if (socket.destroy === undefined) this.#refused = socket;
    else socket.destroy();
    publishError(owner, error, socket._counted === undefined ? null : socket);
  }
}

/**
 * Whether this side has ended the connection: what is left of a read is not wanted. Of one that the peer has ended, what
 * a parser takes its time for is delivered.
 */
const isLeft = (socket) => Boolean(socket.destroyed) && !socket.readableEnded;

/** Whether more than `most` bytes wait in a socket. */
function waitsMore(socket, most) {
  if (typeof socket._isFull === 'function') return socket._isFull(most + 1);
  return (socket.writableLength ?? 0) > most; // a stand-in
}

/**
 * A message that can be delivered.
 * @throws {IPCProtocolError} for anything else
 */
function checked(message) {
  if (message === null || typeof message !== 'object') {
    throw new IPCProtocolError('ERR_IPC_INVALID_MESSAGE', 'a message must be an object');
  }
  if (typeof message.type !== 'string') {
    throw new IPCProtocolError('ERR_IPC_INVALID_EVENT', 'the type of a message must be a string');
  }
  return message;
}

module.exports = Profile;
