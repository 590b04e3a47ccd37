'use strict';
// Who gets a broadcast, by the third argument of `server.broadcast`. Loaded when there is one.

const { answerOf } = require('../arguments');
const { argumentError } = require('../errors');

/**
 * A function that says whether a socket, or on UDP a peer's `{address, port}`, is wanted; null: all are. An argument
 * with neither `except` nor `where` means nothing, as in node-ipc.
 * @throws {TypeError} for others than sockets (peers) in `except`, and `where` that is not a function; by the function, for
 *   `where` that answers later
 */
function recipients({ except, where }, isDatagram) {
  if (isUnset(except) && isUnset(where)) return null;
  if (!isUnset(where) && typeof where !== 'function') {
    throw argumentError('options.where', 'of type function', where);
  }
  const excepted = isUnset(except) ? [] : listOf(except);
  const isExcepted = isDatagram ? (peer) => excepted.some(isSamePeer(peer)) : among(excepted);
  return (one) =>
    !isExcepted(one) && (isUnset(where) || Boolean(answerOf('options.where', where(one))));
}

const isUnset = (value) => value === undefined || value === null;

function listOf(except) {
  const list = typeof except[Symbol.iterator] === 'function' ? [...except] : [except];
  for (const one of list) {
    if (one === null || typeof one !== 'object') {
      throw argumentError('options.except', 'a socket, or several', one);
    }
  }
  return list;
}

function among(list) {
  const set = new Set(list);
  return (one) => set.has(one);
}

/** Peers of a UDP server have an object for each datagram. */
const isSamePeer = (peer) => (other) =>
  other.address === peer.address && Number(other.port) === peer.port;

module.exports = recipients;
