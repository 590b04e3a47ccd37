'use strict';
// How a server stops, with and without its clients, at any moment, and starts again. The rest: server.test.js.

const net = require('node:net');
const { createWorld, TRANSPORTS, LARGE } = require('./helpers/world');
const { once, record, counter } = require('./helpers/events');
const { listenersOf } = require('./helpers/listeners');
const { isPipe, isScript } = require('./helpers/platform');

const world = createWorld();
const { listener, join } = listenersOf(world);

describe.each(TRANSPORTS)('%s: stop', (kind) => {
  /** A server with a client that does not read, and more for it than any system takes; the error that follows. */
  async function withDeafClient(config) {
    const { server, place } = await listener(kind, config);
    await server.start();
    const { peer, socket } = await join(server, place);
    peer.socket.pause();
    // That it is full once does not mean that it finds no more room.
    server.emit(socket, 'x', 'x'.repeat(32 << 20));
    return { server, peer, error: once(server, 'error') };
  }

  test('before start, twice, and after server.server.close (F7, K26)', async () => {
    const { server } = await listener(kind);
    await server.stop();
    await server.stop({ disconnect: true });
    await server.start();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    await server.start();
    await new Promise((resolve) => server.server.close(resolve));
    await server.stop();
    await server.stop({ disconnect: true });
  });

  test('at once after start: start rejects, nothing listens, no start event (F7, F10)', async () => {
    const { server, place } = await listener(kind);
    const events = record(server);
    const started = server.start();
    await server.stop();
    await expect(started).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
    const socket = net.connect(place.options);
    await once(socket, 'error');
    expect(events).toEqual([]);
  });

  test('leaves connected clients alone (K26)', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const { peer, socket } = await join(server, place);
    await server.stop();
    if (!isPipe(kind)) await once(net.connect(place.options), 'error'); // a pipe lives on, busy
    peer.send('x', 1);
    expect((await once(server, 'x'))[1]).toBe(socket);
    server.emit(socket, 'y', 2);
    expect(await peer.message()).toEqual({ type: 'y', data: 2 });
    expect(server.sockets).toEqual([socket]);
    peer.socket.end();
    await once(server, 'socket.disconnected');
  });

  test("'close' of server.server comes after all that have connected, if it is closed meanwhile (K26)", async () => {
    for (let round = 0; round < 5; round++) {
      const { server, place } = await listener(kind);
      await server.start();
      const events = [];
      for (const event of ['connection', 'close']) {
        server.server.on(event, () => events.push(event));
      }
      const closed = once(server.server, 'close');
      const peers = Array.from({ length: 20 }, () => place.dial().on('error', () => {}));
      const gone = peers.map((peer) => new Promise((resolve) => peer.on('close', resolve)));
      for (const peer of peers) peer.on(place.up, () => peer.end()).resume();
      server.server.on('connection', (socket) => socket.end());
      await once(peers[0], 'connect');
      server.server.close();
      await Promise.all([closed, ...gone]);
      expect(events).toEqual([...events.slice(0, -1).fill('connection'), 'close']);
      expect(events).toContain('connection');
    }
  });

  test('with disconnect flushes and closes every client (F7)', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const clients = [];
    for (let i = 0; i < 3; i++) {
      clients.push((await world.meet(server, place, { maxRetries: 0 })).client);
    }
    const payload = 'x'.repeat(LARGE / 4);
    const arrived = clients.map((client) => once(client, 'big'));
    const gone = clients.map((client) => once(client, 'destroy'));
    server.broadcast('big', payload);
    await server.stop({ disconnect: true });
    expect(server.sockets).toEqual([]);
    for (const [data] of await Promise.all(arrived)) expect(data === payload).toBe(true);
    await Promise.all(gone);
  });

  test('with disconnect drops a client that does not read, after the linger time (F7)', async () => {
    const { server, peer, error } = await withDeafClient();
    await server.stop({ disconnect: true });
    expect(server.sockets).toEqual([]);
    expect((await error)[0]).toMatchObject({ code: 'ETIMEDOUT' });
    peer.socket.resume();
    await peer.closed;
  });

  // What the client takes shows in large steps without the native engine: with TLS larger than this.
  const testSteps = isScript && kind === 'tls' ? test.skip : test;
  testSteps(
    'waits as long as a client takes something, longer than the linger time (F7)',
    async () => {
      const linger = 1500;
      const { server, place } = await listener(kind, { linger });
      await server.start();
      const { peer, socket } = await join(server, place);
      let received = 0;
      // A pause after each piece: none as long as the linger time, all together longer.
      peer.socket.removeAllListeners('data').on('data', ({ length }) => {
        received += length;
        peer.socket.pause();
        setTimeout(() => peer.socket.resume(), 25);
      });
      const sent = 6 << 20;
      server.emit(socket, 'x', 'x'.repeat(sent));
      await server.stop({ disconnect: true });
      await peer.closed;
      expect(received).toBeGreaterThan(sent);
    },
  );

  test('with linger 0 gives up at once on a client that does not read (F7)', async () => {
    const { server, error } = await withDeafClient({ linger: 0 });
    await server.stop({ disconnect: true });
    expect((await error)[0]).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('in a handler (F7)', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const { peer, socket } = await join(server, place);
    const stopped = new Promise((resolve) =>
      server.on('quit', () => {
        server.emit(socket, 'bye', 1);
        resolve(server.stop({ disconnect: true }));
      }),
    );
    expect(await peer.ask('quit')).toEqual({ type: 'bye', data: 1 });
    await Promise.all([stopped, peer.closed]);
  });

  test('then start again, on the same object, with the same handlers (F7, K27)', async () => {
    const { server, place } = await listener(kind);
    const starts = counter(server, 'start');
    for (let i = 1; i <= 3; i++) {
      await server.start();
      expect(starts.count).toBe(i);
      const { peer } = await join(server, place);
      peer.send('x', i);
      expect((await once(server, 'x'))[0]).toBe(i);
      await server.stop({ disconnect: true });
      await peer.closed;
      expect(server.server.listening).toBe(false);
    }
  });
});

test.each([
  [{}, 'greeted'],
  [{ disconnect: true }, 'closed'],
])('stop(%j): a client that had just connected is %s (F7, K26)', async (options, outcome) => {
  const args = [world.socketPath(), world.file(), options];
  expect(await world.child('late-client.js', args).next()).toBe(outcome);
});
