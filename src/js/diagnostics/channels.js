'use strict';
// The channels of `node:diagnostics_channel` on which ferripc reports what it does, and the counters of dropped
// messages. Loaded with the first client or server. Used by client.js, server.js, socket.js,
// datagram-socket.js, engine.js and wire.js to publish, and by debug.js and tap.js, which subscribe.
//
// Nothing is made for a channel without subscribers: callers on a hot path test `hasSubscribers` first, and
// so does every function here. No message carries a payload, nor an error that quotes one. A tap asks for the payload
// while it is told about a message (`contentOf`), if its server allows that. If a subscriber throws, Node's `publish`
// turns that into an uncaught exception of a later turn.

const { core, platform, process } = require('../core');
const { channel } = core('diagnostics_channel');
const util = core('util');
const { isBytes } = require('../arguments');

/** Kept here, since Node forgets an unreferenced channel together with its subscribers. */
const channels = {
  engineStart: channel('ferripc:engine:start'),
  fallback: channel('ferripc:fallback'),
  connecting: channel('ferripc:client:connecting'),
  retry: channel('ferripc:client:retry'),
  destroy: channel('ferripc:client:destroy'),
  listening: channel('ferripc:server:listening'),
  refuse: channel('ferripc:server:refuse'),
  serverClose: channel('ferripc:server:close'),
  open: channel('ferripc:connection:open'),
  close: channel('ferripc:connection:close'),
  sent: channel('ferripc:message:sent'),
  received: channel('ferripc:message:received'),
  dropped: channel('ferripc:message:dropped'),
  error: channel('ferripc:error'),
};

/** Beginning of a message's text, up to where its type ends. */
const TYPE = /^\{"type":("(?:[^"\\]|\\.)*")/s;

/** 'unix', 'pipe', 'tcp', 'tls', 'udp4' or 'udp6' of a client or server. */
function transportOf(owner) {
  if (owner.udp4) return 'udp4';
  if (owner.udp6) return 'udp6';
  const isServer = owner.sockets !== undefined;
  if (owner.config?.tls && (owner.port || isServer)) return 'tls';
  if (owner.port) return 'tcp';
  return platform === 'win32' ? 'pipe' : 'unix';
}

/** `host:port`, or the path, of a client or server. A port that the system chose is shown. */
function addressOf({ path, port, server }) {
  const bound = server?.listening ? server.address?.() : null;
  if (bound?.port) port = bound.port;
  if (!port) return String(path);
  return String(path).includes(':') ? `[${path}]:${port}` : `${path}:${port}`;
}

/** What all messages about a client or server begin with. */
function about(owner) {
  const isServer = owner.sockets !== undefined;
  return {
    client: isServer ? null : owner,
    server: isServer ? owner : null,
    id: isServer ? owner.config?.id : owner.id,
    transport: transportOf(owner),
    address: addressOf(owner),
  };
}

/** Publishes facts about a client or server, but none about a tap (tap.js). */
function publish(to, owner, facts) {
  if (to.hasSubscribers && owner._isHidden !== true) tell(to, { ...about(owner), ...facts });
}

/**
 * Publishes a message. Exceptions of subscribers do not arrive here, but in Node 18 `publish` itself throws when the
 * last subscriber unsubscribes during the call.
 */
function tell(to, message) {
  try {
    to.publish(message);
  } catch {
    // they have been told
  }
}

/** The engine has started. */
function publishStart(facts) {
  if (channels.engineStart.hasSubscribers) tell(channels.engineStart, facts());
}

/** No binary loads, see `error`, and the engine in JavaScript has taken its place. */
function publishFallback(error) {
  if (channels.fallback.hasSubscribers) tell(channels.fallback, { error });
}

/** An error of a client or server; `socket`: whose, if it is one connection's. */
function publishError(owner, error, socket = null) {
  publish(channels.error, owner, { error, socket });
}

/** On UDP, the sender or receiver of a datagram takes the place of a socket. */
function partner(from) {
  const isSocket = typeof from?._send === 'function';
  return { socket: isSocket ? from : null, peer: isSocket ? null : (from ?? null) };
}

/** The type of a message from its text; null for what has none. */
function typeOf(message) {
  if (isBytes(message)) return null;
  if (message.pieces !== undefined) return message.type; // of values.js
  try {
    const [, quoted = 'null'] = TYPE.exec(message.head ?? message) ?? [];
    return JSON.parse(quoted);
  } catch {
    return null; // so long that it cannot be found out
  }
}

/** Bytes of a message without its delimiter. */
function bytesOf(message) {
  if (isBytes(message) || message.pieces !== undefined) return message.length;
  try {
    return Buffer.byteLength(String(message));
  } catch {
    return message.length; // a LongText (wire.js) that makes no string: about as long
  }
}

/** The content of the message being reported; null otherwise. */
let content = null;

/** The text or bytes of the message being reported, for a tap that may show them. */
const contentOf = () => content;

function publishMessage(to, owner, facts, its) {
  const before = content;
  content = its;
  try {
    publish(to, owner, facts);
  } finally {
    content = before; // a subscriber may send something itself
  }
}

/** A message was handed to a connection, or on UDP sent to a peer. */
function publishSent(owner, to, message) {
  const facts = { type: typeOf(message), bytes: bytesOf(message), direction: 'out' };
  publishMessage(channels.sent, owner, { ...partner(to), ...facts }, message);
}

/** A message is about to be delivered. `its`: its text, or the bytes of raw mode. */
function publishReceived(owner, from, type, its) {
  const facts = { type, bytes: bytesOf(its), direction: 'in' };
  publishMessage(channels.received, owner, { ...partner(from), ...facts }, its);
}

// ---- what was dropped ---------------------------------------------------------------------------

/** Why messages were dropped; see `DroppedStats` in index.d.ts. */
class Drops {
  full = 0;
  down = 0;
  failed = 0;
  tooLarge = 0;
  truncated = 0;
  invalid = 0;
}

const INCOMING = new Set(['tooLarge', 'truncated', 'invalid']);

/** Client, server or socket -> Drops. Few ever have any. */
const drops = new WeakMap();

function count(object, reason, times) {
  let counted = drops.get(object);
  if (counted === undefined) drops.set(object, (counted = new Drops()));
  counted[reason] += times;
}

/** A copy of what was counted for a client, server or socket. */
function dropsOf(object) {
  return { ...(drops.get(object) ?? new Drops()) };
}

/**
 * Counts a message that was dropped. `message`: the message, or its length in bytes if that is all that is
 * known, or null. `times`: so many of them.
 */
function drop(owner, socket, reason, message, times = 1) {
  count(owner, reason, times);
  if (typeof socket?._send === 'function') count(socket, reason, times);
  if (!channels.dropped.hasSubscribers) return;
  const known = message !== null && typeof message !== 'number';
  const direction = INCOMING.has(reason) ? 'in' : 'out';
  const type = known && direction === 'out' ? typeOf(message) : null;
  const bytes = known ? bytesOf(message) : message;
  const facts = { ...partner(socket), type, bytes, direction, reason };
  for (let i = 0; i < times; i++) publish(channels.dropped, owner, facts);
}

module.exports = {
  channels,
  addressOf,
  bytesOf,
  contentOf,
  drop,
  dropsOf,
  publish,
  publishError,
  publishFallback,
  publishReceived,
  publishSent,
  publishStart,
  transportOf,
};

/** Bun's debuglog does not say whether it is. */
function isDebugged() {
  const { enabled } = util.debuglog('ferripc');
  return enabled ?? /(^|,)(ferripc|\*)(,|$)/i.test(process.env.NODE_DEBUG);
}

if (isDebugged()) require('./debug').start(channels);
