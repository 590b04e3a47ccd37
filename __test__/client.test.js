'use strict';
// A client's life: connecting, what is sent before and after, retries, and its end.

const net = require('node:net');
const { createWorld, TRANSPORTS, LARGE, tcpPlace, freePort } = require('./helpers/world');
const { once, record, collect, counter } = require('./helpers/events');

const world = createWorld();

/** Places by all the ways to name them. */
const NAMES = ['unix', 'tcp', 'localhost'];

async function placeNamed(name) {
  return name === 'localhost' ? tcpPlace('localhost', await freePort()) : world.place(name);
}

const types = (events) => events.map(([type]) => type);

describe.each(NAMES)('%s: connecting', (name) => {
  test("connectTo's callback runs at once, with the instance; emits there arrive (K3)", async () => {
    const place = await placeNamed(name);
    const server = await world.serve(place);
    const arrived = collect(server, 'x', 3);
    const ipc = world.ipc();
    const calls = [];
    place.connectTo(ipc, 'server', function callback(...args) {
      calls.push(args);
      ipc.of.server.on('connect', () => ipc.of.server.emit('x', 3));
      ipc.of.server.emit('x', 1);
    });
    expect(calls).toEqual([[ipc]]);
    ipc.of.server.emit('x', 2);
    expect(await arrived).toEqual([1, 2, 3]);
    expect(ipc.of.server).toMatchObject({
      id: 'server',
      path: place.options.path ?? place.options.host,
      config: ipc.config,
      retriesRemaining: Infinity,
      explicitlyDisconnected: false,
    });
    expect(ipc.of.server.port).toBe(place.options.port);
    expect(ipc.of.server.socket).toBeInstanceOf(net.Socket);
  });

  test('emit, then disconnect: all arrives, then disconnect and destroy (F6, K10)', async () => {
    const place = await placeNamed(name);
    const server = await world.serve(place);
    const arrived = collect(server, 'x', 1000);
    const client = await world.connect(place);
    const events = record(client);
    const types = [];
    client.on('disconnect', () => types.push('disconnect'));
    const destroyed = new Promise((resolve) => client.on('destroy', resolve));
    for (let i = 0; i < 1000; i++) client.emit('x', i);
    client.leave();
    expect(client.emit('x', 'late')).toBe(false);
    expect(await arrived).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    await destroyed;
    expect(types).toEqual(['disconnect']);
    expect(events).toEqual([]); // disconnect drops the wildcard handlers (K12)
    expect(client.explicitlyDisconnected).toBe(true);
  });

  test('emit, then disconnect before the connection is up: all arrives (F6)', async () => {
    const place = await placeNamed(name);
    const server = await world.serve(place);
    const arrived = collect(server, 'x', 100);
    const gone = once(server, 'socket.disconnected');
    const client = world.dial(place);
    for (let i = 0; i < 100; i++) client.emit('x', i);
    client.leave();
    expect(await arrived).toHaveLength(100);
    await gone;
  });

  test('disconnect before the connection is up, with nothing to send (F6, K10)', async () => {
    const place = await placeNamed(name);
    await world.serve(place);
    const client = world.dial(place);
    const connects = counter(client, 'connect');
    const destroyed = once(client, 'destroy');
    client.leave();
    await destroyed;
    expect(connects.count).toBe(0);
  });

  test('20 MB, then disconnect: all arrives (F6)', async () => {
    const place = await placeNamed(name);
    const server = await world.serve(place);
    for (const before of [true, false]) {
      const client = before ? world.dial(place) : await world.connect(place);
      const arrived = once(server, 'big');
      const payload = 'x'.repeat(before ? LARGE / 2 : LARGE);
      client.emit('big', payload);
      client.leave();
      expect((await arrived)[0] === payload).toBe(true);
    }
  });

  test('messages emitted before the server exists arrive once it does (K3)', async () => {
    const place = await placeNamed(name);
    const client = world.dial(place);
    client.emit('x', 1);
    await once(client, 'error');
    client.emit('x', 2);
    const ipc = world.ipc();
    place.serve(ipc);
    const arrived = collect(ipc.server, 'x', 3);
    ipc.server.start();
    await once(client, 'connect');
    client.emit('x', 3);
    expect(await arrived).toEqual([1, 2, 3]);
  });
});

describe.each(TRANSPORTS)('%s: order before the connection', (kind) => {
  test('emits and own writes to the socket stay in order (K3, K4)', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const arrived = collect(server, 'x', 4);
    const client = world.dial(place);
    client.emit('x', 0);
    client.socket.write('{"type":"x","data":1}\f');
    client.emit('x', 2);
    client.socket.write('{"type":"x","data":3}\f');
    expect(await arrived).toEqual([0, 1, 2, 3]);
  });
});

test('more than 16 MiB before the connection is dropped with an error (K3)', async () => {
  const client = world.dial(await world.place('unix'), { maxRetries: 0 });
  const errors = [];
  client.on('error', (error) => errors.push(error.code));
  expect(client.emit('x', 'x'.repeat(16 << 20))).toBe(false);
  expect(errors).toEqual(['ENOBUFS']);
  expect(client.emit('x', 'small')).toBe(true);
  await once(client, 'destroy');
});

describe.each(TRANSPORTS)('%s: ended in the handler of connect', (kind) => {
  test('it has been connected for the server, too', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const heard = record(server);
    const gone = once(server, 'socket.disconnected');
    const failed = once(server, 'error');
    const client = world.dial(place, { maxRetries: 0 });
    client.on('connect', () => client.socket.destroy());
    await Promise.race([gone, failed]);
    expect(types(heard)).toEqual(['connect', 'close', 'socket.disconnected']);
  });
});

// In node-ipc everything goes through `publish`, which programs replace to watch or to hold events.
test.each([true, false])(
  "a server's `publish` of one's own has all events (handlers get them: %s)",
  async (passesOn) => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const heard = record(server);
    const seen = [];
    const { publish } = server;
    const left = new Promise((resolve) => {
      server.publish = function (type, ...args) {
        seen.push(type);
        if (passesOn) publish.call(this, type, ...args);
        if (type === 'close') resolve();
        return this;
      };
    });
    const client = world.dial(place, { maxRetries: 0 });
    client.on('connect', () => client.socket.end());
    await left;
    const all = ['connect', 'socket.disconnected', 'close'];
    expect(seen).toEqual(all);
    expect(types(heard)).toEqual(passesOn ? all : []);
  },
);

describe.each(TRANSPORTS)('%s: retries', (kind) => {
  test.each([0, 1, 3])(
    'maxRetries %i: that many after the first attempt (K10, K11)',
    async (max) => {
      const client = world.dial(await world.place(kind), { maxRetries: max, retry: 1 });
      const events = record(client);
      const remaining = [];
      client.on('error', () => remaining.push(client.retriesRemaining));
      await once(client, 'destroy');
      const attempts = Array.from({ length: max + 1 }, () => ['error', 'disconnect']).flat();
      expect(types(events)).toEqual([...attempts, 'destroy']);
      expect(remaining).toEqual(Array.from({ length: max + 1 }, (_, i) => max - i));
      expect(client.emit('x')).toBe(false); // and does not throw (K8)
    },
  );

  test.each([true, 1, 2000])('stopRetrying %p: one attempt (K11)', async (stopRetrying) => {
    const client = world.dial(await world.place(kind), { stopRetrying });
    const events = record(client);
    await once(client, 'destroy');
    expect(types(events)).toEqual(['error', 'disconnect', 'destroy']);
  });

  test('stopRetrying set in a handler counts at that close (K6, K11)', async () => {
    const client = world.dial(await world.place(kind), { retry: 1, stopRetrying: 0 });
    const events = record(client);
    const errors = counter(client, 'error');
    client.on('error', () => {
      if (errors.count === 3) client.config.stopRetrying = true;
    });
    await once(client, 'destroy');
    expect(types(events).filter((type) => type === 'error')).toHaveLength(3);
  });

  test('every connection is a connect, and resets retriesRemaining (K10, K27)', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place, { maxRetries: 5, retry: 1 });
    const events = record(client);
    for (let i = 0; i < 3; i++) {
      const back = once(client, 'connect');
      (await raw.next()).socket.destroy();
      await back;
      await new Promise(setImmediate);
      expect(client.retriesRemaining).toBe(5);
    }
    expect(types(events)).toEqual(Array(3).fill(['disconnect', 'connect']).flat());
    const peer = await raw.next();
    const message = once(client, 'x'); // the handlers are still there
    peer.send('x', 1);
    expect((await message)[0]).toBe(1);
  });

  test('a message emitted while the connection is down is refused, not kept (K8)', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const down = once(client, 'disconnect');
    (await raw.next()).socket.destroy();
    await down;
    expect(client.emit('lost', 1)).toBe(false);
    await once(client, 'connect');
    client.emit('kept', 2);
    const peer = await raw.next();
    expect(await peer.message()).toEqual({ type: 'kept', data: 2 });
  });

  test('errors are those of net, and Errors of this realm (K10)', async () => {
    const place = await world.place(kind);
    const [expected] = await once(net.connect(place.options), 'error');
    const client = world.dial(place, { maxRetries: 0 });
    const [error] = await once(client, 'error');
    expect(error).toBeInstanceOf(Error);
    expect({ ...error }).toEqual({ ...expected });
    expect(error.message).toBe(expected.message);
    await once(client, 'destroy');
  });

  test('a server that disappears and comes back is found again (K10)', async () => {
    const place = await world.place(kind);
    const first = await world.serve(place);
    const client = await world.connect(place, { retry: 1 });
    const down = once(client, 'disconnect');
    await first.stop({ disconnect: true });
    await down;
    const back = once(client, 'connect');
    const second = await world.serve(place);
    await back;
    client.emit('x', 1);
    expect((await once(second, 'x'))[0]).toBe(1);
  });
});

describe('a second connectTo', () => {
  test('while connected only calls the callback, without arguments (K16)', async () => {
    const place = await world.place('unix');
    await world.serve(place);
    const ipc = world.ipc();
    place.connectTo(ipc, 'server');
    const client = ipc.of.server;
    await once(client, 'connect');
    const events = record(client);
    const calls = [];
    place.connectTo(ipc, 'server', (...args) => calls.push(args));
    expect(calls).toEqual([[]]);
    expect(ipc.of.server).toBe(client);
    client.emit('x');
    expect(events).toEqual([]);
  });

  test('while down replaces the client, and its timer (F8, K16)', async () => {
    const place = await world.place('unix');
    const ipc = world.ipc({ retry: 1 });
    place.connectTo(ipc, 'server');
    const old = ipc.of.server;
    await once(old, 'disconnect');
    const later = record(old);
    place.connectTo(ipc, 'server');
    expect(ipc.of.server).not.toBe(old);
    const connected = once(ipc.of.server, 'connect');
    const host = world.ipc();
    place.serve(host);
    const { server } = host;
    const accepted = once(server, 'connect');
    await server.start();
    await Promise.all([connected, accepted]);
    // The old one had several chances to connect by now, and would be the first of the two.
    expect(server.sockets).toHaveLength(1);
    expect(types(later)).toEqual([]);
  });
});

describe('disconnect', () => {
  test('of an unknown id is nothing; twice, too (K27)', async () => {
    const ipc = world.ipc();
    ipc.disconnect('nobody');
    ipc.disconnect('toString');
    ipc.disconnect(undefined);
    const place = await world.place('unix');
    await world.serve(place);
    place.connectTo(ipc, 'server');
    const destroyed = once(ipc.of.server, 'destroy');
    ipc.disconnect('server');
    ipc.disconnect('server');
    expect(ipc.of).toEqual({});
    await destroyed;
  });

  test.each(['connect', 'x', 'disconnect', 'error', '*'])(
    'inside a %s handler (K27)',
    async (type) => {
      const place = await world.place('unix');
      const server = type === 'error' ? null : await world.serve(place);
      server?.on('connect', (socket) => {
        server.emit(socket, 'x', 1);
        if (type === 'disconnect') socket.end();
      });
      const client = world.dial(place);
      const destroyed = counter(client, 'destroy');
      const calls = counter(client, type);
      client.on(type, () => client.leave());
      await calls.reaches(1);
      if (type !== 'disconnect') await destroyed.reaches(1);
      await new Promise((resolve) => setTimeout(resolve, 30)); // three retries, if there were any
      expect(calls.count).toBe(1);
    },
  );

  test('while waiting to try again leaves no timer (F8)', async () => {
    const client = world.dial(await world.place('unix'), { retry: 1 });
    await once(client, 'disconnect');
    const errors = counter(client, 'error');
    client.leave();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(errors.count).toBe(0);
  });
});
