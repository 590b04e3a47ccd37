'use strict';
// What the API fuzz does: legal calls and odd ones, on whatever is there. Each gets the world of world.js and a call
// of sequence.js, whose numbers `n` and `m` choose among what there is.

const { ownTls } = require('../../helpers/places');
const { burn } = require('../../helpers/thread');
const { ODD } = require('./odd');
const { Thrown } = require('./stage');

const at = (list, n) => list[n % list.length];

const DATA = [
  () => 1,
  () => 'text',
  () => undefined,
  () => ({ id: 'x', list: [1, 2, 3] }),
  () => 'x'.repeat(100_000),
  () => 'x'.repeat(2_000_000),
  () => Buffer.alloc(1000),
  () => Buffer.alloc(400_000, 'v'),
  () => [new Float64Array(40_000), { part: Buffer.alloc(2_000_000) }],
  () => [],
  () => {
    const circle = {};
    return Object.assign(circle, { circle });
  },
  () => 1n,
  () => ({
    toJSON() {
      throw new Thrown('toJSON');
    },
  }),
  () => Symbol('s'),
  () => () => {},
  () => new Proxy({}, {}),
];

/** Of `request`. */
const OPTIONS = [
  () => undefined,
  () => ({ timeout: 1 }),
  () => ({ timeout: 50, offline: 'wait' }),
  () => ({ offline: 'fail' }),
  () => ({ signal: AbortSignal.abort() }),
  () => ({ signal: AbortSignal.timeout(3) }),
  () => ({ timeout: 0 }),
];

/** What answers requests. */
const HANDLERS = [
  (world) => (data) => {
    world.react('asked');
    return data;
  },
  (world) => async (data) => {
    await null;
    world.react('asked');
    return [data];
  },
  () => () => new Promise(() => {}),
  () => () => {
    throw new Thrown('in a handler');
  },
  () => () => Symbol('answer'),
  (world) =>
    (data, { socket, signal }) => {
      signal.addEventListener('abort', () => world.react('given up'));
      socket.destroy();
    },
];

const TYPES = ['a', 'b', 'message', 'error', 'close', 'connect', '*', '', '__proto__'];

const SETTINGS = {
  rawBuffer: [true, false, 1, null],
  sync: [true, false, 'x'],
  encoding: ['utf8', 'hex', 'nonsense', undefined, 5],
  delimiter: ['\f', '\n', '', 'long one', 5, undefined],
  maxMessageBytes: [10, 1000, undefined, 0, 'x', Infinity],
  maxQueuedBytes: [1, 300_000, undefined, -1],
  linger: [0, 50, undefined, 'x'],
  retry: [0, 1, 5, -1, 'x', undefined],
  maxRetries: [0, 1, Infinity, false, 'x', undefined],
  stopRetrying: [true, false, 0, 5],
  maxConnections: [1, 0, 100, undefined, 'x'],
  unlink: [true, false, 'stale', 'x', undefined],
  readableAll: [true, false],
  silent: [true],
  tls: [false, undefined, {}, { rejectUnauthorized: false }, { key: 'x', cert: 'y' }, 5],
  interface: [{}, undefined, { localAddress: '127.0.0.1' }, { family: 4 }, { localPort: 'x' }],
  parser: [undefined, false, 'guarded', 'nonsense', 'raw', {}],
  secureSocketRoot: [undefined, false],
  peerTimeout: [1, undefined, 'x'],
  serialization: ['advanced', 'json', undefined, 'x', 5],
  serializationTimeout: [1, undefined, 0, 'x'],
  offlineQueue: [0, false, 1000, undefined, 'x', -1],
  maxRequests: [1, 0, undefined, 'x'],
  maxBufferedBytes: [1000, undefined, 'x'],
  maxConnectionRate: [1000, undefined, 0, 'x'],
  allowPeer: [
    () => true,
    () => false,
    () => {
      throw new Thrown('allowPeer');
    },
    'x',
    undefined,
  ],
  identifyPeer: [true, false],
  networkPort: ['x', undefined, 1],
  id: ['fuzz', '', undefined],
};

/** Of sockets, which are also those of `net`. */
const OF_SOCKETS = [
  (socket) => socket.destroy(),
  (socket) => socket.destroy(new Thrown('destroyed')),
  (socket) => socket.end(),
  (socket) => socket.end('last words'),
  (socket) => socket.write('x'),
  (socket) => socket.write(Buffer.alloc(300_000)),
  (socket) => socket.write(''),
  (socket) => socket.write('x', 'utf8', () => {}),
  (socket, odd) => socket.write(odd),
  (socket) => socket.pause(),
  (socket) => socket.resume(),
  (socket) => socket.cork(),
  (socket) => socket.uncork(),
  (socket) => socket.setTimeout(1, () => {}),
  (socket) => socket.setTimeout(0),
  (socket, odd) => socket.setTimeout(odd),
  (socket) => socket.setEncoding('utf8'),
  (socket) => socket.setNoDelay(true),
  (socket) => socket.setKeepAlive(true, 1000),
  (socket, odd) => socket.setKeepAlive(odd, odd),
  (socket) => socket.ref(),
  (socket) => socket.unref(),
  (socket) => socket.address(),
  (socket) => socket.read(),
  (socket) => socket.resetAndDestroy?.(),
  (socket) => socket.removeAllListeners(),
  (socket) => socket.on('data', () => {}),
  (socket) => socket.once('close', () => {}),
  (socket) => [socket.bytesRead, socket.bytesWritten, socket.readyState, socket.remoteAddress],
  (socket) => socket.getPeerCertificate?.(),
  (socket) => socket.destroySoon?.(),
  (socket) => socket.send?.('x', 1, '127.0.0.1'),
  (socket) => socket.close?.(),
  (socket) => socket.setBroadcast?.(true),
];

const OF_LISTENERS = [
  (listener) => listener.address(),
  (listener) => listener.close(() => {}),
  (listener) => listener.getConnections?.(() => {}),
  (listener) => listener.ref(),
  (listener) => listener.unref(),
  (listener) => [listener.listening, listener.maxConnections],
  // Node, too, compares it as it is.
  (listener, odd) => typeof odd === 'number' && (listener.maxConnections = odd),
];

/** Name -> `(world, ipc, call)`; what it returns may be a promise. */
const CALLS = {
  serve(world, ipc, { n }) {
    const { kind } = world;
    const path = world.path(n);
    if (kind === 'unix') ipc.serve(path, () => world.react('started'));
    else
      ipc.serveNet('127.0.0.1', '0', kind === 'udp' ? 'udp4' : undefined, () =>
        world.react('started'),
      );
    world.adopt(ipc.server);
  },
  start: (world, ipc) => ipc.server && ipc.server.start(),
  connect(world, ipc, { n, m }) {
    const id = at(['server', 'server', 'other'], m);
    const called = () => {
      world.adopt(ipc.of[id]); // before somebody deletes it
      world.react('connecting');
    };
    if (world.kind === 'unix') ipc.connectTo(id, world.path(n), called);
    else ipc.connectToNet(id, '127.0.0.1', world.port(), called);
  },
  disconnect: (world, ipc, { n }) => ipc.disconnect(at(['server', 'other', 'nobody'], n)),
  stop: (world, ipc, { n }) =>
    ipc.server && ipc.server.stop(at([undefined, { disconnect: true }, {}, null, 5], n)),
  emit(world, ipc, { n, m }) {
    const client = at(Object.values(ipc.of), m);
    return client?.emit(at(TYPES, n), at(DATA, m)());
  },
  answer(world, ipc, { n, m }) {
    const { server } = ipc;
    if (!server) return undefined;
    if (m % 5 === 0) return server.broadcast(at(TYPES, n), at(DATA, m)());
    const to = world.kind === 'udp' ? world.peer(m) : at([...world.sockets, ...server.sockets], m);
    return server.emit(to, at(TYPES, n), at(DATA, n + m)());
  },
  burst(world, ipc, { n }) {
    for (let i = 0; i < 200; i++) for (const client of Object.values(ipc.of)) client.emit('a', n);
  },
  request(world, ipc, { n, m }) {
    const client = at(Object.values(ipc.of), m);
    return client?.request?.(at(TYPES, n), at(DATA, n + m)(), at(OPTIONS, m)());
  },
  ask(world, ipc, { n, m }) {
    const { server } = ipc;
    if (!server) return undefined;
    const to = at([...server.sockets, ...world.sockets], m);
    return server.request?.(to, at(TYPES, n), at(DATA, n + m)(), at(OPTIONS, m)());
  },
  handle(world, ipc, { n, m }) {
    const party = at([ipc.server, ...Object.values(ipc.of)], m);
    const undo = party && party.handle(at(TYPES, n), at(HANDLERS, n + m)(world));
    if (undo && m % 3 === 0) setImmediate(undo);
  },
  async messages(world, ipc, { n, m }) {
    const party = at([ipc.server, ...Object.values(ipc.of)], m);
    if (!party) return;
    for await (const [data] of party.messages(at(TYPES, n), { signal: AbortSignal.timeout(20) }))
      if (world.react('message') || data) break;
  },
  oddRequest(world, ipc, { n, m }) {
    const client = at([...Object.values(ipc.of), ipc.server], m);
    return client && client.request?.(at(ODD, n), at(ODD, m), at(ODD, n + m), at(ODD, n * m));
  },
  oddHandle(world, ipc, { n, m }) {
    const party = at([ipc.server, ...Object.values(ipc.of)], m);
    if (!party) return undefined;
    if (n % 2 === 0) return party.handle(at(ODD, n), at(ODD, m));
    return party.messages(at(ODD, n), at(ODD, m)).return?.();
  },
  oddOptions: (world, ipc, { n, m }) =>
    ipc.server && ipc.server.broadcast('a', 1, { except: at(ODD, n), where: at(ODD, m) }),
  oddEmit(world, ipc, { n, m }) {
    const client = at(Object.values(ipc.of), m);
    client?.emit(at(ODD, n), at(ODD, m));
  },
  oddAnswer: (world, ipc, { n, m }) =>
    ipc.server && ipc.server.emit(at(ODD, n), at(ODD, m), at(ODD, n + m)),
  oddBroadcast: (world, ipc, { n, m }) =>
    ipc.server && ipc.server.broadcast(at(ODD, n), at(ODD, m), at(ODD, n + m)),
  oddServe(world, ipc, { n, m }) {
    // Not on paths or ports that could be somebody else's.
    const odd = at(ODD, n);
    if (typeof odd === 'string' || typeof odd === 'function') return;
    if (odd) ipc.serve(odd, at(ODD, m));
    else ipc.serveNet('127.0.0.1', '0', at(ODD, m), odd);
    world.adopt(ipc.server);
  },
  oddConnect(world, ipc, { n, m }) {
    if (n % 2 === 0) ipc.connectTo(at(ODD, m), world.path(0), at(ODD, n));
    else ipc.connectToNet(at(ODD, m), '127.0.0.1', at(ODD, n + m), at(ODD, n));
    for (const key of Reflect.ownKeys(ipc.of)) world.adopt(ipc.of[key]);
  },
  oddStop: (world, ipc, { n }) => ipc.server && ipc.server.stop(at(ODD, n)),
  oddDisconnect: (world, ipc, { n }) => ipc.disconnect(at(ODD, n)),
  connectAgain: (world, ipc, { m }) => at(Object.values(ipc.of), m)?.connect(),
  flush: (world, ipc) => ipc.flush(),
  flushOne: (world, ipc, { m }) => at(Object.values(ipc.of), m)?.flush?.(),
  stats: (world, ipc) => [
    ipc.stats(),
    ipc.server && ipc.server.stats(),
    ...Object.values(ipc.of).map((it) => it.stats?.()),
  ],
  set(world, ipc, { n, m }) {
    const name = at(Object.keys(SETTINGS), n);
    ipc.config[name] = at(SETTINGS[name], m);
  },
  setOfParty(world, ipc, { n, m }) {
    const party = at([ipc.server, ...Object.values(ipc.of)], n);
    const name = at(Object.keys(SETTINGS), m);
    if (party) party.config[name] = at(SETTINGS[name], n);
  },
  newConfig(world, ipc, { n }) {
    ipc.config = n % 2 === 0 ? {} : { ...ipc.config };
    ipc.config.silent = true;
    ipc.config.retry = 2;
    if (world.kind === 'tls') ipc.config.tls = ownTls();
  },
  socket(world, ipc, { n, m }) {
    const own = Object.values(ipc.of).map((it) => it.socket);
    const socket = at([...world.sockets, ...own, ...(ipc.server ? ipc.server.sockets : [])], m);
    if (socket) at(OF_SOCKETS, n)(socket, at(ODD, n + m));
  },
  listener(world, ipc, { n, m }) {
    if (ipc.server && ipc.server.server) at(OF_LISTENERS, n)(ipc.server.server, at(ODD, m));
  },
  handlers(world, ipc, { n, m }) {
    const party = at([ipc.server, ...Object.values(ipc.of)], m);
    if (!party) return;
    const act = [
      () => party.on('a', () => world.react('a')),
      () => party.once('b', () => world.react('b')),
      () => party.off('a'),
      () => party.off('*', '*'),
      () => party.reset(),
      () => party.publish('a', 1),
      () => party.on(at(ODD, n), at(ODD, m)),
      () => party.off(at(ODD, n), at(ODD, m)),
      () => party.list,
    ];
    at(act, n)();
    world.listen(party);
  },
  queue(world, ipc, { n, m }) {
    const queue = at(Object.values(ipc.of), m)?.queue;
    if (queue)
      at(
        [
          () => queue.clear(),
          () => queue.next(),
          () => (queue.stop = !queue.stop),
          () => queue.add(() => {}),
        ],
        n,
      )();
  },
  fields(world, ipc, { n, m }) {
    const client = at(Object.values(ipc.of), m);
    if (!client) return;
    const name = at(['retriesRemaining', 'explicitlyDisconnected', 'id'], n);
    client[name] = at([0, 3, true, false, undefined, 'x'], m);
  },
  forget(world, ipc, { n }) {
    if (n % 3 === 0) ipc.server = false;
    else if (n % 3 === 1) delete ipc.of.server;
  },
  throws() {
    throw new Thrown('in a handler');
  },
  rejects: async () => {
    await null;
    throw new Thrown('in an async handler');
  },
  later(world, ipc, call) {
    setImmediate(() => world.act(other(call)));
  },
  soon(world, ipc, call) {
    process.nextTick(() => world.act(other(call)));
  },
  micro(world, ipc, call) {
    void Promise.resolve().then(() => world.act(other(call)));
  },
  blocks() {
    burn(3);
  },
};

const NAMES = Object.keys(CALLS);

/** What a call that comes later does: never one that puts it off for ever. */
const other = ({ n, ...rest }) => ({ ...rest, op: at(NAMES, n), n: Math.floor(n / NAMES.length) });

module.exports = { CALLS, NAMES };
