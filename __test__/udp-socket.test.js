'use strict';
// `server.server` of a UDP server: what a dgram.Socket answers (K5).

const dgram = require('node:dgram');
const { createWorld } = require('./helpers/world');
const { once } = require('./helpers/events');
const { datagramPeer, hasIPv6, message } = require('./helpers/datagrams');
const { thrownBy } = require('./helpers/thrown');

const world = createWorld();

async function serve(config, host = '127.0.0.1', type = 'udp4') {
  const ipc = world.ipc(config);
  ipc.serveNet(host, '0', type);
  await ipc.server.start();
  const { server } = ipc;
  return { server, socket: server.server };
}

test('it is a dgram.Socket without a handle, and has every method itself', async () => {
  const { socket } = await serve();
  expect(socket).toBeInstanceOf(dgram.Socket);
  expect(socket.type).toBe('udp4');
  const own = new Set();
  let at = Object.getPrototypeOf(socket);
  for (; at !== dgram.Socket.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) own.add(key);
  }
  expect(Reflect.ownKeys(dgram.Socket.prototype).filter((key) => !own.has(key))).toEqual([]);
  expect(socket._handle).toBe(null);
  expect(socket.constructor.name).toBe(dgram.Socket.name);
});

test('address, while it is bound', async () => {
  const { server, socket } = await serve();
  expect(socket.address()).toEqual({
    address: '127.0.0.1',
    family: 'IPv4',
    port: expect.any(Number),
  });
  await server.stop();
  expect(() => socket.address()).toThrow(
    expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }),
  );
});

test("events: 'listening', 'close'; 'error' is the server's", async () => {
  const ipc = world.ipc();
  ipc.serveNet('127.0.0.1', '0', 'udp4');
  ipc.server.start();
  const socket = ipc.server.server;
  await once(socket, 'listening');
  const error = once(socket, 'error');
  const published = once(ipc.server, 'error');
  ipc.server.emit({ address: '127.0.0.1', port: 1 }, 'x', 'x'.repeat(70_000));
  expect((await published)[0]).toBe((await error)[0]);
  const closed = once(socket, 'close');
  const called = new Promise((resolve) => socket.close(resolve));
  await Promise.all([closed, called]);
  await new Promise((resolve) => socket.close(resolve)); // twice (K26)
});

describe("'message'", () => {
  test('has the bytes and rinfo of every datagram, before its messages', async () => {
    const { server, socket } = await serve();
    const other = await datagramPeer(world);
    const first = once(server, 'x');
    await other.send(server, message('x', 0)); // no server listens yet
    await first;
    const events = [];
    const listen = (bytes, rinfo) => events.push(['message', bytes.toString(), rinfo]);
    socket.on('message', listen);
    server.on('x', (data) => events.push(['x', data]));
    // The engine hears of the listener after what has already been received.
    const seen = once(socket, 'message');
    const again = setInterval(() => other.send(server, message('x', 1)), 5);
    await seen;
    clearInterval(again);
    const done = once(server, 'end');
    await other.send(server, message('end'));
    await done;
    const at = events.findIndex(([type]) => type === 'message');
    const size = message('x', 1).length;
    expect(events.slice(at, at + 2)).toEqual([
      [
        'message',
        message('x', 1),
        { address: '127.0.0.1', family: 'IPv4', port: other.port, size },
      ],
      ['x', 1],
    ]);
    expect(events.at(-1)[1]).toBe(message('end'));
    socket.off('message', listen);
    const count = events.length;
    const last = once(server, 'x');
    await other.send(server, message('x', 2));
    await last;
    expect(events.slice(count)).toEqual([['x', 2]]);
  });

  test('in raw mode, too', async () => {
    const { server, socket } = await serve({ rawBuffer: true });
    const other = await datagramPeer(world);
    const events = [];
    socket.prependListener('message', (bytes) => events.push(['message', bytes]));
    server.on('data', (bytes) => events.push(['data', bytes]));
    const data = once(server, 'data');
    const bytes = Buffer.from([0, 255]);
    await other.send(server, bytes);
    await data;
    expect(events).toEqual([
      ['message', bytes],
      ['data', bytes],
    ]);
  });
});

describe('send', () => {
  const bytes = Buffer.from('abcdef');

  test.each([
    ['bytes', (socket, port) => socket.send(bytes, port, '127.0.0.1'), 'abcdef'],
    ['no address', (socket, port) => socket.send(bytes, port), 'abcdef'],
    ['a string', (socket, port) => socket.send('é', port, 'localhost'), 'é'],
    ['a list', (socket, port) => socket.send(['a', bytes, new Uint8Array([98])], port), 'aabcdefb'],
    ['a slice', (socket, port) => socket.send(bytes, 1, 3, port, '127.0.0.1'), 'bcd'],
    ['a slice to no address', (socket, port) => socket.send(bytes, 2, 2, port), 'cd'],
    ['the old name', (socket, port) => socket.sendto(bytes, 0, 2, port, '127.0.0.1'), 'ab'],
  ])('%s', async (name, send, expected) => {
    const { socket } = await serve();
    const other = await datagramPeer(world);
    send(socket, other.port);
    expect(await other.text()).toBe(expected);
  });

  test('after what was emitted before it', async () => {
    const { server, socket } = await serve();
    const other = await datagramPeer(world);
    server.emit({ address: '127.0.0.1', port: other.port }, 'x', 1);
    await new Promise((resolve) => socket.send('raw', other.port, resolve));
    expect([await other.text(), await other.text()]).toEqual([message('x', 1), 'raw']);
  });

  test('reports its result to its callback, instead of an error event', async () => {
    const { server, socket } = await serve();
    const errors = [];
    server.on('error', (error) => errors.push(error));
    const other = await datagramPeer(world);
    const sent = (...args) => new Promise((resolve) => socket.send(...args, (...r) => resolve(r)));
    expect(await sent('abc', other.port)).toEqual([null, 3]);
    expect(await sent(Buffer.alloc(70_000), other.port)).toEqual([
      expect.objectContaining({ code: 'EMSGSIZE', syscall: 'send', port: other.port }),
    ]);
    expect(await sent('abc', 1, 'does-not-exist.invalid')).toEqual([
      expect.objectContaining({ syscall: 'getaddrinfo' }),
    ]);
    expect(errors).toEqual([]);
    const failed = once(server, 'error');
    socket.send(Buffer.alloc(70_000), other.port);
    expect((await failed)[0].code).toBe('EMSGSIZE');
  });

  test.each([
    ['msg', (socket) => socket.send(5, 1)],
    ['port', (socket) => socket.send('x', 0)],
    ['port', (socket) => socket.send('x')],
    ['address', (socket) => socket.send('x', 1, 5)],
    ['length', (socket) => socket.send('x', 0, 2, 1)],
  ])('of a wrong %s throws', async (name, send) => {
    const { socket } = await serve();
    expect(() => send(socket)).toThrow(`"${name}"`);
  });

  test('once it is closed throws ERR_SOCKET_DGRAM_NOT_RUNNING', async () => {
    const { server, socket } = await serve();
    await server.stop();
    const code = 'ERR_SOCKET_DGRAM_NOT_RUNNING';
    expect(() => socket.send('x', 1)).toThrow(expect.objectContaining({ code }));
    expect(() => socket.setTTL(1)).toThrow(expect.objectContaining({ code }));
  });
});

describe('options', () => {
  test('buffer sizes, as the system tells them', async () => {
    const { socket } = await serve();
    const plain = (await datagramPeer(world)).socket;
    for (const which of ['RecvBufferSize', 'SendBufferSize']) {
      socket[`set${which}`](20_000);
      plain[`set${which}`](20_000);
      expect(socket[`get${which}`]()).toBe(plain[`get${which}`]());
    }
    expect([socket.getSendQueueSize(), socket.getSendQueueCount()]).toEqual([0, 0]);
  });

  test('setBroadcast: a broadcast address is not refused any more', async () => {
    const { socket } = await serve();
    const sent = () => new Promise((resolve) => socket.send('x', 9, '127.255.255.255', resolve));
    expect(await sent()).toMatchObject({ code: 'EACCES' });
    socket.setBroadcast(true);
    expect(await sent()).toBe(null);
  });

  test.each(['setTTL', 'setMulticastTTL'])('%s', async (method) => {
    const { socket } = await serve();
    expect(socket[method](16)).toBe(16);
    expect(() => socket[method](300)).toThrow(
      expect.objectContaining({ code: 'EINVAL', syscall: method }),
    );
    expect(() => socket[method]('x')).toThrow(TypeError);
  });

  test('multicast: a group is joined and left, with a loop back to ourselves', async () => {
    const { server, socket } = await serve({}, '0.0.0.0');
    const { port } = socket.address();
    const group = '239.255.43.21';
    socket.addMembership(group, '127.0.0.1');
    socket.setMulticastInterface('127.0.0.1');
    expect(socket.setMulticastLoopback(true)).toBe(true);
    const seen = once(server, 'x');
    server.emit({ address: group, port }, 'x', 1);
    expect((await seen)[0]).toBe(1);
    socket.dropMembership(group, '127.0.0.1');
    const leave = (from) => thrownBy(() => from.dropMembership(group, '127.0.0.1'));
    const { code } = leave((await datagramPeer(world)).socket); // systems differ
    expect(leave(socket)).toMatchObject({ code, syscall: 'dropMembership' });
    socket.addSourceSpecificMembership('127.0.0.1', '232.1.2.3', '127.0.0.1');
    socket.dropSourceSpecificMembership('127.0.0.1', '232.1.2.3', '127.0.0.1');
    expect(() => socket.addMembership('nobody')).toThrow(TypeError);
  });

  test('IPv6: hops, and interfaces by their zone', async () => {
    if (!(await hasIPv6())) return;
    const { socket } = await serve({}, '::1', 'udp6');
    expect(socket.setTTL(3)).toBe(3);
    socket.setMulticastTTL(3);
    socket.setMulticastLoopback(false);
    socket.addMembership('ff02::1234', '::%1');
    socket.dropMembership('ff02::1234', '::%1');
    const leaveBy = (from) => thrownBy(() => from.setMulticastInterface('::%1'))?.code;
    const plain = (await datagramPeer(world, { type: 'udp6' })).socket;
    expect(leaveBy(socket)).toBe(leaveBy(plain)); // an emulated system may not have it
  });
});

test.each([
  ['bind', 'ERR_SOCKET_ALREADY_BOUND'],
  ['bindSync', 'ERR_SOCKET_ALREADY_BOUND'],
  ['connect', 'ERR_METHOD_NOT_IMPLEMENTED'],
  ['disconnect', 'ERR_SOCKET_DGRAM_NOT_CONNECTED'],
  ['remoteAddress', 'ERR_SOCKET_DGRAM_NOT_CONNECTED'],
])('%s is refused: %s', async (method, code) => {
  const { socket } = await serve();
  expect(() => socket[method](1)).toThrow(expect.objectContaining({ code }));
});
