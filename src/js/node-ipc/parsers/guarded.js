'use strict';
// config.parser = 'guarded': as 'fast', with limits and rules for the names of events, in both directions. One
// of node-ipc 14's parser classes.

const { argumentError } = require('../../errors');
const FastParser = require('./fast');
const LIMITS = require('./limits');
const IPCProtocolError = require('./protocol-error');

/** What clients and servers report themselves. */
const reservedEventTypes = new Set([
  'start',
  'connect',
  'disconnect',
  'destroy',
  'close',
  'socket.disconnected',
  'error',
  'data',
]);

/** Every object has something of that name. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

function limitOf(config, name) {
  const { [name]: value = LIMITS[name] } = config;
  if (value === Infinity || (Number.isInteger(value) && value >= 1)) return value;
  throw argumentError(`config.${name}`, 'a positive integer or Infinity', value);
}

class GuardedParser extends FastParser {
  /** @throws {TypeError} for a limit that is neither a positive integer nor Infinity (`messageTimeout` may be 0) */
  constructor(config = {}) {
    super(config);
    this.profile = 'guarded';
    /** Bytes of a message, without its delimiter. */
    this.maxMessageSize = limitOf(config, 'maxMessageSize');
    /** Bytes that may wait in a connection. */
    this.maxPendingBytes = limitOf(config, 'maxPendingBytes');
    /** UTF-16 units of a type. */
    this.maxEventNameLength = limitOf(config, 'maxEventNameLength');
    /** How long a message may take to arrive, in ms; 0: as long as it likes. */
    this.messageTimeout = config.messageTimeout === 0 ? 0 : limitOf(config, 'messageTimeout');
    this.allowReservedEvents = Boolean(config.allowReservedEvents);
    this.delimiterBytes = Buffer.byteLength(this.delimiter);
  }

  encode(type, data) {
    this.validateType(type);
    const frame = super.encode(type, data);
    const bytes = Buffer.byteLength(frame) - this.delimiterBytes;
    this.assertFrameSize(frame.length - this.delimiter.length, bytes);
    return frame;
  }

  read(rest, chunk, receive) {
    const left = super.read(rest, chunk, receive);
    this.#assertSizeOf(left);
    return left;
  }

  push(rest, chunk) {
    const pushed = super.push(rest, chunk);
    for (const text of [...pushed.events, pushed.remainder]) this.#assertSizeOf(text);
    return pushed;
  }

  decode(frame) {
    this.#assertSizeOf(frame);
    return this.decodeMessage(frame);
  }

  /** The same for a frame whose size has been looked at. */
  decodeMessage(frame) {
    const message = super.decode(frame);
    if (message === null || typeof message !== 'object' || Array.isArray(message)) {
      throw new IPCProtocolError('ERR_IPC_INVALID_MESSAGE', 'a message must be a JSON object');
    }
    this.validateType(message.type);
    return message;
  }

  /** @throws {IPCProtocolError} for a type that must be neither sent nor delivered */
  validateType(type) {
    if (typeof type !== 'string' || type === '') {
      const reason = 'the type of a message must be a non-empty string';
      throw new IPCProtocolError('ERR_IPC_INVALID_EVENT', reason);
    }
    if (type.length > this.maxEventNameLength) {
      const reason = 'the type of a message is longer than maxEventNameLength';
      throw new IPCProtocolError('ERR_IPC_EVENT_TOO_LARGE', reason);
    }
    if (INHERITED.has(type)) {
      const reason = `the type "${type}" is a property that every object has`;
      throw new IPCProtocolError('ERR_IPC_INVALID_EVENT', reason);
    }
    if (!this.allowReservedEvents && reservedEventTypes.has(type)) {
      const reason = `the type "${type}" is reserved for what is reported locally`;
      throw new IPCProtocolError('ERR_IPC_RESERVED_EVENT', reason);
    }
  }

  #assertSizeOf(text) {
    this.assertFrameSize(text.length, Buffer.byteLength(text));
  }

  /** @throws {IPCProtocolError} for more bytes than a message may have */
  assertFrameSize(characters, bytes) {
    if (bytes <= this.maxMessageSize) return;
    throw new IPCProtocolError(
      'ERR_IPC_FRAME_TOO_LARGE',
      'a message is larger than maxMessageSize',
    );
  }
}

module.exports = { GuardedParser, reservedEventTypes };
