'use strict';
// The scope that handlers run in, by AsyncLocalStorage and async_hooks: that in which the client, the
// server or the socket was made, whoever else uses the package; compared with node:net, node:tls and
// node:dgram.

const {
  AsyncLocalStorage,
  createHook,
  executionAsyncId,
  triggerAsyncId,
} = require('node:async_hooks');
const dgram = require('node:dgram');
const { datagramPeer } = require('./helpers/datagrams');
const { counter, once } = require('./helpers/events');
const { TRANSPORTS, transport } = require('./helpers/transports');
const { createWorld, freePort } = require('./helpers/world');

const world = createWorld();
const storage = new AsyncLocalStorage();

const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;

/** Notes the scopes in which things happen: `{what: [scope, …]}`, each once. */
function notes() {
  const seen = {};
  const note = (what) => {
    const scope = storage.getStore() ?? 'none';
    seen[what] ??= [];
    if (!seen[what].includes(scope)) seen[what].push(scope);
  };
  return { seen, note };
}

function watch(emitter, events, note, prefix = '') {
  storage.run('who adds handlers', () => {
    for (const event of events) emitter.on(event, () => note(prefix + event));
  });
}

const LARGE = 'x'.repeat(4 << 20);

describe.each(TRANSPORTS)('%s', (name) => {
  const on = transport(name, world);

  /** A stranger's clients, connected and in vain, that are busy all the time. */
  async function strangers(at, config) {
    const stranger = await storage.run('a stranger', () => world.connect(at, config));
    const vain = storage.run('a stranger', () => world.dial(world.unused, { retry: 1 }));
    stranger.on('answer', () => stranger.emit('question', 1));
    stranger.emit('question', 1);
    vain.on('error', () => {});
  }

  beforeEach(async () => {
    world.unused = await world.place('unix');
  });

  /** Writes until something has to wait, and waits for it. */
  async function written(socket, note) {
    const drained = once(socket, 'drain');
    const write = () => socket.write(LARGE, () => note('write callback'));
    while (storage.run('writer', write)) await new Promise((resolve) => setImmediate(resolve));
    await drained;
  }

  /** The life of a client's socket, once it is made: what it notes. */
  async function live(socket, up) {
    const { seen, note } = notes();
    watch(socket, [up, 'data', 'end', 'finish', 'close', 'drain', 'timeout'], note);
    await once(socket, up);
    await written(socket, note);
    const idle = once(socket, 'timeout');
    storage.run('who sets the timeout', () => socket.setTimeout(20));
    await idle;
    socket.setTimeout(0);
    const closed = once(socket, 'close');
    storage.run('who ends', () => socket.end('\f', () => note('end callback')));
    await closed;
    return seen;
  }

  test('events of a client’s socket have the scope that they have in Node', async () => {
    const at = await on.place();
    const server = await world.serve(at, { ...on.server, maxMessageBytes: LARGE.length * 2 });
    server.on('connect', (socket) => server.emit(socket, 'hello'));
    server.on('question', (data, socket) => server.emit(socket, 'answer', data));
    await strangers(at, on.client);
    const client = storage.run('client', () =>
      world.dial(at, { ...on.client, stopRetrying: true }),
    );
    const ours = await live(client.socket, 'connect');

    const theirs = await on.place();
    await on.listen(theirs, (socket) => socket.on('data', () => {}).write('hello'));
    const socket = storage.run('client', () => on.dial(theirs));
    const nodes = await live(socket, on.up);
    nodes.connect ??= nodes.secureConnect;
    delete nodes.secureConnect;

    expect(ours).toEqual({
      connect: ['client'],
      data: ['client'],
      drain: ['writer'],
      'write callback': ['writer'],
      timeout: ['who sets the timeout'],
      'end callback': ['who ends'],
      finish: ['who ends'],
      end: ['client'],
      close: ['client'],
    });
    if (name === 'tls') delete nodes.drain; // written in pieces
    if (name === 'tls') delete ours.drain;
    expect(ours).toEqual(nodes);
  });

  test('handlers of a client run in that of `connectTo`', async () => {
    const at = await on.place();
    const { seen, note } = notes();
    const server = await world.serve(at, on.server);
    server.on('question', (data, socket) => server.emit(socket, 'answer', data));
    await strangers(at, on.client);
    const client = storage.run('client', () =>
      world.dial(at, { ...on.client, retry: 1, maxRetries: 3 }),
    );
    watch(client, ['connect', 'answer', 'disconnect', 'destroy', 'error', 'drain'], note);
    watch(client.socket, ['data', 'end', 'close'], note, 'socket ');
    await once(client, 'connect');
    for (let i = 0; i < 5; i++) {
      const answered = once(client, 'answer');
      storage.run('who asks', () => client.emit('question', i));
      await answered;
    }
    const again = once(client, 'connect');
    storage.run('who cuts', () => server.sockets.at(-1).destroy());
    await again;
    const gone = once(client, 'destroy');
    storage.run('who stops', () => server.stop({ disconnect: true }));
    await gone;
    expect(seen).toEqual({
      connect: ['client'],
      answer: ['client'],
      disconnect: ['client'],
      destroy: ['client'],
      error: ['client'],
      'socket data': ['client'],
      'socket end': ['client'],
      'socket close': ['client'],
    });
  });

  test('an attempt that failed, and `ipc.disconnect` by somebody else', async () => {
    const { seen, note } = notes();
    const client = storage.run('client', () => world.dial(world.unused, { retry: 1 }));
    watch(client, ['error', 'disconnect', 'destroy'], note);
    await counter(client, 'error').reaches(3);
    const at = await on.place();
    await world.serve(at, on.server);
    const other = await storage.run('client', () => world.connect(at, on.client));
    watch(other, ['disconnect', 'destroy'], note, 'connected: ');
    const gone = once(other, 'destroy');
    storage.run('who disconnects', () => other.leave());
    await gone;
    expect(seen).toEqual({
      error: ['client'],
      disconnect: ['client'],
      'connected: disconnect': ['client'],
      'connected: destroy': ['client'],
    });
  });

  test('handlers of a server run in that of `start`', async () => {
    const at = await on.place();
    const { seen, note } = notes();
    const server = storage.run('who makes', () => world.host(at, on.server));
    watch(server, ['start', 'connect', 'question', 'socket.disconnected', 'close', 'error'], note);
    server.on('question', (data, socket) => server.emit(socket, 'answer', data));
    server.on('connect', (socket) => watch(socket, ['data', 'end', 'close'], note, 'socket '));
    const started = once(server, 'start');
    storage.run('server', () => server.start());
    watch(server.server, ['listening', 'connection'], note, 'listener ');
    await started;
    await strangers(at, on.client);
    for (let i = 0; i < 3; i++) {
      const socket = storage.run('peer', () => on.dial(at));
      socket.write(frame('question', i) + 'no JSON\f');
      await once(socket, 'data');
      const gone = once(server, 'socket.disconnected');
      socket.end();
      await gone;
    }
    expect(seen).toEqual({
      start: ['server'],
      connect: ['server'],
      question: ['server'],
      error: ['server'],
      close: ['server'],
      'socket.disconnected': ['server'],
      'listener listening': ['server'],
      'listener connection': ['server'],
      'socket data': ['server'],
      'socket end': ['server'],
      'socket close': ['server'],
    });
    // In Node accepted sockets have that of the listener with TLS, and none without.
    const theirs = await on.place();
    const other = notes();
    const accepted = new Promise((resolve) => {
      storage.run('server', () =>
        on.listen(theirs, (socket) => {
          other.note('connection');
          resolve(socket);
          watch(socket, ['data'], other.note);
        }),
      );
    });
    await new Promise((resolve) => setImmediate(resolve));
    on.dial(theirs).write('x');
    await once(await accepted, 'data');
    expect(other.seen).toEqual({
      connection: ['server'],
      data: [name === 'tls' ? 'server' : 'none'],
    });
  });

  test('resources of async_hooks: one for each socket, from its beginning to its end', async () => {
    const made = new Map();
    const destroyed = new Set();
    const hook = createHook({
      init: (id, type, trigger) => made.set(id, { type, trigger }),
      destroy: (id) => destroyed.add(id),
    }).enable();
    world.after(() => hook.disable());
    const at = await on.place();
    const ids = { server: new Set(), client: new Set() };
    const triggers = new Set();
    const server = await world.serve(at, on.server);
    let listening;
    server.on('connect', () => (listening = executionAsyncId()));
    server.on('question', (data, socket) => {
      ids.server.add(executionAsyncId());
      triggers.add(triggerAsyncId());
      server.emit(socket, 'answer', data);
    });
    const client = await world.connect(at, on.client);
    for (const event of ['answer', 'disconnect']) {
      client.on(event, () => ids.client.add(executionAsyncId()));
    }
    for (let i = 0; i < 3; i++) {
      client.emit('question', i);
      await once(client, 'answer');
    }
    const gone = Promise.all([once(client, 'disconnect'), once(server, 'socket.disconnected')]);
    client.leave();
    await gone;
    await server.stop();
    const [accepted] = ids.server;
    const [connected] = ids.client;
    expect([ids.server.size, ids.client.size]).toEqual([1, 1]);
    expect(made.get(accepted).type).toBe('ferripc.Socket');
    expect(made.get(connected).type).toBe('ferripc.Socket');
    expect(made.get(listening).type).toBe('ferripc.Listener');
    expect(made.get(accepted).trigger).toBe(listening);
    expect([...triggers]).toEqual([listening]);
    while (![accepted, connected, listening].every((id) => destroyed.has(id))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const foreign = [...made.values()].filter(({ type }) => /napi|threadsafe|wake/i.test(type));
    expect(foreign).toEqual([]);
  });
});

test('the function that wakes the package is named after it', async () => {
  const { lines } = await world.child('async-types.js', [world.socketPath()]).exited;
  const [[types]] = lines;
  expect(types).toContain('ferripc');
  const own = new Set(['ferripc', 'ferripc.Listener']);
  expect(types.filter((type) => !own.has(type) && !/^[A-Z]/.test(type))).toEqual([]);
});

// jest --detectOpenHandles, for one, names what is left.
test.each(['loop', 'tokio', 'js'])(
  'no resource is left when all has ended, driver %s',
  async (driver) => {
    const env = { FERRIPC_DRIVER: driver === 'loop' ? '' : driver };
    const { lines } = await world.child('async-types.js', [world.socketPath()], { env }).exited;
    const [[, left]] = lines;
    expect(left).toEqual([]);
  },
);

test('udp: handlers run in the scope of `start`, callbacks in that of `send`', async () => {
  const peer = await datagramPeer(world);
  const { seen, note } = notes();
  const ipc = world.ipc();
  ipc.serveNet('127.0.0.1', await freePort(), 'udp4');
  const { server } = ipc;
  watch(server, ['start', 'question', 'connect', 'error', 'socket.disconnected', 'close'], note);
  storage.run('server', () => server.start());
  const socket = server.server;
  watch(socket, ['listening', 'message'], note, 'socket ');
  await once(server, 'start');
  storage.run('a stranger', () => ipc.connectTo('nobody', world.socketPath()));
  for (let i = 0; i < 3; i++) {
    const asked = once(server, 'question');
    await peer.send(server, frame('question', i));
    await asked;
  }
  await peer.send(server, 'no JSON\f');
  await once(server, 'error');
  await new Promise((resolve) =>
    storage.run('sender', () =>
      socket.send('x', peer.port, '127.0.0.1', () => {
        note('send callback');
        resolve();
      }),
    ),
  );
  const closed = once(server, 'close');
  server.stop();
  await closed;
  expect(seen).toEqual({
    start: ['server'],
    connect: ['server'],
    question: ['server'],
    error: ['server'],
    'socket.disconnected': ['server'],
    close: ['server'],
    'socket listening': ['server'],
    'socket message': ['server'],
    'send callback': ['sender'],
  });
  // As in Node, where bind is part of making the socket here.
  const other = notes();
  const nodes = storage.run('server', () => dgram.createSocket('udp4').bind(0, '127.0.0.1'));
  watch(nodes, ['listening', 'message'], other.note, 'socket ');
  await once(nodes, 'listening');
  const sent = new Promise((resolve) =>
    storage.run('sender', () =>
      nodes.send('x', nodes.address().port, '127.0.0.1', () => {
        other.note('send callback');
        resolve();
      }),
    ),
  );
  await Promise.all([once(nodes, 'message'), sent]);
  nodes.close();
  const same = ['socket listening', 'socket message', 'send callback'];
  expect(Object.fromEntries(same.map((what) => [what, seen[what]]))).toEqual(other.seen);
});
