'use strict';
// A UDP port that the workers of `node:cluster` share, as those of node:dgram do: the primary binds it once, and each
// worker receives from the same socket, so that each datagram comes to one of them. Used by datagram-socket.js.

const dgram = require('node:dgram');
const engine = require('../engine/engine');
const { codedError } = require('../errors');

/** Has the descriptor from the primary, and tells it when that is not needed any more. */
class Holder extends dgram.Socket {
  #socket;

  /** `socket`: the one that users know. */
  constructor(type, socket) {
    super(type);
    this.#socket = socket;
  }

  /** Called by the worker's `disconnect`, which waits for the callback. */
  close(callback) {
    this.#socket.close(callback);
    return this;
  }

  stop() {
    super.close();
  }

  /** The descriptor, from which nothing is read here. */
  silence() {
    const isState = ({ description }) => description === 'state symbol';
    const state = this[Object.getOwnPropertySymbols(this).find(isState)];
    state?.handle?.recvStop();
    return state?.handle?.fd ?? -1;
  }
}

/**
 * Binds by way of the primary; `done` gets what engine.bind returns, with the `holder`, or `{failure}` with Node's
 * own error. `socket`: the one that users know.
 */
function bind(address, port, framing, socket, done) {
  const holder = new Holder(socket.type, socket);
  let isUp = false;
  const fail = (failed) => {
    holder.stop();
    done(failed);
  };
  holder.on('error', (failure) => {
    if (isUp) socket.emit('error', failure);
    else fail({ failure });
  });
  holder.on('listening', () => {
    isUp = true;
    if (socket._closed) return holder.stop(); // before the primary had answered
    const bound = engine.bindElsewhere(holder, framing, socket) ?? { failure: noDescriptor() };
    return bound.error || bound.failure ? fail(bound) : done({ ...bound, holder });
  });
  holder.bind({ address, port, exclusive: false });
}

function noDescriptor() {
  const reason = 'this runtime gives no descriptor for the socket of a cluster worker';
  return codedError('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', reason);
}

module.exports = { bind };
