'use strict';
// How connections begin, on either side, where the system's limits or the order of events matter.

const { spawnSync } = require('node:child_process');
const net = require('node:net');
const { KINDS, createWorld } = require('./helpers/world');
const { once, collect, record } = require('./helpers/events');
const { isScript, onLinux, onUnix } = require('./helpers/platform');
const { TRANSPORTS, transport } = require('./helpers/transports');

const world = createWorld();

test('nothing is emitted before the end of the turn in which a program connects', async () => {
  const place = await world.place('unix');
  await world.serve(place);
  const missing = await world.place('unix');
  const early = [];
  const ends = [];
  for (const [at, type] of [
    [place, 'connect'],
    [missing, 'error'],
  ]) {
    let over = false;
    const other = world.dial(at, { stopRetrying: true });
    ends.push(once(other, type));
    other.once(type, () => early.push(!over));
    // All that belongs to this turn.
    process.nextTick(() => Promise.resolve().then(() => process.nextTick(() => (over = true))));
  }
  await Promise.all(ends);
  expect(early).toEqual([false, false]);
});

onUnix.test(
  'with both ends in one process, the server has the socket when the client’s `connect` comes',
  async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    for (let i = 1; i <= 50; i++) {
      const client = world.dial(place, { stopRetrying: true });
      const heard = once(client, 'hello');
      await new Promise((resolve) => {
        client.on('connect', () => {
          server.broadcast('hello', server.sockets.length);
          resolve();
        });
      });
      expect((await heard)[0]).toBe(i);
    }
  },
);

test.each(TRANSPORTS)(
  '%s: with both ends in one process, nothing arrives before its client has heard `connect`',
  async (name) => {
    const end = transport(name, world);
    const place = await end.place();
    const server = await world.serve(place, end.server);
    for (let i = 0; i < 100; i++) {
      const client = world.dial(place, { stopRetrying: true, ...end.client });
      const heard = [];
      client.on('connect', () => heard.push('connect'));
      const arrived = once(server, 'm').then(() => heard.push('arrived'));
      client.emit('m');
      await arrived;
      expect(heard).toEqual(['connect', 'arrived']);
      client.leave();
    }
  },
);

describe.each(KINDS)('%s', (kind) => {
  test.each(['at once', 'in a microtask'])(
    'a socket that is destroyed before `connect`, %s: what was emitted arrives once',
    async (when) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const arrived = [];
      server.on('x', (data) => arrived.push(data));
      const asked = [];
      const all = [collect(server, 'x', 2), once(server, 'end')];
      all.push(new Promise((resolve) => server.handle('ask', (data) => resolve(asked.push(data)))));
      const client = world.dial(place, { retry: 20 });
      client.emit('x', 1);
      client.emit('x', 2);
      const answer = client.request('ask', 3).catch(({ code }) => expect(code).toBe('ECONNRESET'));
      if (when === 'in a microtask') await null;
      client.socket.destroy();
      await once(client, 'connect');
      client.emit('end');
      await Promise.all([...all, answer]);
      expect(arrived).toEqual([1, 2]);
      expect(asked).toEqual([3]);
    },
  );

  // On a Unix socket, a part of it leaves before `connect`: what the system takes.
  describe('more than the system takes, then the socket is destroyed before `connect`', () => {
    const LONG = 'x'.repeat(100_000);

    test('all arrives once, and is counted once', async () => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const arrived = collect(server, 'x', 10);
      const client = world.dial(place, { retry: 20 });
      for (let n = 0; n < 10; n++) client.emit('x', { n, LONG });
      const count = () => {
        const { messagesSent, messagesQueued } = client.stats();
        return messagesSent + messagesQueued;
      };
      expect(count()).toBe(10);
      client.socket.destroy();
      expect(count()).toBe(10);
      await once(client, 'disconnect');
      expect(count()).toBe(10);
      const all = await arrived;
      expect(all.map(({ n }) => n).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const { messagesSent, messagesQueued } = client.stats();
      expect([messagesSent, messagesQueued]).toEqual([10, 0]);
      expect(server.stats().messagesReceived).toBe(10);
    });

    test('so it does if a request among it is given up before the socket has closed', async () => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const arrived = collect(server, 'x', 10);
      // An answer would make TCP reset the connection, and throw away what is on its way.
      server.handle('ask', () => new Promise(() => {}));
      const client = world.dial(place, { retry: 20 });
      const giveUp = new AbortController();
      client.emit('x', { n: 0, LONG });
      const answer = client.request('ask', LONG, { signal: giveUp.signal });
      for (let n = 1; n < 10; n++) client.emit('x', { n, LONG });
      client.socket.destroy();
      giveUp.abort();
      await expect(answer).rejects.toThrow(expect.objectContaining({ code: 'ABORT_ERR' }));
      expect((await arrived).map(({ n }) => n).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test('a request that waited for a connection is asked at most once', async () => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const asked = [];
      server.handle('ask', (data) => asked.push(data));
      const client = await world.connect(place, { retry: 20 });
      const down = once(client, 'disconnect');
      client.socket.destroy();
      await down;
      const code = client.request('ask', 1, { offline: 'wait' }).catch((error) => error.code);
      client.connect();
      const again = once(client, 'disconnect');
      client.socket.destroy();
      await again;
      await once(client, 'connect');
      await client.request('ask', 2);
      expect(['ECONNRESET', 1, 2]).toContain(await code);
      expect(asked.filter((data) => data === 1).length).toBeLessThan(2);
    });
  });
});

// Pipes of Windows promise no order.
onUnix.test(
  'clients that connect in one turn arrive in their order, each with what it emitted before',
  async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const count = 50;
    const arrived = collect(server, 'x', count);
    const expected = [];
    for (let n = 0; n < count; n++) {
      world.dial(place).emit('x', n);
      expected.push(n);
    }
    expect(await arrived).toEqual(expected);
  },
);

onUnix.test(
  'a thousand clients that connect in one turn do so once each, without an error',
  async () => {
    const place = await world.place('unix');
    const child = world.child('crowd.js', [place.options, 1000]);
    const { connects, errors, disconnects, answers } = await child.next();
    expect(connects).toEqual(Array(1000).fill(1));
    expect(answers).toEqual(Array(1000).fill(1));
    expect([errors, disconnects]).toEqual([[], 0]);
  },
);

test.each(KINDS)(
  '%s: what a process says before it ends arrives, though the server greets it in vain',
  async (kind) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    server.on('error', () => {});
    server.on('connect', (socket) => server.emit(socket, 'welcome'));
    const arrived = collect(server, 'x', 3);
    const left = once(server, 'socket.disconnected');
    const say = (n) => `{"type":"x","data":${n}}\f`;
    const script = `
      const socket = require('net').connect(${JSON.stringify(place.options)}, () => {
        socket.write(${JSON.stringify(say(1) + say(2) + say(3))});
        process.exit();
      });`;
    // This waits for its end, so that the server hears of nothing before.
    expect(spawnSync(process.execPath, ['-e', script]).status).toBe(0);
    expect(await arrived).toEqual([1, 2, 3]);
    await left;
  },
);

onUnix.test(
  'what a process says before it ends arrives, though a write to it fails while it is not read from',
  async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const failed = once(server, 'error');
    const greeted = new Promise((resolve) => {
      server.on('connect', (socket) => {
        socket.pause();
        server.emit(socket, 'welcome');
        resolve(socket);
      });
    });
    const arrived = collect(server, 'x', 1);
    const left = once(server, 'socket.disconnected');
    const script = `
      const socket = require('net').connect(${JSON.stringify(place.options)}, () => {
        socket.write('{"type":"x","data":1}\\f');
        process.exit();
      });`;
    expect(spawnSync(process.execPath, ['-e', script]).status).toBe(0);
    const socket = await greeted;
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
    socket.resume();
    expect(await arrived).toEqual([1]);
    expect(await failed).toMatchObject([{ code: 'EPIPE' }]);
    await left;
  },
);

// As programs rely on that do `peers[id] = socket` for a message, and `delete peers[id]` in 'socket.disconnected'.
test.each(KINDS)(
  '%s: that a peer has left is told before what it says when it is back',
  async (kind) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const peers = new Map();
    const events = [];
    server.on('hello', ({ id }, socket) => {
      events.push('hello');
      peers.set(id, socket);
      server.emit(socket, 'welcome');
    });
    server.on('socket.disconnected', (socket, id) => {
      events.push('gone');
      peers.delete(id);
    });
    let client;
    for (let n = 0; n < 5; n++) {
      client?.leave();
      client = world.dial(place);
      client.emit('hello', { id: 'worker' });
      await once(client, 'welcome');
      await new Promise(setImmediate); // a turn of its own, as with programs that wait for something
    }
    expect(events).toEqual(['hello', ...Array(4).fill(['gone', 'hello']).flat()]);
    expect([...peers]).toEqual([['worker', server.sockets[0]]]);
  },
);

onLinux.test('a server that has no room for another connection is waited for', async () => {
  const place = await world.place('unix');
  const child = world.child('blocked.js', [place.options, { maxConnections: 10_000 }]);
  expect(await child.next()).toBe('listening');
  const peer = await world.peer(place);
  peer.send('block', null);
  expect(await child.next()).toBe('blocked');

  let full = null;
  while (full === null) {
    const socket = net.connect(place.options);
    world.after(() => socket.destroy());
    await new Promise((resolve) => {
      socket.once('connect', resolve);
      socket.once('error', (error) => resolve((full = error)));
    });
  }
  expect(full.code).toBe('EAGAIN');

  const client = world.dial(place, { stopRetrying: true });
  const events = record(client);
  const counted = once(client, 'count');
  client.emit('count');
  child.tell('go on');
  expect((await counted)[0]).toBe(0);
  expect(events.map(([type]) => type)).toEqual(['connect', 'count']);
});

onLinux.test('those who wait for a server to have room connect one after the other', async () => {
  const place = await world.place('unix');
  const child = world.child('late-listener.js', place.options);
  expect(await child.next()).toBe('listening');
  const count = 50;
  const clients = [];
  const events = [];
  const expected = [];
  for (let n = 0; n < count; n++) {
    const client = world.dial(place, { maxRetries: 0, linger: 100 });
    client.emit('x', n);
    client.on('error', ({ code }) => events.push([n, code]));
    clients.push(client);
    expected.push(`{"type":"x","data":${n}}\f`);
  }
  const [left] = clients.splice(20, 1);
  expected.splice(20, 1);
  const gone = once(left, 'destroy');
  left.leave(); // holds up nobody, and has no longer to wait than config.linger
  await gone;
  const answered = Promise.all(clients.map((client) => once(client, 'x')));
  child.tell('');
  const order = [];
  for (let n = 1; n < count; n++) order.push(await child.next());
  expect(order).toEqual(expected);
  await answered;
  expect(events).toEqual([[20, 'ETIMEDOUT']]);
});

/** Runs a program with few descriptors. */
const sparing = ['sh', '-c', 'ulimit -n 60 && exec "$0" "$@"', process.execPath];

const values = { ...transport('unix', world), server: { serialization: 'advanced' } };

/** [name, how both ends are made, what a message of a request's form comes to while there is no descriptor] */
const served = [
  ...TRANSPORTS.map((name) => [name, transport(name, world), 'EMFILE']),
  ...(isScript ? [] : [['unix, with values', values, 'ERR_FERRIPC_SERIALIZATION']]),
];

onUnix.test.each(served)(
  '%s: the last descriptor goes to a connection, and then nothing that its peer sends can end the server',
  async (_, end, code) => {
    const place = await end.place();
    const child = world.child('no-descriptors.js', [place.options, end.server, 1], {
      runtime: sparing,
    });
    expect(await child.next()).toBe('listening');
    const peer = await world.peer(place);
    peer.send('ferripc:request', { id: 1, type: 'x' });
    // Not that it cannot accept more: nobody waits.
    expect(await child.next()).toMatchObject(
      code === 'EMFILE' ? { code, syscall: 'open' } : { code },
    );
    if (code !== 'EMFILE') return;
    peer.send('hello', 'world');
    expect(await peer.message()).toEqual({ type: 'hello', data: 'world' });
    child.tell('free');
    while ((await child.next()) !== 'free');
    peer.send('ferripc:request', { id: 2, type: 'x' });
    const answer = await peer.message();
    expect(answer).toMatchObject({ type: 'ferripc:reply', data: { id: 2 } });
  },
);

// Where Node listens, libuv closes the connections that it has no descriptor for: docs/installing.md.
const describeOfUnix = isScript ? describe.skip : onUnix.describe;

describeOfUnix.each(['unix', 'tcp'])('%s: a server without a descriptor to spare', (kind) => {
  test('says so, now and then, and accepts when there is one again', async () => {
    const place = await world.place(kind);
    const child = world.child('no-descriptors.js', [place.options], { runtime: sparing });
    expect(await child.next()).toBe('listening');
    const peer = await world.peer(place);
    const codes = [await child.next(), await child.next(), await child.next()];
    expect(codes.map(({ code }) => code)).toEqual(['EMFILE', 'EMFILE', 'EMFILE']);
    // It tries again after a pause and keeps nobody busy in between.
    expect(codes[2].time - codes[0].time).toBeGreaterThan(100);
    child.tell('free');
    peer.send('hello', 'world');
    expect((await peer.message()).data).toBe('world');
  });
});

onUnix.test(
  'with no descriptor left to begin with, clients and servers report an error each',
  async () => {
    const place = await world.place('unix');
    const child = world.child('none-left.js', [place.path], { runtime: sparing });
    expect(await child.next()).toBe('connect ENOENT');
    expect(await child.next()).toBe('none left');
    const errors = [await child.next(), await child.next(), await child.next()];
    expect(errors.sort()).toEqual(['bind EMFILE', 'connect EMFILE', 'listen EMFILE']);
    expect((await child.exited).code).toBe(0);
  },
);
