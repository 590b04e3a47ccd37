'use strict';
// What `connectTo` and `connectToNet` return: the promise of a client that is connected. Used by ipc.js.

const { codedError } = require('../errors');

/**
 * Fulfilled with the client at its next connection, at once if it has one; rejected when it gives up, with the error
 * of its last attempt. The rejection needs no handler.
 */
function whenConnected(client) {
  if (typeof client._attach !== 'function' || client._isUp) return Promise.resolve(client);
  const promise = new Promise((resolve, reject) => {
    const detach = client._attach({
      up() {
        detach();
        resolve(client);
      },
      over(error = closedBefore()) {
        detach();
        reject(error);
      },
    });
  });
  return quiet(promise);
}

function closedBefore() {
  return codedError(
    'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
    'The client was disconnected before it had a connection',
  );
}

/** A promise that may be ignored, whatever becomes of it: programs written for node-ipc do not know of it. */
function quiet(promise) {
  promise.catch(() => {});
  return promise;
}

module.exports = { quiet, whenConnected };
