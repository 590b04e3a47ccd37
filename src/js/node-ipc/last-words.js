'use strict';
// What was sent shortly before `await using` ends a client or a server still reaches its handlers, as far as they are in
// this process. Used by client.js and server.js.
//
// A client ends its side only, and reads on until the server, which has then read everything, has ended the other.
// A server first has the clients of this process do so, which may not even be accepted yet; then it ends its side of all
// other connections, and reads on for a while.

const { clearTimeout, platform, setTimeout } = require('../core');
const { ours } = require('../sockets/own-listeners');
const { LINGER } = require('../sockets/defaults');
const { systemPath } = require('../sockets/paths');

/** Whether one side of its connections can end alone. Those of named pipes cannot. */
const hasHalves = ({ port }) => Boolean(port) || platform !== 'win32';

/** The longest time that a timer takes. */
const LONGEST = 0x7fffffff;

/** Listening servers of this process: where each listens. */
const servers = new Map();
/** Clients of this process that have a socket, connected or on its way. */
const clients = new Set();

/** Servers that still listen for what their clients have sent: the promise that this is over. */
const leaving = new Map();

/** Resolves when no server of this process at this path is about to end. */
const noneLeaves = (path) =>
  Promise.all([...leaving].map(([server, heard]) => server.path === systemPath(path) && heard));

/** What `endOurSide` has returned for a socket. */
const endings = new WeakMap();

/** Who waits for the end of a connection of a server: see `departure`. */
const departures = new Map();

/** The server listens, until the returned function is called. */
function listens(server, address) {
  servers.set(server, address);
  return () => servers.delete(server);
}

function meets({ path, port }, address) {
  if (address === null) return false;
  if (typeof address !== 'string') return address.port === Number(port);
  return !port && typeof path === 'string' && systemPath(path) === address;
}

/** The server of this client, if it seems to be in this process. */
function serverOf(client) {
  for (const [server, address] of servers) if (meets(client, address)) return server;
  return null;
}

const ended = (socket) =>
  new Promise((resolve) =>
    socket.prependOnceListener(
      'close',
      ours(() => resolve()),
    ),
  );

/**
 * Ends this client's side of its connection, and resolves when the other has ended, too, and everything that it had sent
 * was delivered. Closes it if nothing comes or goes for `linger` ms.
 */
function endOurSide(client, socket, linger) {
  if (!endings.has(socket)) endings.set(socket, end(client, socket, linger));
  return endings.get(socket);
}

async function end(client, socket, linger) {
  if (socket._isOver) return;
  const over = ended(socket);
  const server = hasHalves(client) ? null : serverOf(client);
  const heard = server === null ? over : departure(server);
  if (server === null) socket.end();
  else if (!socket.destroyed) socket._close();
  await within(linger, heard, () => socket.bytesRead + socket.bytesWritten);
  if (!socket._isOver && !socket.destroyed) socket._close();
  await over;
}

/**
 * Resolves with `promise`, or when `count` has not changed for `ms`. The time is looked at in two parts, so that a
 * handler which blocks the process for longer does not use up all of it.
 */
function within(ms, promise, count) {
  if (ms === Infinity) return promise;
  return new Promise((resolve) => {
    let timer = null;
    let strikes = 0;
    let before = count();
    const look = () => {
      const now = count();
      strikes = now === before ? strikes + 1 : 0;
      before = now;
      if (strikes === 2) resolve();
      else timer = setTimeout(look, Math.min(ms / 2, LONGEST));
    };
    timer = setTimeout(look, Math.min(ms / 2, LONGEST));
    promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The clients of this process that are connected to this server, or on their way. */
function clientsOf(server) {
  const address = servers.get(server);
  return address === undefined ? [] : [...clients].filter((client) => meets(client, address));
}

/** Resolves when one more connection of the server has ended: each time for whoever has waited longest. */
function departure(server) {
  return new Promise((resolve) => {
    const queue = departures.get(server);
    if (queue !== undefined) {
      queue.push(resolve);
      return;
    }
    const waiting = [resolve];
    departures.set(server, waiting);
    const detach = server._attach({
      down() {
        waiting.shift()();
        if (waiting.length > 0) return;
        departures.delete(server);
        detach();
      },
    });
  });
}

/** Stops listening, and reads what clients have sent before they hear of the end. */
async function hearAll(server, listener, linger) {
  const own = clientsOf(server);
  if (own.length > 0) {
    const heard = Promise.all(own.map((client) => client._endOurSide()));
    leaving.set(server, heard);
    await heard;
    leaving.delete(server);
  }
  listener.close();
  if (!hasHalves(server)) return;
  const over = new Promise((resolve) =>
    listener.once(
      'close',
      ours(() => resolve()),
    ),
  );
  const up = (socket) => {
    if (!socket.destroyed) socket.end?.();
  };
  const detach = server._attach({ up });
  for (const socket of server.sockets) up(socket);
  const limit = new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.min(linger, LINGER));
    over.then(() => clearTimeout(timer));
  });
  await Promise.race([over, limit]);
  detach();
}

module.exports = { clients, endOurSide, hearAll, listens, noneLeaves, serverOf };
