'use strict';
// Named pipes (K2): how a path becomes the name of a pipe, and on Windows what is particular to them.

const net = require('node:net');
const { createWorld, unixPlace } = require('./helpers/world');
const { once } = require('./helpers/events');
const { onWindows } = require('./helpers/platform');
const { systemPath } = require('../src/js/sockets/paths');

const world = createWorld();

describe('the path that the system gets (K2)', () => {
  test.each([
    ['/tmp/app.world', '\\\\.\\pipe\\tmp-app.world'],
    ['/home/me/.ipc/x', '\\\\.\\pipe\\home-me-.ipc-x'],
    ['app.world', '\\\\.\\pipe\\app.world'],
    ['\\\\.\\pipe\\a/b', '\\\\.\\pipe\\a/b'],
    ['C:\\temp\\app.world', '\\\\.\\pipe\\C:\\temp\\app.world'],
  ])('on Windows: %s', (path, name) => {
    expect(systemPath(path, 'win32')).toBe(name);
    expect(systemPath(path, 'linux')).toBe(path);
  });
});

onWindows.describe('a pipe', () => {
  test('is the same for a path at both ends, and for net (K2)', async () => {
    const path = `/tmp/app.ferripc-test-${process.pid}`;
    const name = `\\\\.\\pipe\\tmp-app.ferripc-test-${process.pid}`;
    const host = world.ipc();
    host.serve(path);
    await host.server.start();
    expect([host.server.path, host.server.server.address()]).toEqual([name, name]);
    const guest = world.ipc();
    guest.connectTo('x', path);
    guest.of.x.emit('from', 'ipc');
    expect((await once(host.server, 'from'))[0]).toBe('ipc');
    const peer = await world.peer(unixPlace(name));
    peer.send('from', 'net');
    expect((await once(host.server, 'from'))[0]).toBe('net');
  });

  test.each([
    ['no server', '\\\\.\\pipe\\ferripc-nobody'],
    ['a name that is too long', `\\\\.\\pipe\\${'x'.repeat(300)}`],
    ['a name with a NUL', '\\\\.\\pipe\\a\0b'],
  ])('errors are those of net: %s (K10)', async (what, path) => {
    const [expected] = await once(net.connect(path), 'error');
    const ipc = world.ipc({ maxRetries: 0 });
    ipc.connectTo('x', path);
    const [error] = await once(ipc.of.x, 'error');
    expect({ ...error }).toEqual({ ...expected });
  });

  test('more clients at once than instances wait for all get through (K2)', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const clients = Array.from({ length: 60 }, () => world.dial(place, { maxRetries: 0 }));
    const answers = clients.map((client) => once(client, 'answer'));
    server.on('ask', (data, socket) => server.emit(socket, 'answer', data));
    clients.forEach((client, n) => client.emit('ask', n));
    const numbers = (await Promise.all(answers)).map(([n]) => n);
    expect(numbers).toEqual(clients.map((client, n) => n));
  });

  test('the end comes after everything that was written before, both ways (F6)', async () => {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    const client = world.dial(place, { maxRetries: 0 });
    const peer = await raw.next();
    peer.socket.pause();
    for (let n = 0; n < 100; n++) client.emit('x', 'x'.repeat(10_000));
    client.leave();
    await new Promise((resolve) => setImmediate(resolve));
    peer.socket.resume();
    for (let n = 0; n < 100; n++) expect((await peer.message()).data).toHaveLength(10_000);
    await peer.closed;
  });

  test('readableAll and writableAll let it open (K23)', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { readableAll: true, writableAll: true });
    const { client } = await world.meet(server, place);
    client.emit('x', 1);
    expect((await once(server, 'x'))[0]).toBe(1);
  });

  test.each([true, 'stale', false])(
    'a taken name is an error as in Node, unlink: %p (F9)',
    async (unlink) => {
      const place = await world.place('unix');
      const first = net.createServer().listen(place.options);
      world.after(() => new Promise((resolve) => first.close(resolve)));
      await once(first, 'listening');
      // Windows refuses, Wine does not.
      const second = net.createServer().listen(place.options);
      const outcome = (server) =>
        new Promise((resolve) => {
          server.once('listening', () => resolve('listening'));
          server.once('error', (error) => resolve({ ...error }));
        });
      const expected = await outcome(second);
      if (expected === 'listening')
        world.after(() => new Promise((resolve) => second.close(resolve)));
      const ipc = world.ipc({ unlink });
      place.serve(ipc);
      const ours = ipc.server.start();
      const got = outcome(ipc.server.server);
      await ours.catch(() => {});
      expect(await got).toEqual(expected);
    },
  );
});
