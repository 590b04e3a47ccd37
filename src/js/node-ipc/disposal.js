'use strict';
// `await using` for clients, servers and instances, where the runtime has the symbol. Used by their classes.

/** Makes `await using` wait for what `end`, called on the object, returns. */
function disposeBy(prototype, end) {
  if (Symbol.asyncDispose === undefined) return; // Node before 18.18
  Object.defineProperty(prototype, Symbol.asyncDispose, {
    value: end,
    configurable: true,
    writable: true,
  });
}

/** Ends a client as `ipc.disconnect` does. Resolves when its connection is closed. */
function endClient(client, leave) {
  return new Promise((resolve) => {
    const detach = client._attach({
      over() {
        detach();
        resolve();
      },
    });
    leave();
  });
}

module.exports = { disposeBy, endClient };
