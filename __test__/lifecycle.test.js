'use strict';
// What the library does to the process around it: when it starts something, what keeps the process
// alive, and what is left afterwards (design: lifetimes).

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { createWorld, TRANSPORTS, LARGE } = require('./helpers/world');
const { once, record } = require('./helpers/events');
const { onLinux } = require('./helpers/platform');

const world = createWorld();

onLinux.test(
  'nothing happens at require: no thread, no file, no addon, no look at the network (F18)',
  async () => {
    const { before, after, interfaceCalls } = await world.child('idle.js').next();
    expect(after).toEqual(before);
    expect(interfaceCalls).toBe(0);
    expect(after.addon).toBe(false);
  },
);

test('requiring the package reads five small files: nothing is loaded before it is used', () => {
  const root = path.dirname(require.resolve('..'));
  const script =
    'require(process.argv[1]); console.log(JSON.stringify(Object.keys(require.cache)))';
  const out = execFileSync(process.execPath, ['-e', script, root], { encoding: 'utf8' });
  expect(JSON.parse(out).map((file) => path.relative(root, file).replaceAll('\\', '/'))).toEqual([
    'index.js',
    'src/js/core.js',
    'src/js/node-ipc/ipc.js',
    'src/js/node-ipc/config.js',
    'src/js/sockets/defaults.js',
  ]);
});

test('fake timers that come after require do not matter, though most of it is loaded later', async () => {
  expect(await world.child('fake-timers.js', [world.socketPath()]).next()).toBe('connected');
});

test('CommonJS and ES modules share the singleton (K21)', async () => {
  expect(await world.child('esm.mjs').next()).toEqual({
    singleton: true,
    IPC: true,
    IPCModule: true,
    instance: true,
  });
});

describe('the process ends by itself', () => {
  const ends = { code: 0, signal: null, lines: ['done'], stderr: '' };

  test.each(['complete', 'stop only', 'give up', 'an unreferenced server'])('%s', async (name) => {
    expect(await world.child('life.js', [name, world.socketPath()]).exited).toEqual(ends);
  });

  test.each(['disconnect only', 'disconnect before the connection', 'an unreferenced client'])(
    '%s, though the server goes on',
    async (name) => {
      const place = await world.place('unix');
      await world.serve(place);
      const child = world.child('life.js', [name, place.options.path]);
      expect(await child.exited).toEqual(ends);
    },
  );

  test('after emit and disconnect, but not before 20 MB have left (F6)', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const big = once(server, 'big');
    const child = world.child('life.js', ['emit and disconnect', place.options.path]);
    expect((await big)[0]).toHaveLength(LARGE);
    expect(await child.exited).toEqual(ends);
  });
});

describe('the process stays alive with', () => {
  test.each(['a listening server', 'a server with a client after stop'])('%s', async (name) => {
    const place = await world.place('unix');
    const child = world.child('life.js', [name, place.options.path]);
    await child.next();
    const peer = await world.peer(place);
    if (name.includes('stop')) expect(await child.next()).toBe('stopped');
    for (let i = 0; i < 50; i++) expect((await peer.ask('echo', i)).data).toBe(i);
    expect(child.process.exitCode).toBe(null);
    peer.socket.end();
    if (name.includes('stop')) expect((await child.exited).code).toBe(0);
  });

  test.each(['a connected client', 'an unreferenced client, referenced again'])(
    '%s',
    async (name) => {
      const place = await world.place('unix');
      const raw = await world.rawServer(place);
      const child = world.child('life.js', [name, place.options.path]);
      await child.next();
      const peer = await raw.next();
      for (let i = 0; i < 50; i++) expect((await peer.ask('echo', i)).data).toBe(i);
      expect(child.process.exitCode).toBe(null);
    },
  );
});

const PLAIN = TRANSPORTS.filter((kind) => kind !== 'tls');

describe.each(PLAIN)(
  '%s: process.exit() in a handler, right after an emit, still delivers it',
  (kind) => {
    test.each([10, 100_000])('server, %i characters', async (size) => {
      const place = await world.place(kind);
      const child = world.child('life.js', ['exit after emit', place.options]);
      await child.next();
      const peer = await world.peer(place);
      expect((await peer.ask('quit', size)).data).toHaveLength(size);
      expect((await child.exited).code).toBe(3);
    });

    test.each([10, 100_000])('client, %i characters', async (size) => {
      const place = await world.place(kind);
      const raw = await world.rawServer(place);
      const child = world.child('life.js', ['client exit after emit', place.options]);
      await child.next();
      expect((await (await raw.next()).ask('quit', size)).data).toHaveLength(size);
      expect((await child.exited).code).toBe(3);
    });

    test('client in sync mode, in the handler of connect', async () => {
      const place = await world.place(kind);
      const raw = await world.rawServer(place);
      const child = world.child('life.js', ['exit in connect', place.options]);
      expect(await (await raw.next()).message()).toEqual({ type: 'bye', data: 1 });
      expect((await child.exited).code).toBe(3);
    });
  },
);

test.each(PLAIN)(
  '%s: when somebody emits the event `exit`, everything goes on, and nothing is sent twice',
  async (kind) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const numbers = [];
    server.on('number', ([number]) => numbers.push(number));
    const child = world.child('life.js', ['exit that is none', place.options]);
    await child.next();
    const [socket] = server.sockets;
    const answer = once(server, 'echo');
    server.emit(socket, 'echo', 1);
    await answer;
    expect(numbers).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  },
);

describe('a peer that is killed', () => {
  test('in the middle of its message: an error, then socket.disconnected (F4)', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const events = record(server);
    let socket;
    server.on('x', (data, from) => {
      socket = from;
      socket.pause();
    });
    const paused = once(server, 'x');
    const child = world.child('life.js', ['flood', place.options.path]);
    await Promise.all([paused, child.next()]);
    await child.kill();
    const gone = once(server, 'socket.disconnected');
    socket.resume();
    await gone;
    expect(events.map(([type]) => type)).toEqual([
      'connect',
      'x',
      'error',
      'close',
      'socket.disconnected',
    ]);
    expect(events[2][1]).toMatchObject({ code: 'ERR_FERRIPC_TRUNCATED_MESSAGE' });
    expect(server.sockets).toEqual([]);
  });

  test('a server: the client notices, and finds the next one (K10)', async () => {
    const place = await world.place('unix');
    const first = world.child('listen.js', [place.options.path]);
    await first.next();
    const client = await world.connect(place, { retry: 1 });
    const down = once(client, 'disconnect');
    await first.kill();
    await down;
    const back = once(client, 'connect');
    const second = world.child('listen.js', [place.options.path]);
    await Promise.all([second.next(), back]);
    const answer = once(client, 'echo');
    client.emit('echo', 1);
    expect((await answer)[0]).toBe(1);
  });
});

describe.each(TRANSPORTS)('%s', (kind) => {
  onLinux.test('hundreds of connections leave nothing behind', async () => {
    const { options } = await world.place(kind);
    const runtime = [process.execPath, '--expose-gc'];
    const child = world.child('cycles.js', [kind, options], { runtime });
    const { before, after, rested, end } = await child.next();
    // What was closed last may take a moment to go; a leak would show hundreds of times.
    const few = 10;
    expect(after.files - before.files).toBeLessThan(few);
    expect(after.threads - before.threads).toBeLessThan(few);
    expect(after.exitListeners).toBe(before.exitListeners);
    expect(after.memory - before.memory).toBeLessThan(32 << 20);
    // Stopped and started again many times, and then with nothing open at all.
    expect(end.files - rested.files).toBeLessThan(few);
    expect(end.threads - rested.threads).toBeLessThan(few);
    expect(end.exitListeners).toBe(0);
    expect(end.memory - before.memory).toBeLessThan(32 << 20);
  });
});

describe('jest', () => {
  test('resetModules: a second instance of the package works beside the first', async () => {
    const first = require('..');
    jest.resetModules();
    const second = require('..');
    expect(second).not.toBe(first);

    const path = world.socketPath();
    const server = world.ipc({}, first.IPC);
    server.serve(path);
    await server.server.start();
    const client = world.ipc({}, second.IPC);
    client.connectTo('server', path);
    const arrived = once(server.server, 'x');
    client.of.server.emit('x', 1);
    const [data, socket] = await arrived;
    expect(data).toBe(1);
    const answer = once(client.of.server, 'y');
    server.server.emit(socket, 'y', 2);
    expect((await answer)[0]).toBe(2);
    // The first one ends; the second goes on.
    await server.server.stop({ disconnect: true });
    const again = world.ipc({}, second.IPC);
    again.serve(path);
    const back = once(client.of.server, 'connect');
    await again.server.start();
    await back;
  });

  test.each([1, 2, 3])('the same in isolated modules, turn %i', async () => {
    let module;
    jest.isolateModules(() => {
      module = require('..');
    });
    const path = world.socketPath();
    const ipc = world.ipc({}, module.IPC);
    ipc.serve(path);
    await ipc.server.start();
    ipc.connectTo('server', path);
    const arrived = once(ipc.server, 'x');
    ipc.of.server.emit('x', 1);
    await arrived;
  });
});
