'use strict';
// What a UDP server sends: to whom it broadcasts, which names it looks up, and what cannot be sent (K15, F14).

const dns = require('node:dns');
const { createWorld } = require('./helpers/world');
const core = require('../src/js/core');
const { once } = require('./helpers/events');
const { MOST, errorsOf, message, udpOf } = require('./helpers/datagrams');

const world = createWorld();
const { make, serve, peer, place } = udpOf(world);

afterEach(() => jest.restoreAllMocks());

describe('broadcast (K15, F14)', () => {
  async function heard(server, ...others) {
    for (const other of others) {
      const hello = once(server, 'hello');
      await other.send(server, message('hello'));
      await hello;
    }
  }

  test('reaches whoever has sent something, also by an emit without address or port', async () => {
    const server = await serve();
    const [one, two, silent] = [await peer(), await peer(), await peer()];
    expect(server.broadcast('x', 0)).toBe(true); // to nobody
    await heard(server, one, two, one);
    server.broadcast('x', 1);
    for (const to of [{}, { address: '127.0.0.1' }, { port: 1 }, server.sockets[0]]) {
      server.emit(to, 'x', 2);
    }
    for (const other of [one, two, silent]) server.emit(place(other), 'end');
    const all = [message('x', 1), ...Array(4).fill(message('x', 2))];
    expect(await one.until(message('end', {}))).toEqual(all);
    expect(await two.until(message('end', {}))).toEqual(all);
    expect(await silent.until(message('end', {}))).toEqual([]);
  });

  /** Sets the clock by which peers are remembered. */
  const setClock = (ms) => jest.spyOn(core, 'clock').mockReturnValue(ms);

  test('no more after config.peerTimeout ms of silence; live (K6)', async () => {
    setClock(0);
    const server = await serve();
    const [old, young] = [await peer(), await peer()];
    await heard(server, old);
    setClock(200_000);
    await heard(server, young);
    setClock(300_000);
    server.broadcast('x', 1);
    setClock(300_001);
    server.broadcast('x', 2);
    await heard(server, old); // as new
    server.broadcast('x', 3);
    server.config.peerTimeout = 10;
    server.broadcast('x', 4);
    for (const other of [old, young]) server.emit(place(other), 'end');
    const sent = (...list) => list.map((n) => message('x', n));
    expect(await old.until(message('end', {}))).toEqual(sent(1, 3, 4));
    expect(await young.until(message('end', {}))).toEqual(sent(1, 2, 3));
  });

  test('to the 1024 peers that were heard last', async () => {
    const server = await serve();
    const [first, second] = [await peer(), await peer()];
    await heard(server, first, second);
    for (let i = 0; i < 1022; i++) {
      // Addresses, since the ports of closed sockets come again.
      const other = await peer({ address: `127.1.${i >> 8}.${i & 255}` });
      await heard(server, other);
      other.socket.close();
    }
    await heard(server, first); // the second is now the oldest
    const last = await peer();
    await heard(server, last);
    server.broadcast('x', 1);
    for (const other of [first, second, last]) server.emit(place(other), 'end');
    expect(await first.until(message('end', {}))).toEqual([message('x', 1)]);
    expect(await second.until(message('end', {}))).toEqual([]);
    expect(await last.until(message('end', {}))).toEqual([message('x', 1)]);
  });
});

describe('what cannot be sent is an error event (F14)', () => {
  test('over the limit of a datagram: EMSGSIZE, and the next one goes', async () => {
    const server = await serve();
    const other = await peer();
    const error = once(server, 'error');
    server.emit(place(other), 'x', 1);
    server.emit(place(other), 'big', 'x'.repeat(MOST));
    server.emit(place(other), 'x', 2);
    expect((await error)[0]).toMatchObject({
      code: 'EMSGSIZE',
      syscall: 'send',
      address: '127.0.0.1',
      port: other.port,
    });
    expect([await other.text(), await other.text()]).toEqual([message('x', 1), message('x', 2)]);
  });

  test('to a port that nobody listens on: nothing happens', async () => {
    const server = await serve();
    const errors = errorsOf(server);
    const [gone, other] = [await peer(), await peer()];
    gone.socket.close();
    for (let i = 0; i < 5; i++) server.emit(place(gone), 'x', i);
    server.emit(place(other), 'end');
    await other.next();
    const still = once(server, 'x');
    await other.send(server, message('x', 1));
    await still;
    expect(errors).toEqual([]);
  });

  test('a broadcast address without setBroadcast', async () => {
    const server = await serve();
    const error = once(server, 'error');
    server.emit({ address: '255.255.255.255', port: 9 }, 'x', 1);
    expect((await error)[0]).toMatchObject({ code: 'EACCES', syscall: 'send' });
  });

  test('a name that does not exist, once for all that wait for it', async () => {
    const server = await serve();
    const errors = errorsOf(server);
    const error = once(server, 'error');
    expect(server.emit({ address: 'does-not-exist.invalid', port: 1 }, 'x', 1)).toBe(true);
    expect(server.emit({ address: 'does-not-exist.invalid', port: 1 }, 'x', 2)).toBe(true);
    expect((await error)[0]).toMatchObject({ syscall: 'getaddrinfo' });
    await server.stop();
    expect(errors).toHaveLength(1);
  });

  test('more than 65536 messages, or 16 MiB, that wait for a look-up: ENOBUFS', async () => {
    const server = await serve();
    const other = await peer();
    let answer;
    jest.spyOn(dns, 'lookup').mockImplementation((host, options, callback) => {
      answer = callback;
    });
    const to = { address: 'somewhere.invalid', port: other.port };
    const errors = errorsOf(server);
    const big = 'x'.repeat(60_000);
    const taken = Array.from({ length: 300 }, () => server.emit(to, 'x', big));
    expect(taken.filter(Boolean)).toHaveLength(279);
    await once(server, 'error');
    answer(new Error('no'));
    await new Promise(setImmediate);
    let kept = 0;
    while (server.emit(to, 'x', 1)) kept++;
    expect(kept).toBe(65_536);
    const stopped = server.stop();
    answer(new Error('no'));
    await stopped;
    while (errors.length < 24) await new Promise(setImmediate);
    expect(errors.map(({ code }) => code)).toEqual([
      ...Array(21).fill('ENOBUFS'),
      undefined,
      'ENOBUFS',
      undefined,
    ]);
  });
});

test('host names are looked up, for the family of the socket', async () => {
  const server = await serve();
  const other = await peer();
  const lookup = jest.spyOn(dns, 'lookup');
  server.emit({ address: 'localhost', port: other.port }, 'x', 1);
  server.emit({ address: 'localhost', port: String(other.port) }, 'x', 2);
  expect([await other.text(), await other.text()]).toEqual([message('x', 1), message('x', 2)]);
  expect(lookup.mock.calls.map(([host, options]) => [host, options.family])).toEqual([
    ['localhost', 4],
  ]);
});

describe("the caller's mistakes", () => {
  test.each([
    [{ address: 5, port: 1 }, 'TypeError', 'address'],
    [{ address: '127.0.0.1', port: 65_536 }, 'RangeError', 'port'],
    [{ address: '127.0.0.1', port: '0' }, 'RangeError', 'port'],
    [{ address: '127.0.0.1', port: 'x' }, 'RangeError', 'port'],
    [{ address: '127.0.0.1', port: -1 }, 'RangeError', 'port'],
    [undefined, 'TypeError', 'socket'],
    [null, 'TypeError', 'socket'],
    ['127.0.0.1', 'TypeError', 'socket'],
  ])('emit to %j is a %s that names the %s', async (to, name, argument) => {
    const server = await serve();
    expect(() => server.emit(to, 'x', 1)).toThrow(
      expect.objectContaining({ name, message: expect.stringContaining(`"${argument}"`) }),
    );
  });

  test('data that JSON refuses', async () => {
    const server = await serve();
    expect(() => server.emit(place({ port: 1 }), 'x', 1n)).toThrow(TypeError);
    expect(() => server.broadcast('x', 1n)).toThrow(TypeError);
  });

  test('emit and broadcast before start and after stop do nothing', async () => {
    const server = make();
    const other = await peer();
    expect(server.emit(place(other), 'x', 1)).toBe(false);
    expect(server.broadcast('x', 1)).toBe(true);
    await server.start();
    await server.stop();
    expect(server.emit(place(other), 'x', 2)).toBe(false);
    expect(server.broadcast('x', 2)).toBe(true);
    await server.start();
    server.emit(place(other), 'end');
    expect(await other.until(message('end', {}))).toEqual([]);
  });
});
