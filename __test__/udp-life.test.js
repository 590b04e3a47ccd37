'use strict';
// The life of a UDP server: start, stop, and the end of its process (F7, F10, F14).

const { createWorld } = require('./helpers/world');
const { once, record } = require('./helpers/events');
const { message, udpOf } = require('./helpers/datagrams');

const world = createWorld();
const { make, serve, peer, place } = udpOf(world);

describe('start', () => {
  test('comes when bound, with the bound address; then connect (F14, K5, K20)', async () => {
    const server = make();
    const events = [];
    server.on('start', (...args) => events.push(['start', ...args]));
    server.on('connect', (...args) => events.push(['connect', ...args]));
    const connected = once(server, 'connect');
    expect(server.server).toBe(false);
    const started = server.start();
    expect(events).toEqual([]);
    expect([server.udp4, server.udp6]).toEqual([true, false]);
    expect(server.start()).toBe(started);
    await started;
    await connected;
    const { address, port } = server.server.address();
    expect(events).toEqual([
      ['start', { address, port }],
      ['connect', server.server],
    ]);
    expect([address, port > 0]).toEqual(['127.0.0.1', true]);
    expect(server.sockets).toEqual([server.server]);
    expect(server.start()).toBe(started);
    expect(events).toHaveLength(2);
  });

  test('comes before the first message, which was waiting', async () => {
    const server = make();
    const events = record(server);
    const done = once(server, 'x');
    server.start();
    const other = await peer();
    await other.send(server, message('x', 1));
    await done;
    expect(events.map(([type]) => type)).toEqual(['start', 'connect', 'x']);
  });

  test('at an address in use: an error event and a rejection, and again later (F10)', async () => {
    const first = await serve();
    const { port } = first.server.address();
    const server = make({}, { port });
    const error = once(server, 'error');
    const inUse = { code: 'EADDRINUSE', syscall: 'bind', address: '127.0.0.1', port };
    await expect(server.start()).rejects.toMatchObject(inUse);
    expect((await error)[0]).toMatchObject(inUse);
    await server.stop();
    await first.stop();
    await server.start();
    expect(server.server.address().port).toBe(port);
  });

  test.each([
    ['an address of the other family', '127.0.0.1', 'udp6', { code: 'EINVAL', syscall: 'bind' }],
    ['an address that is not ours', '192.0.2.1', 'udp4', { code: 'EADDRNOTAVAIL' }],
    ['a name that does not exist', 'nowhere.invalid', 'udp4', { syscall: 'getaddrinfo' }],
  ])('at %s', async (name, host, type, expected) => {
    const server = make({}, { host, type });
    const error = once(server, 'error');
    await expect(server.start()).rejects.toMatchObject(expected);
    expect((await error)[0]).toMatchObject(expected);
    await server.stop();
  });

  test('at ::1 over IPv4 is at 127.0.0.1, as in node-ipc', async () => {
    const server = await serve({}, { host: '::1' });
    expect(server.server.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
  });

  test('what is emitted while the host is looked up is sent when bound', async () => {
    const server = make({}, { host: 'localhost' });
    const other = await peer();
    const started = server.start();
    expect(server.emit(place(other), 'x', 1)).toBe(true);
    await started;
    expect(await other.text()).toBe(message('x', 1));
  });
});

describe('stop (F7)', () => {
  test('sends what was emitted before, reports the end, and frees the address', async () => {
    const server = await serve();
    const { port } = server.server.address();
    const other = await peer();
    const socket = server.server;
    const events = [];
    for (const type of ['socket.disconnected', 'close']) {
      server.on(type, (...args) => events.push([type, ...args]));
    }
    for (let i = 0; i < 20; i++) server.emit(place(other), 'x', i);
    server.emit({ address: 'localhost', port: other.port }, 'last', 1);
    const stopped = server.stop();
    expect(server.emit(place(other), 'late', 1)).toBe(false);
    await stopped;
    for (let i = 0; i < 20; i++) expect(await other.text()).toBe(message('x', i));
    expect(await other.text()).toBe(message('last', 1));
    expect(events).toEqual([
      ['socket.disconnected', socket, false],
      ['close', undefined],
    ]);
    expect(server.sockets).toEqual([]);
    const next = await serve({}, { port });
    expect(next.server.address().port).toBe(port);
  });

  test('at any time and any number of times', async () => {
    const server = make({}, { host: 'localhost' });
    await server.stop();
    const started = server.start();
    await Promise.all([server.stop(), server.stop({ disconnect: true })]);
    await expect(started).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
    await server.start();
    server.server.close();
    await server.stop();
    await server.start();
    await new Promise((resolve) => server.server.close(resolve));
    await server.stop();
  });

  test('in a handler: the rest of the datagram is not delivered', async () => {
    const server = await serve();
    const seen = [];
    server.on('x', (data) => {
      seen.push(data);
      server.stop();
    });
    const closed = once(server, 'close');
    const other = await peer();
    await other.send(server, message('x', 1) + message('x', 2));
    await closed;
    expect(seen).toEqual([1]);
  });
});

describe('the process', () => {
  test.each(['stop', 'unref'])('ends by itself: %s', async (mode) => {
    const { code, lines, stderr } = await world.child('udp.js', [mode]).exited;
    expect({ code, lines, stderr }).toEqual({ code: 0, lines: ['done'], stderr: '' });
  });

  test('sends what was emitted right before process.exit()', async () => {
    const other = await peer();
    const { code } = await world.child('udp.js', ['exit', other.port]).exited;
    expect(code).toBe(3);
    expect(await other.text()).toBe(message('x', 1));
  });

  test('survives workers that are terminated in full traffic', async () => {
    const { code, lines, stderr } = await world.child('udp.js', ['terminate']).exited;
    expect({ code, lines, stderr }).toEqual({ code: 0, lines: ['survived'], stderr: '' });
  });
});
