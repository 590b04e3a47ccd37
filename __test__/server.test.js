'use strict';
// A server: how it starts, its connections and their limit, permissions, and the net.Server behind it.
// How it stops: server-stop.test.js.

const fs = require('node:fs');
const net = require('node:net');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, counter, collect } = require('./helpers/events');
const { listenersOf } = require('./helpers/listeners');
const { onUnix, testOfTaken } = require('./helpers/platform');

const world = createWorld();
const { listener, join } = listenersOf(world);

describe.each(TRANSPORTS)('%s: start', (kind) => {
  test('serve creates, start listens, the callback is a start handler (K13, K20)', async () => {
    const ipc = world.ipc();
    expect(ipc.server).toBe(false);
    const place = await world.place(kind);
    const calls = [];
    place.serve(ipc, () => calls.push('callback'));
    ipc.server.on('start', () => calls.push('start'));
    expect(ipc.server.server).toBe(false);
    const started = ipc.server.start();
    expect(calls).toEqual([]); // never before start returns
    await started;
    calls.push('resolved');
    expect(calls).toEqual(['callback', 'start', 'resolved']);
  });

  test('the promise of a second start is that of the first (F10)', async () => {
    const { server, place } = await listener(kind);
    const starts = counter(server, 'start');
    const first = server.start();
    expect(server.start()).toBe(first);
    await first;
    expect(server.start()).toBe(first);
    await join(server, place);
    expect(starts.count).toBe(1);
  });

  testOfTaken(kind)(
    'a place that is taken rejects and is an error event, as in Node (F10)',
    async () => {
      const { place } = await listener(kind);
      const taken = net.createServer().listen(place.options);
      world.after(() => new Promise((resolve) => taken.close(resolve)));
      await once(taken, 'listening');
      const second = net.createServer().listen(place.options);
      const [expected] = await once(second, 'error');

      const ipc = world.ipc({ unlink: false });
      place.serve(ipc);
      const starts = counter(ipc.server, 'start');
      const event = once(ipc.server, 'error');
      const error = await ipc.server.start().catch((reason) => reason);
      expect((await event)[0]).toBe(error);
      expect(error).toBeInstanceOf(Error);
      expect({ ...error }).toEqual({ ...expected });
      expect(error.message).toBe(expected.message);
      expect(ipc.server.server.listening).toBe(false);
      expect(starts.count).toBe(0);
    },
  );

  testOfTaken(kind)('a start that failed can be tried again (F10)', async () => {
    const { place, server } = await listener(kind, { unlink: false });
    const taken = net.createServer().listen(place.options);
    await once(taken, 'listening');
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    taken.close();
    await once(taken, 'close');
    await server.start();
    await join(server, place);
  });
});

onUnix.test(
  'a failed start that nobody listens for does not end the process (F10, K8)',
  async () => {
    const path = world.file();
    fs.writeFileSync(path, '');
    const { code, lines, stderr } = await world.child('start-fails.js', [path]).exited;
    expect({ code, lines, stderr }).toEqual({ code: 0, lines: ['alive'], stderr: '' });
  },
);

describe.each(TRANSPORTS)('%s: connections', (kind) => {
  test('socket.disconnected and close name the socket that closed, with its id (F11, K9)', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const joined = [];
    for (let i = 0; i < 4; i++) joined.push(await join(server, place));
    for (const [i, { peer }] of joined.entries()) {
      if (i === 3) break; // that one never says who it is
      peer.send('hello', { id: `client ${i}` });
      await once(server, 'hello');
    }
    for (const i of [2, 0, 3, 1]) {
      const { peer, socket } = joined[i];
      const gone = once(server, 'socket.disconnected');
      peer.socket.end();
      const [closed, id] = await gone;
      expect(closed).toBe(socket);
      expect(id).toBe(i === 3 ? false : `client ${i}`);
      expect(server.sockets).not.toContain(socket);
    }
  });

  test('all closing at once are all named (F11)', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const joined = [];
    for (let i = 0; i < 10; i++) joined.push(await join(server, place));
    const gone = collect(server, 'socket.disconnected', 10);
    for (const { peer } of joined) peer.socket.destroy();
    expect(new Set(await gone)).toEqual(new Set(joined.map(({ socket }) => socket)));
    expect(server.sockets).toEqual([]);
  });

  test('over maxConnections are refused visibly, until there is room (F16, K23)', async () => {
    const { server, place } = await listener(kind, { maxConnections: 2 });
    await server.start();
    const [first] = [await join(server, place), await join(server, place)];
    const error = once(server, 'error');
    const drop = once(server.server, 'drop');
    // As with node:net and node:tls: before a handshake, if there is one.
    const refused = place.dial();
    world.after(() => refused.destroy());
    refused.on('error', () => {});
    await once(refused, 'close');
    expect((await error)[0]).toMatchObject({ code: 'ERR_FERRIPC_MAX_CONNECTIONS' });
    const [peer] = await drop;
    if (kind === 'tcp') {
      expect(peer).toMatchObject({
        localPort: place.options.port,
        remoteAddress: '127.0.0.1',
        remotePort: expect.any(Number),
        remoteFamily: 'IPv4',
      });
    }
    expect(server.sockets).toHaveLength(2);
    first.peer.socket.end();
    await once(server, 'socket.disconnected');
    await join(server, place);
  });

  test('any number come and go, one after the other: only those that are there count (K23)', async () => {
    const { server, place } = await listener(kind, { maxConnections: 2 });
    const errors = counter(server, 'error');
    await server.start();
    const inner = server.server;
    const count = () => new Promise((resolve) => inner.getConnections((_, n) => resolve(n)));
    for (let i = 0; i < 6; i++) {
      const gone = once(server, 'socket.disconnected');
      const { peer, socket } = await join(server, place);
      peer.send('hello', i);
      expect((await once(server, 'hello'))[0]).toBe(i);
      expect(await count()).toBe(1);
      const closed = once(socket, 'close');
      // Either side may be the one that ends it, in either way.
      if (i % 3 === 0) peer.socket.end();
      else if (i % 3 === 1) peer.socket.destroy();
      else socket.destroy();
      await Promise.all([gone, closed, peer.closed]);
      expect(await count()).toBe(0);
      expect(server.sockets).toEqual([]);
    }
    expect(errors.count).toBe(0);
    const called = new Promise((resolve) => inner.close(resolve));
    expect(await called).toBeUndefined();
  });

  test('broadcast reaches all, and is nothing without any (K15)', async () => {
    const { server, place } = await listener(kind);
    expect(server.broadcast('x', 1)).toBe(true);
    await server.start();
    server.broadcast('x', 1);
    const joined = [await join(server, place), await join(server, place)];
    server.broadcast('y', 2);
    for (const { peer } of joined) expect(await peer.message()).toEqual({ type: 'y', data: 2 });
  });
});

onUnix.describe('the mode of the socket file (K23)', () => {
  const all = { readable: 0o444, writable: 0o222 };

  test.each([
    [{}, 0],
    [{ readableAll: true }, all.readable],
    [{ writableAll: true }, all.writable],
    [{ readableAll: true, writableAll: true }, all.readable | all.writable],
  ])('%j adds to what net.Server makes', async (config, added) => {
    const path = world.file();
    const plain = net.createServer().listen(path);
    await once(plain, 'listening');
    const mode = fs.statSync(path).mode & 0o777;
    plain.close();
    await once(plain, 'close');
    for (let i = 0; i < 2; i++) {
      // a fresh file, and a takeover
      const ipc = world.ipc(config);
      ipc.serve(path);
      await ipc.server.start();
      expect(fs.statSync(path).mode & 0o777).toBe(mode | added);
    }
  });
});

describe.each(TRANSPORTS)('%s: server.server (K5)', (kind) => {
  test('is a net.Server', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const inner = server.server;
    expect(inner).toBeInstanceOf(net.Server);
    expect(inner.listening).toBe(true);
    expect(inner.address()).toEqual(
      kind === 'unix'
        ? place.options.path
        : { address: '127.0.0.1', family: 'IPv4', port: place.options.port },
    );
    const { socket } = await join(server, place);
    expect(await new Promise((resolve) => inner.getConnections((e, n) => resolve([e, n])))).toEqual(
      [null, 1],
    );
    expect(inner._connections).toBe(1);
    expect(() => inner.listen(place.options)).toThrow(
      expect.objectContaining({ code: 'ERR_SERVER_ALREADY_LISTEN' }),
    );
    expect(server.sockets).toEqual([socket]);
    expect([server.path, server.port]).toEqual(
      kind === 'unix' ? [place.options.path, undefined] : ['127.0.0.1', place.options.port],
    );
  });

  test('closes when the last connection is gone, once', async () => {
    const { server, place } = await listener(kind);
    await server.start();
    const inner = server.server;
    const { peer } = await join(server, place);
    const closes = counter(inner, 'close');
    const called = new Promise((resolve) => inner.close(resolve));
    expect(inner.listening).toBe(false);
    expect(() => inner.listen(place.options)).toThrow('start()');
    expect(inner.address()).toBe(kind === 'unix' ? place.options.path : null); // as Node's
    await new Promise((resolve) => inner.getConnections(resolve));
    expect(closes.count).toBe(0);
    peer.socket.end();
    expect(await called).toBeUndefined();
    expect(closes.count).toBe(1);
    const error = await new Promise((resolve) => inner.close(resolve));
    expect(error).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
  });

  test('has the events listening and connection', async () => {
    const { server, place } = await listener(kind);
    const started = server.start();
    const listening = once(server.server, 'listening');
    await started;
    await listening;
    const connection = once(server.server, 'connection');
    const { socket } = await join(server, place);
    expect((await connection)[0]).toBe(socket);
  });
});
