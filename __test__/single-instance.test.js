'use strict';
// `ipc.serveOrConnect`: one server for a path, whoever comes first, and another one when it ends.

const fs = require('node:fs');
const { once } = require('./helpers/events');
const { onNative, onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const reject = (promise) =>
  promise.then(
    () => Promise.reject(new Error('fulfilled')),
    (error) => error,
  );

/** An instance that is closed after the test; `log` has what it was told. */
async function join(path, config, options) {
  const log = [];
  const ipc = world.ipc({ retry: 20, ...config });
  const roles = { onServer: () => log.push('server'), onClient: () => log.push('client') };
  const instance = await ipc.serveOrConnect('app', { path, ...roles, ...options });
  world.after(() => instance.close());
  return { ipc, instance, log };
}

test('the first serves, others are its clients', async () => {
  const path = world.socketPath();
  const heard = [];
  const first = await join(
    path,
    {},
    { onServer: (server) => server.on('n', (n) => heard.push(n)) },
  );
  expect(first.instance.role).toBe('server');
  expect(first.instance.server).toBe(first.ipc.server);
  expect([first.instance.client, first.ipc.of]).toEqual([null, {}]);
  const second = await join(path);
  expect(second.instance.role).toBe('client');
  expect(second.instance.client).toBe(second.ipc.of.app);
  expect([second.instance.server, second.ipc.server]).toEqual([null, false]);
  expect(second.log).toEqual(['client']);
  first.ipc.server.handle('add', (n) => n + 1);
  second.ipc.of.app.emit('n', 1);
  expect(await second.ipc.of.app.request('add', 1)).toBe(2);
  expect(heard).toEqual([1]);
});

test('of many that begin at once, one serves', async () => {
  const path = world.socketPath();
  const all = await Promise.all(Array.from({ length: 10 }, () => join(path)));
  expect(all.map(({ log }) => log.join()).sort()).toEqual([...Array(9).fill('client'), 'server']);
  expect(all.filter(({ instance }) => instance.role === 'server')).toHaveLength(1);
});

test('when the server ends, one of the clients takes over, and the others go to it', async () => {
  const path = world.socketPath();
  const all = [];
  for (let i = 0; i < 4; i++) all.push(await join(path));
  let left = all;
  while (left.length > 1) {
    const server = left.find(({ instance }) => instance.role === 'server');
    left = left.filter((one) => one !== server);
    const again = left.map(({ instance, log }) => {
      const client = instance.client;
      return new Promise((resolve) => {
        client.on('connect', resolve);
        log.push = (...args) => resolve() ?? Array.prototype.push.apply(log, args);
      });
    });
    await server.instance.close();
    expect([server.instance.role, server.instance.server]).toEqual([null, null]);
    await Promise.all(again);
    expect(left.filter(({ instance }) => instance.role === 'server')).toHaveLength(1);
  }
  expect([...left[0].log]).toEqual(['client', 'server']);
  expect(left[0].ipc.of).toEqual({});
  expect(left[0].ipc.server.server.listening).toBe(true);
});

test('who may serve is decided at once, whatever the pause between attempts is', async () => {
  const path = world.socketPath();
  const config = { retry: 600_000 };
  const first = await join(path, config);
  let next;
  const served = new Promise((resolve) => (next = resolve));
  const second = await join(path, config, { onServer: next });
  await first.instance.close();
  expect(await served).toBe(second.instance.server);
});

test('processes: also when the server is killed', async () => {
  const path = world.socketPath();
  const children = Array.from({ length: 4 }, () => world.child('instance.js', [path]));
  const first = await Promise.all(children.map((child) => child.next()));
  let server = children[first.findIndex(({ role }) => role === 'server')];
  expect(first.filter(({ role }) => role === 'server')).toHaveLength(1);
  let left = children;
  while (left.length > 1) {
    left = left.filter((child) => child !== server);
    await server.kill();
    const told = await Promise.all(
      left.map(async (child) => {
        let it;
        do it = await child.next();
        while (it.role === 'client' && it.of === server.process.pid);
        return it;
      }),
    );
    const winners = told.filter(({ role }) => role === 'server');
    expect(winners).toHaveLength(1);
    for (const it of told) expect(it.pid ?? it.of).toBe(winners[0].pid);
    server = left[told.indexOf(winners[0])];
  }
  server.tell('close');
  expect((await server.exited).code).toBe(0);
});

test('a request that may wait reaches the next server', async () => {
  const path = world.socketPath();
  const [one, two, three] = [await join(path), await join(path), await join(path)];
  for (const { ipc, instance } of [two, three]) {
    const { client } = instance;
    client.on('disconnect', () => {
      if (ipc.asked) return;
      ipc.asked = client.request('who', null, { offline: 'wait' }).catch((error) => error.code);
    });
  }
  const answers = new Promise((resolve) => {
    const look = () => (two.ipc.asked && three.ipc.asked ? resolve() : setTimeout(look, 1));
    look();
  });
  for (const { log, ipc } of [two, three]) {
    log.push = () => ipc.server.handle('who', () => 'me'); // onServer
  }
  await one.instance.close();
  await answers;
  // Who took over asked itself in vain.
  const both = await Promise.all([two.ipc.asked, three.ipc.asked]);
  expect(both.sort()).toEqual(['ENOTCONN', 'me']);
});

onUnix.test('takes a dead server’s file, and leaves anything else alone', async () => {
  const path = world.file();
  const dead = world.child('listen.js', [path]);
  await dead.next();
  await dead.kill();
  expect(fs.existsSync(path)).toBe(true);
  expect((await join(path)).instance.role).toBe('server');

  const file = world.file();
  fs.writeFileSync(file, 'precious');
  const ipc = world.ipc({ retry: 1 });
  expect(await reject(ipc.serveOrConnect('x', { path: file }))).toMatchObject({
    code: 'EADDRINUSE',
  });
  expect(fs.readFileSync(file, 'utf8')).toBe('precious');
  expect([ipc.of, ipc.server]).toEqual([{}, false]);
  const nowhere = `${world.tmp()}/nowhere/s`;
  expect(await reject(ipc.serveOrConnect('x', { path: nowhere }))).toMatchObject({
    code: 'ENOENT',
  });
});

test('connects to a server of a program that only serves, and waits behind it', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place);
  const { instance, ipc } = await join(place.options.path, { maxRetries: 0, stopRetrying: true });
  expect(instance.role).toBe('client');
  const hello = once(server, 'hello');
  ipc.of.app.emit('hello', 1);
  expect((await hello)[0]).toBe(1);
  const gone = once(ipc.of.app, 'disconnect');
  await server.stop({ disconnect: true });
  await gone;
  await instance.client?.request('x', 1, { offline: 'wait' }).catch(() => {});
  expect(instance.role).toBe('server');
});

test.each(['is closed', 'is told to disconnect'])(
  'one that %s while it takes over leaves no server',
  async (how) => {
    const path = world.socketPath();
    const first = await join(path);
    const next = await join(path);
    // It has begun to serve when the first one is gone.
    await first.instance.close();
    if (how === 'is closed') await next.instance.close();
    else next.ipc.disconnect('app');
    const all = [await join(path), await join(path)].map(({ instance }) => instance);
    const { server } = all.find(({ role }) => role === 'server');
    server.handle('who', () => 'the server');
    const { client } = all.find((it) => it.server !== server);
    expect(await client.request('who', null, { offline: 'wait' })).toBe('the server');
  },
);

test('config.tls is for networks', async () => {
  const path = world.socketPath();
  const tls = { rejectUnauthorized: false };
  const { instance } = await join(path, { tls });
  instance.server.handle('x', () => 1);
  expect(await (await join(path, { tls })).instance.client.request('x')).toBe(1);
});

onNative.test('the error of one that cannot talk to the server says why', async () => {
  const path = world.socketPath();
  await join(path);
  const failed = world.ipc({ retry: 1, serialization: 'advanced' }).serveOrConnect('app', { path });
  expect(await reject(failed)).toMatchObject({
    code: 'EADDRINUSE',
    cause: { code: 'ERR_FERRIPC_SERIALIZATION' },
  });
});

test('a client that the program disconnects has no role', async () => {
  const path = world.socketPath();
  await join(path);
  const { ipc, instance } = await join(path);
  const destroyed = once(ipc.of.app, 'destroy');
  ipc.disconnect('app');
  expect([instance.role, instance.client]).toEqual([null, null]);
  await destroyed;
  expect([instance.role, instance.client, ipc.of]).toEqual([null, null, {}]);
});

test('a server that the program stops has no role, until it starts it again', async () => {
  const path = world.socketPath();
  const { ipc, instance, log } = await join(path);
  const { server } = instance;
  const over = once(server.server, 'close');
  await server.stop();
  expect([instance.role, instance.server]).toEqual([null, null]);
  await over;
  expect([instance.role, instance.server, ipc.server]).toEqual([null, null, server]);
  await server.start();
  expect([instance.role, instance.server, log]).toEqual(['server', server, ['server']]);
  expect((await join(path)).instance.role).toBe('client');
});

test('a configuration that was spoilt meanwhile is an error, and is looked at again', async () => {
  const path = world.socketPath();
  const { instance } = await join(path);
  let serves;
  const served = new Promise((resolve) => (serves = resolve));
  const { ipc, instance: next } = await join(path, {}, { onServer: serves });
  ipc.config.delimiter = 5;
  const told = new Promise((resolve) => {
    next.client.on('error', ({ message }) => message.includes('delimiter') && resolve());
  });
  await instance.close();
  await told;
  ipc.config.delimiter = '\f';
  await served;
  expect(next.role).toBe('server');
});

test.each([
  ['id', ['']],
  ['id', [5]],
  ['options', ['x', null]],
  ['options', ['x', 5]],
  ['options.path', ['x', { path: 5 }]],
  ['options.path', ['x', { path: '' }]],
  ['options.onServer', ['x', { onServer: 5 }]],
  ['options.onClient', ['x', { onClient: {} }]],
  ['options.onserver', ['x', { onserver: () => {} }]],
])('a wrong %s is a TypeError: %j', async (name, args) => {
  const ipc = world.ipc();
  const error = await reject(ipc.serveOrConnect(...args));
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toContain(name);
});
