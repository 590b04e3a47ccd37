'use strict';
// What `options.identify` of `join` does: it looks at clients' messages until it has an id for them. Used by cluster.js.

const { answerOf } = require('../arguments');
const { thrownBy } = require('../errors');

/**
 * Calls `identify(socket, type, data)` for each message of a socket of which `isUnknown(socket)`, before handlers get it,
 * and `found(socket, id)` if it gives an id; `failed(error)` hears of what either throws. Returns a function that ends it.
 */
function watchMessages(server, identify, { isUnknown, found, failed }) {
  let isOver = false;
  const before = Object.getOwnPropertyDescriptor(server, '_onMessage');
  const pass = server._onMessage;

  function look(socket, type, data) {
    if (!isOver && !type.startsWith('ferripc:') && isUnknown(socket)) {
      try {
        const id = answerOf('options.identify', identify(socket, type, data));
        if (id !== undefined && id !== null && id !== false) found(socket, id);
      } catch (error) {
        failed(thrownBy('options.identify', error)); // of what a client has sent
      }
    }
    pass.call(server, socket, type, data);
  }

  Object.defineProperty(server, '_onMessage', { configurable: true, writable: true, value: look });
  return () => {
    isOver = true;
    if (server._onMessage !== look) return; // somebody has put something around it
    if (before === undefined) delete server._onMessage;
    else Object.defineProperty(server, '_onMessage', before);
  };
}

module.exports = watchMessages;
