'use strict';
// A server on a transport, and peers that join it, for the suites of a server's life: server.test.js, server-stop.test.js.

const { once } = require('./events');

/** The helpers for `world`, which takes them away after the test. */
function listenersOf(world) {
  /** A server on a transport, not yet started. */
  async function listener(kind, config) {
    const place = await world.place(kind);
    const ipc = world.ipc(config);
    place.serve(ipc);
    return { place, ipc, server: ipc.server };
  }

  /** A peer that has connected, and the server's socket for it. */
  async function join(server, place) {
    const connected = once(server, 'connect');
    const peer = await world.peer(place);
    return { peer, socket: (await connected)[0] };
  }

  return { listener, join };
}

module.exports = { listenersOf };
