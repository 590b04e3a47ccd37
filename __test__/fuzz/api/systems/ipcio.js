'use strict';
// Calls of `ferripc/ipcio` for the API fuzz: see ../systems.js.

const { Client, Server } = require('../../../../ipcio');

const COMMANDS = ['a', 'b', 'none', 'handshake', 'error', '', '__proto__'];
const NAMES = ['x', 'y', 'nobody', '', null];
const DATA = [undefined, null, 0, 'text', { list: [1] }, 'l'.repeat(300_000), () => {}, 1n];

const shared = (world, pick) => ({
  socketRoot: world.folder,
  domain: pick(['d', 'd', 'd', 'e']),
  linger: pick([undefined, 50]),
  maxMessageBytes: pick([undefined, undefined, 1000]),
  maxQueuedBytes: pick([undefined, undefined, 1000]),
  warnAtBytes: Infinity,
});

/** What they answer with what is asked; one that throws, and one that answers later. */
const handlers = (world) => ({
  a({ data, socket }) {
    world.adopt('socket', socket);
    world.react();
    return data;
  },
  async b({ data }) {
    world.react();
    await null;
    world.react();
    return data;
  },
});

const message = (pick) => [pick(COMMANDS), pick(DATA)];
const more = (world, pick) => [{ [`c${world.next}`]: pick([() => 1, () => world.react(), 5]) }];

module.exports = {
  server: {
    make: (world, pick) => [
      {
        ...shared(world, pick),
        handshakeTimeout: pick([undefined, 1, 50]),
        maxConnections: pick([undefined, undefined, 1, 2]),
      },
      handlers(world),
    ],
    from: (...args) => new Server(...args),
    events: ['listening', 'connect', 'disconnect', 'error'],
    methods: {
      start: () => [],
      stop: () => [],
      restart: () => [],
      isStarted: () => [],
      emit: (world, pick) => [pick(NAMES), ...message(pick), pick([undefined, null, 'd1'])],
      broadcast: (world, pick) => [...message(pick), pick([undefined, ...NAMES])],
      addHandlers: more,
    },
    extra: {
      // `ready` of one that nobody starts is not to resolve.
      restart(server) {
        if (!server.isStarted()) server.start();
        return server.ready();
      },
    },
    close: (server) => server.stop(),
  },
  client: {
    make: (world, pick) => [
      { ...shared(world, pick), name: pick(['x', 'y', undefined]), reconnectDelay: pick([1, 5]) },
      handlers(world),
    ],
    from: (...args) => new Client(...args),
    events: ['connect', 'disconnect', 'error'],
    methods: {
      connect: () => [],
      disconnect: () => [],
      isConnected: () => [],
      isStarted: () => [],
      send: (world, pick) => [...message(pick), pick([undefined, null, 'd1'])],
      emit: (world, pick) => [pick(NAMES), ...message(pick)],
      broadcast: (world, pick) => message(pick),
      discover: () => [],
      deliver: (world, pick) => [...message(pick), { timeout: pick([0, 1, 50]) }],
      deliverTo: (world, pick) => [pick(NAMES), ...message(pick), { timeout: pick([0, 1, 50]) }],
      addHandlers: more,
    },
    extra: { deliverTo: (client, ...args) => client.deliver(...args) },
    close: (client) => client.disconnect(),
  },
  socket: {
    methods: {
      destroy: () => [],
      end: (world, pick) => pick([[], ['last words']]),
      pause: () => [],
      resume: () => [],
      write: (world, pick) => [pick(['{"command":', 'x', Buffer.alloc(100_000), '}'])],
      writeCommand: (world, pick) => [...message(pick), pick([undefined, () => world.react()])],
      setTimeout: () => [1],
      removeAllListeners: (world, pick) => pick([[], ['close'], ['data'], ['error']]),
    },
    // Node, too, reports whatever is given as an error.
    extra: { destroy: (socket) => socket.destroy() },
    close: (socket) => socket.destroy(),
  },
};
