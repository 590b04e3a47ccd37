'use strict';
// Objects that tests put in the place of sockets: plain objects, mocks, other streams, or our sockets with replaced
// methods. Messages go around the methods of our own sockets; those of a stand-in are called as node-ipc
// calls them. Used by client.js and server.js.

const { ours } = require('../sockets/own-listeners');
const Socket = require('../sockets/socket');

const { _send: send, write, destroy } = Socket.prototype;

/** Whether messages go to this socket by its `_send`. Asked for each message. */
const sends = (socket) => socket._send === send && (socket.write === write || isEnded(socket));

/** What Node and Deno call the `write` that they give a socket whose peer has ended. */
const AFTER_END = new Set(['writeAfterFIN', '_writeAfterFIN']);
const isEnded = ({ write }) => AFTER_END.has(write.name);

/** Whether this socket can be told to close when everything is sent. */
const closes = (socket) => typeof socket._close === 'function' && socket.destroy === destroy;

/** Tells a socket of a server to close when everything is sent. A promise of its end, if it is ours. */
function close(socket) {
  if (!closes(socket)) return socket.destroy?.();
  if (socket._isOver) return null; // `closed` is earlier: what its end leads to is still to come
  // Before handlers, which may throw.
  const gone = new Promise((resolve) => socket.prependOnceListener('close', ours(resolve)));
  if (!socket.destroyed) socket._close();
  return gone;
}

/**
 * Writes a message, `framed` as the peer is to get it; on UDP to a `peer`. As `emit`, gives no false for a `write`
 * that returns nothing.
 * @throws {TypeError} for a stand-in without `write`, as in node-ipc
 */
const writeTo = (standIn, framed, ...peer) => standIn.write(framed, ...peer) !== false;

/** Whether this is a UDP server's own socket. */
const datagrams = (server) => server._sendTo !== undefined && server.write === undefined;

/** Sends a datagram through a stand-in for the socket of `owner`: by its `write`, or node-ipc 14's `send`. */
function sendTo(owner, framed, peer) {
  const { server } = owner;
  if (server.write !== undefined) return writeTo(server, framed, peer);
  server.send(framed, peer.port, peer.address, (error) => {
    if (error) owner.serverError(error);
  });
  return true;
}

/**
 * The same to all, or to those that `isWanted` accepts: the first of `sockets` is the server's own, unless it has
 * node-ipc 14's `send`.
 */
function sendToAll(owner, framed, isWanted) {
  const { server, sockets } = owner;
  const peers = server.write === undefined ? sockets : sockets.slice(1);
  for (const peer of isWanted === null ? peers : peers.filter(isWanted)) {
    sendTo(owner, framed, peer);
  }
}

module.exports = { close, closes, datagrams, sendTo, sendToAll, sends, writeTo };
