'use strict';
// What a tap tells of a server and of what happens at it: plain objects for JSON. Used by tap.js.
//
// Everything in them that a peer has chosen is cut to a length: its name, a message's type, its payload.

const { lazily, process } = require('../core');
const { addressOf, contentOf, transportOf } = require('./channels');
const { isBytes } = require('../arguments');
const { VERSION } = require('../engine/native');

const values = lazily(() => require('../node-ipc/values'));

const LONGEST_TYPE = 1000;
const LONGEST_NAME = 100;
const LONGEST_MESSAGE = 1000;

/** How many characters of a payload, or bytes in raw mode, are reported. */
const LONGEST_PAYLOAD = 64 * 1024;

/** How deeply a payload may be nested. */
const DEEPEST = 500;

/** Bytes of values as they are, which have to be read for it, that are told of. */
const LONGEST_SHOWN = 1024 * 1024;

/** What a record without its payload has in bytes, about. */
const USUAL_SIZE = 200;

const EVENTS = {
  received: 'message',
  sent: 'message',
  dropped: 'dropped',
  open: 'open',
  close: 'close',
  refuse: 'refused',
  error: 'error',
};

const cut = (text, most) => (text.length > most ? text.slice(0, most) : text);

class Describer {
  /** Socket -> `{connection, peer}`. */
  #known = new WeakMap();
  #connections = 0;

  /** The first record that a reader gets. */
  server(server) {
    return {
      version: VERSION,
      pid: process.pid,
      id: nameOf(server.config.id) ?? '',
      transport: transportOf(server),
      address: addressOf(server),
      connections: server.udp4 || server.udp6 ? 0 : server.sockets.length,
    };
  }

  /**
   * `{facts, payload, size, payloadSize}` of what a channel of the name `kind` has told. `payload`: an object with what
   * else there is for whoever may see payloads, or null. `shows`: it is asked for.
   */
  record(kind, told, shows) {
    const { server, direction, type, bytes, reason, error, socket, peer, hadError, remote } = told;
    const facts = { time: Date.now(), event: EVENTS[kind] };
    if (direction !== undefined) Object.assign(facts, { direction, type: typeOf(type), bytes });
    if (reason !== undefined) facts.reason = reason;
    if (kind === 'error') Object.assign(facts, errorOf(error));
    if (kind === 'close') facts.hadError = Boolean(hadError);
    Object.assign(facts, this.#partner(socket, peer ?? remoteOf(remote)));
    const isShown = shows && EVENTS[kind] === 'message';
    const payload = isShown ? payloadOf(contentOf(), server) : null;
    const size = USUAL_SIZE + (facts.type?.length ?? 0);
    return { facts, payload, size, payloadSize: payload?.size ?? 0 };
  }

  #partner(socket, peer) {
    if (!socket) return peer ? { peer: addressed(peer) } : {};
    let known = this.#known.get(socket);
    if (known === undefined) {
      known = { connection: ++this.#connections, peer: peerOf(socket) };
      this.#known.set(socket, known);
    }
    const name = nameOf(socket.id);
    return name === null ? known : { ...known, name };
  }
}

/** An id may be anything. */
function nameOf(id) {
  return typeof id === 'string' || typeof id === 'number' ? cut(String(id), LONGEST_NAME) : null;
}

const typeOf = (type) => (typeof type === 'string' ? cut(type, LONGEST_TYPE) : null);

const addressed = ({ address, port }) => ({ address, port });

const remoteOf = (remote) =>
  remote?.remoteAddress ? { address: remote.remoteAddress, port: remote.remotePort } : null;

function peerOf(socket) {
  const { remoteAddress: address, remotePort: port } = socket;
  return address ? { address, port } : (socket.peerCredentials ?? {});
}

function errorOf(error) {
  const { code, message } = error ?? {};
  return {
    code: typeof code === 'string' ? code : null,
    message: typeof message === 'string' ? cut(message, LONGEST_MESSAGE) : '',
  };
}

/**
 * Of what a message consists of, text or bytes: its data as `payload`; where that is not all of it, or no JSON, the
 * beginning of its text as `text`; bytes as `base64`. With `cut: true` where something is missing. Values as they are become
 * text, as Node shows them.
 */
function payloadOf(content, { config: { delimiter }, _hasValues: hasValues }) {
  if (content === null) return null;
  if (hasValues) return valuesOf(content);
  if (isBytes(content)) {
    const base64 = Buffer.from(content.subarray(0, LONGEST_PAYLOAD)).toString('base64');
    return hidingSize({ base64, cut: content.length > LONGEST_PAYLOAD }, base64.length);
  }
  let text = textOf(content);
  // A datagram has its delimiter.
  if (delimiter && text.endsWith(delimiter)) text = text.slice(0, -delimiter.length);
  if (text.length > LONGEST_PAYLOAD) {
    return hidingSize({ text: text.slice(0, LONGEST_PAYLOAD), cut: true }, LONGEST_PAYLOAD);
  }
  if (isDeep(text)) return hidingSize({ text }, text.length);
  try {
    return hidingSize({ payload: JSON.parse(text).data ?? null }, text.length);
  } catch {
    return hidingSize({ text }, text.length);
  }
}

/** Whether a record with this in it may be nested more deeply than JSON.stringify takes. Brackets in strings count, too. */
function isDeep(text) {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === ']' || bracket === '}') depth--;
    else if (++depth > DEEPEST) return true;
  }
  return false;
}

function valuesOf(content) {
  if (content.length > LONGEST_SHOWN) return hidingSize({ cut: true }, 0);
  const text = values().show(content);
  const isCut = text.length > LONGEST_PAYLOAD;
  return hidingSize({ text: cut(text, LONGEST_PAYLOAD), ...(isCut && { cut: true }) }, text.length);
}

/** A long message that is sent (LongText of wire.js) need not be made into text for its beginning. */
function textOf(content) {
  return content.beginning?.(LONGEST_PAYLOAD) ?? String(content);
}

function hidingSize(payload, size) {
  return Object.defineProperty(payload, 'size', { value: size });
}

module.exports = { Describer };
