'use strict';
// Messages <-> text: the wire format (K1, K7) and its errors. Used by client.js, server.js and the
// deep import entities/EventParser.

const { isBytes } = require('../arguments');
const { channels, drop, publishReceived } = require('../diagnostics/channels');
const { apart } = require('../engine/frames');
const { eventError } = require('../errors');

/** How many types have the beginning of their messages cached, and the most characters of such a type. */
const MOST_HEADS = 4096;
const LONGEST_TYPE = 256;

/** Type -> `{"type":"...","data":`. */
const heads = new Map();

/** With at least this many characters, the engine gets a message in parts: joining them would copy it once more. */
const LONG = 64 * 1024;

/** The text of a long message, made only if it is asked for. */
class LongText {
  /** `text`: the JSON text of the data; with `isData` the data, a string, which the engine quotes faster. */
  constructor(head, text, isData) {
    this.head = head;
    this.text = text;
    this.isData = isData;
  }

  /** About: without what has to be escaped. */
  get length() {
    return this.head.length + this.text.length + 3;
  }

  /** What it begins with, with about so much of the data. */
  beginning(most) {
    if (this.text.length <= most) return String(this);
    return this.head + (this.isData ? '"' : '') + this.text.slice(0, most);
  }

  toString() {
    return `${this.head}${this.isData ? JSON.stringify(this.text) : this.text}}`;
  }
}

/**
 * The JSON text of a message, without the delimiter: a string or a LongText.
 *
 * Missing data becomes `{}` (K7): undefined, null, '' and NaN, but neither false nor 0; and so does an
 * object with a truthy `_maxListeners`, node-ipc's mark of an event emitter.
 * @throws {TypeError} if `data` is circular or holds a BigInt, as JSON.stringify does
 */
function encode(type, data) {
  if ((!data && data !== false && data !== 0) || data._maxListeners) data = {};
  return textOf(type, data);
}

/** The same for any data as it is, but undefined. */
function textOf(type, data) {
  // The same text as that of the whole, for less; but `toJSON` is told the key, and what has no JSON
  // is left out with its key.
  if (typeof type === 'string' && data?.toJSON === undefined) {
    const head = heads.get(type) ?? addHead(type);
    if (typeof data === 'string' && data.length >= LONG) return new LongText(head, data, true);
    const text = JSON.stringify(data);
    if (text?.length >= LONG) return new LongText(head, text, false);
    if (text !== undefined) return head + text + '}';
  }
  return JSON.stringify({ type, data });
}

function addHead(type) {
  const head = `{"type":${JSON.stringify(type)},"data":`;
  if (type.length > LONGEST_TYPE) return head;
  if (heads.size === MOST_HEADS) heads.clear();
  heads.set(apart(type), head); // the caller's may be a part of a long text
  return head;
}

/**
 * The bytes or text of a raw payload (K14): a Buffer or Uint8Array as it is, a string in `encoding`,
 * anything else as `Buffer.from` takes it.
 * @throws {TypeError} for what `Buffer.from` does not take
 */
function encodeRaw(payload, encoding) {
  return isBytes(payload) ? payload : Buffer.from(payload, encoding);
}

/**
 * Parses the current one of `frames` (see frames.js) and calls `owner._onMessage(socket, type, data)`, or
 * `owner._onBadFrame(socket, what)` with what an `error` event is to carry: node-ipc's own object for text
 * that is not JSON, an Error with code ERR_FERRIPC_INVALID_MESSAGE for JSON that is not a message (F4).
 */
function decode(frames, owner, socket) {
  let { type } = frames;
  let data;
  try {
    if (type !== null) data = frames.data;
  } catch {
    type = null; // not what it looks like
  }
  if (type === null) decodeWhole(frames, owner, socket);
  else {
    if (channels.received.hasSubscribers) publishReceived(owner, socket, type, frames.frame);
    owner._onMessage(socket, type, data);
  }
}

function decodeWhole(frames, owner, socket) {
  const { frame } = frames;
  let message;
  try {
    message = JSON.parse(frame);
  } catch (err) {
    const message = 'Invalid JSON response format';
    drop(owner, socket, 'invalid', frame);
    owner._onBadFrame(socket, { message, err, response: frames.ownFrame });
    return;
  }
  if (message === null || typeof message !== 'object' || typeof message.type !== 'string') {
    const reason = 'Received JSON that is not a message with a type';
    const error = eventError('ERR_FERRIPC_INVALID_MESSAGE', reason, {
      response: frames.ownFrame,
    });
    drop(owner, socket, 'invalid', frame);
    owner._onBadFrame(socket, error);
    return;
  }
  if (isGreeting(message)) {
    owner._partWith(socket);
    return;
  }
  if (channels.received.hasSubscribers) publishReceived(owner, socket, message.type, frame);
  owner._onMessage(socket, message.type, message.data);
}

/** Whether the peer says with this that its messages have another form: see values.js. */
const isGreeting = ({ ferripc, type }) =>
  type === 'error' && typeof ferripc === 'string' && ferripc.startsWith('advanced/');

/** The same for the text of a message that was refused. */
function isGreetingText(text) {
  try {
    return isGreeting(JSON.parse(text));
  } catch {
    return false;
  }
}

module.exports = { isGreeting, isGreetingText, encode, encodeRaw, decode, textOf };
