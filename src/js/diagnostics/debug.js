'use strict';
// The debug log: `NODE_DEBUG=ferripc` prints a line to stderr for each message on the channels of
// channels.js, by Node's own util.debuglog. Loaded by channels.js if the variable asks for it.

const { core, process } = require('../core');
const util = core('util');

/** Several copies of the package share the channels, and one log is enough. */
const STARTED = Symbol.for('ferripc.debug');

const LINES = {
  engineStart: ({ file, version, driver }) =>
    `engine start: ${driver} driver, ${version}, ${file ?? 'no binary'}`,
  fallback: ({ error }) => `no binary, the engine is JavaScript: ${error.message}`,
  connecting: ({ retry }) => (retry === 0 ? 'connecting' : `connecting, retry ${retry}`),
  retry: ({ delay, retriesRemaining }) =>
    `retry in ${delay} ms, ${Number.isFinite(retriesRemaining) ? retriesRemaining : 'no limit'} left`,
  destroy: () => 'ended, no retry',
  listening: () => 'listening',
  refuse: ({ maxConnections }) => `connection refused, there are ${maxConnections}`,
  serverClose: () => 'closed',
  open: ({ socket }) => `connection open${remote(socket)}${secured(socket)}`,
  close: ({ socket, hadError }) =>
    `connection closed${hadError ? ' by an error' : ''}${ended(socket)}`,
  sent: (facts) => `sent ${frame(facts)}`,
  received: (facts) => `received ${frame(facts)}`,
  dropped: (facts) =>
    `dropped ${facts.direction === 'out' ? 'outgoing' : 'incoming'} ${frame(facts)}: ${facts.reason}`,
  error: ({ error }) => `error ${error?.code ?? ''} ${error?.message ?? ''}`,
};

/** Message type and size; never what is in it. */
function frame({ type, bytes, socket, peer }) {
  const kind = type === null ? 'bytes' : util.inspect(type, { maxStringLength: 100 });
  const to = peer?.port ? ` (${peer.address}:${peer.port})` : remote(socket);
  return `${kind} ${bytes} B${to}`;
}

function remote(socket) {
  const { remoteAddress, remotePort } = socket ?? {};
  return remoteAddress ? ` (${remoteAddress}:${remotePort})` : '';
}

function secured(socket) {
  if (!socket?.encrypted) return '';
  const belief = socket.authorized ? 'authorized' : 'not authorized';
  return `, ${socket.getProtocol()} ${socket.getCipher()?.name}, peer ${belief}`;
}

function ended(socket) {
  const { bytesRead, bytesWritten } = socket;
  return `, ${bytesRead} B in, ${bytesWritten} B out`;
}

/** `client world /tmp/app.world`, or nothing. */
function owner({ client, server, id, transport, address }) {
  if (!client && !server) return '';
  const shown = typeof id === 'string' ? id : util.inspect(id); // anything may be one
  return `${client ? 'client' : 'server'} ${shown} ${transport} ${address}: `;
}

function start(channels) {
  if (channels.error[STARTED]) return;
  Object.defineProperty(channels.error, STARTED, { value: true });
  const log = util.debuglog('ferripc');
  for (const [name, line] of Object.entries(LINES)) {
    channels[name].subscribe((facts) => {
      const text = `+${(process.uptime() * 1000).toFixed(1)} ${owner(facts)}${line(facts)}`;
      log('%s', text.replace(/[\r\n]+/g, ' '));
    });
  }
}

module.exports = { start };
