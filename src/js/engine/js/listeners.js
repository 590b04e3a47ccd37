'use strict';
// What listens to the sockets of connections. Used by link.js.

/** On its socket: with it the listeners are the same for all connections, of which there may be thousands. */
const LINK = Symbol('link');

/**
 * Has `link.hear(type, it)` called with what comes of `socket`: 'data', 'end', 'error'. Before it destroys itself for an
 * error, `link.outlives(error)` says whether it stays.
 */
function listen(socket, link) {
  socket[LINK] = link;
  socket.destroy = destroy;
  socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onEnd);
}

function onData(bytes) {
  this[LINK].hear('data', bytes);
}

function onEnd() {
  this[LINK].hear('end');
}

function onError(error) {
  this[LINK].hear('error', error);
}

/** In the place of the method of its class, until it is destroyed. */
function destroy(error, callback) {
  if (error && !this.destroyed && this[LINK].outlives(error)) return this;
  delete this.destroy;
  return this.destroy(error, callback);
}

module.exports = { listen };
