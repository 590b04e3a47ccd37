'use strict';

// The one way in which the benchmarks drive a package with node-ipc's API, so that all of them are
// driven alike. Used by peers/ferripc.js, peers/achrinza.js and peers/node-ipc-14.js.

const nodePath = require('path');

const EVENT = 'm';
const SERVER_ID = 'bench';
/** For the uses 'types' and 'listeners'. */
const TYPES = Array.from({ length: 1000 }, (_, i) => `type ${i}`);
const LISTENERS = 100;
/** Instead of node-ipc's 100; more than any workload has. */
const MAX_CONNECTIONS = 100000;

/**
 * @param {() => (object | Promise<object>)} make returns an IPC instance of its own
 * @param {{ rawEncoding?: string, requests?: object }} settings `rawEncoding`: config.encoding for the use 'raw';
 *   `requests`: how questions are asked and answered, for the use 'requests'; `values`: it has the use 'values'
 * @returns {{transports: string[], uses: string[], serve: Function, connect: Function}} see
 *   peers/index.js
 */
function fromIpc(make, { rawEncoding, requests = byHand, values = false } = {}) {
  let shared;
  let clients = 0;

  async function makeInstance(place) {
    const ipc = await make();
    const { config } = ipc;
    config.id = SERVER_ID;
    config.silent = true;
    config.maxConnections = MAX_CONNECTIONS;
    // A sample that cannot connect or loses its connection has failed: no second try may hide it.
    config.stopRetrying = true;
    if (place.kind === 'unix') {
      // node-ipc 14 makes this directory owner-only; the sample's own directory is that already.
      config.socketRoot = nodePath.dirname(place.path) + nodePath.sep;
    }
    if (place.use === 'values') {
      config.serialization = 'advanced';
    }
    if (place.use === 'raw') {
      config.rawBuffer = true;
      config.encoding = rawEncoding ?? config.encoding;
    }
    return ipc;
  }

  /** One instance for a process, with as many clients as are asked for. */
  function instance(place) {
    shared ??= makeInstance(place);
    return shared;
  }

  /** A datagram server that is bound; @achrinza/node-ipc says `start` a moment before that. */
  async function bound(server) {
    try {
      server.server.address();
    } catch {
      await new Promise((resolve) => server.server.once('listening', resolve));
    }
  }

  /** Starts the server that `create(ipc, callback)` makes. */
  async function start(place, create) {
    const ipc = await instance(place);
    await new Promise((resolve, reject) => {
      create(ipc, resolve);
      ipc.server.on('error', reject);
      ipc.server.start();
    });
    if (place.kind === 'udp') {
      await bound(ipc.server);
    }
    return ipc.server;
  }

  function create(ipc, place, port, callback) {
    if (place.kind === 'unix') {
      ipc.serve(place.path, callback);
    } else if (place.kind === 'udp') {
      ipc.serveNet(place.host, port, 'udp4', callback);
    } else {
      if (place.kind === 'tls') {
        ipc.config.tls = { private: place.key, public: place.cert };
      }
      ipc.serveNet(place.host, port, callback);
    }
  }

  async function serve(place, onMessage) {
    const raw = place.use === 'raw';
    const server = await start(place, (ipc, done) => create(ipc, place, place.port, done));
    if (place.use === 'requests') {
      requests.answer(server, onMessage);
    } else if (place.use === 'types') {
      for (const type of TYPES) server.on(type, (data, socket) => onMessage(socket, data));
    } else {
      if (place.use === 'listeners') addListeners(server);
      server.on(raw ? 'data' : EVENT, (data, socket) => onMessage(socket, data));
    }
    return {
      send: raw
        ? (socket, data) => server.emit(socket, data)
        : (socket, data) => server.emit(socket, EVENT, data),
      broadcast: (data) => server.broadcast(EVENT, data),
      close: () => server.stop(),
    };
  }

  /** The other end of UDP is a server, too. */
  async function connectUdp(place, onMessage) {
    const server = await start(place, (ipc, done) => create(ipc, place, place.clientPort, done));
    const other = { address: place.host, port: place.port };
    server.on(EVENT, (data) => onMessage(data));
    return { send: (data) => server.emit(other, EVENT, data), close: () => server.stop() };
  }

  function dial(ipc, id, place) {
    if (place.kind === 'unix') {
      ipc.connectTo(id, place.path);
    } else {
      if (place.kind === 'tls') {
        ipc.config.tls = { trustedConnections: place.ca };
      }
      ipc.connectToNet(id, place.host, place.port);
    }
    return ipc.of[id];
  }

  async function connectStream(place, onMessage) {
    const raw = place.use === 'raw';
    const ipc = await instance(place);
    const id = `${SERVER_ID}-${clients++}`;
    const client = dial(ipc, id, place);
    await new Promise((resolve, reject) => {
      client.on('error', reject);
      client.on('connect', resolve);
    });
    client.on(raw ? 'data' : EVENT, (data) => onMessage(data));
    const close = () => ipc.disconnect(id);
    if (place.use === 'requests') {
      return { request: requests.asker(client), close };
    }
    if (place.use === 'types') {
      let next = 0;
      return { send: (data) => client.emit(TYPES[next++ % TYPES.length], data), close };
    }
    if (!raw) {
      return { send: (data) => client.emit(EVENT, data), close };
    }
    // The emit() of @achrinza/node-ipc answers nothing; its socket, public in all of them, does.
    const { socket } = client;
    return {
      send: (data) => client.emit(data) ?? !socket.writableNeedDrain,
      onDrain: (fn) => socket.on('drain', fn),
      close,
    };
  }

  return {
    transports: ['unix', 'tcp', 'tls', 'udp'],
    uses: [
      'messages',
      'many',
      'broadcast',
      'raw',
      'requests',
      'types',
      'listeners',
      ...(values ? ['values'] : []),
    ],
    serve,
    connect: (place, onMessage) =>
      place.kind === 'udp' ? connectUdp(place, onMessage) : connectStream(place, onMessage),
  };
}

/** All but the one that hears of the messages. */
function addListeners(server) {
  for (let i = 1; i < LISTENERS; i++) server.on(EVENT, ({ seq }) => seq < 0 && server.stop());
}

/** Requests as programs on node-ipc write them: a number for each, and a map of the callers that wait. */
const byHand = {
  answer(server, onMessage) {
    server.on('question', ({ number, data }, socket) => {
      server.emit(socket, 'answer', { number, data: onMessage(socket, data) });
    });
  },
  asker(client) {
    const waiting = new Map();
    let last = 0;
    client.on('answer', ({ number, data }) => {
      const resolve = waiting.get(number);
      waiting.delete(number);
      resolve(data);
    });
    return (data) =>
      new Promise((resolve) => {
        const number = ++last;
        waiting.set(number, resolve);
        client.emit('question', { number, data });
      });
  },
};

/** Those that ferripc has. */
const builtIn = {
  answer: (server, onMessage) => {
    server.handle(EVENT, (data, { socket }) => onMessage(socket, data));
  },
  asker: (client) => (data) => client.request(EVENT, data),
};

module.exports = { builtIn, fromIpc };
