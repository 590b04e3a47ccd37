'use strict';
// The end of a client that somebody waits for. Used by client.js.

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

module.exports = { endClient };
