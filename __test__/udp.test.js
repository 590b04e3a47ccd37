'use strict';
// UDP servers (K13, K14, K15, F14): messages in datagrams, whoever the peer is; errors; the socket's life.
// What `server.server` answers as a dgram.Socket: udp-socket.test.js.

const dns = require('node:dns');
const { createWorld } = require('./helpers/world');
const { collect, counter, once, record } = require('./helpers/events');
const { datagramPeer, hasIPv6 } = require('./helpers/datagrams');
const { malformed, odd } = require('./helpers/hostile');

const world = createWorld();
const MOST = 65507;

afterEach(() => jest.restoreAllMocks());

function make(config, { host = '127.0.0.1', port = '0', type = 'udp4' } = {}) {
  const ipc = world.ipc(config);
  ipc.serveNet(host, port, type);
  return ipc.server;
}

async function serve(config, options) {
  const server = make(config, options);
  await server.start();
  return server;
}

const peer = (options) => datagramPeer(world, options);
const place = ({ port }) => ({ address: '127.0.0.1', port });
const message = (type, data) => `${JSON.stringify({ type, data })}\f`;

/** The errors of a server, as they come. */
function errorsOf(server) {
  const errors = [];
  server.on('error', (error) => errors.push(error));
  return errors;
}

describe.each([
  ['udp4', '127.0.0.1', 'IPv4'],
  ['udp6', '::1', 'IPv6'],
])('%s', (type, host, family) => {
  test('a message, its peer, and an answer to that peer (K1, K15)', async () => {
    if (type === 'udp6' && !(await hasIPv6())) return;
    const server = await serve({}, { host, type });
    server.on('ask', (data, from) => server.emit(from, 'answer', data));
    const asked = once(server, 'ask');
    const other = await peer({ type });
    await other.send(server, message('ask', { n: 'é' }));
    const [data, from] = await asked;
    expect(data).toEqual({ n: 'é' });
    expect(from).toEqual({ address: host, family, port: other.port, size: 33 });
    const { bytes, from: sender } = await other.next();
    expect(bytes.toString()).toBe(message('answer', { n: 'é' }));
    expect(sender).toMatchObject({ address: host, port: server.server.address().port });
  });

  test.each(['9', '10'])('with node-ipc %s', async (version) => {
    if (type === 'udp6' && !(await hasIPv6())) return;
    const old = require(`node-ipc-${version}`);
    const ipc = new (old.IPCModule ?? old.IPC)();
    Object.assign(ipc.config, { silent: true, unlink: false });
    const free = await peer({ type });
    free.socket.close();
    ipc.serveNet(host, free.port, type);
    const ready = once(ipc.server, 'connect');
    ipc.server.start();
    await ready;
    world.after(() => ipc.server.stop());
    ipc.server.on('ask', (data, from) => ipc.server.emit(from, 'answer', [data]));
    const server = await serve({}, { host, type });
    const answer = once(server, 'answer');
    server.emit({ address: host, port: free.port }, 'ask', { a: 1 });
    expect((await answer)[0]).toEqual([{ a: 1 }]);
  });
});

describe('datagrams and frames', () => {
  test('several messages in one datagram, and the last without its delimiter', async () => {
    const server = await serve();
    const all = collect(server, 'x', 3);
    const other = await peer();
    await other.send(server, message('x', 1) + message('x', 2) + '{"type":"x","data":3}');
    expect(await all).toEqual([1, 2, 3]);
  });

  test('a delimiter of several characters, of the server that it was made for (F3)', async () => {
    const server = await serve({ delimiter: '\r\né' });
    const all = collect(server, 'x', 3);
    const other = await peer();
    const frame = (data) => `${JSON.stringify({ type: 'x', data })}\r\né`;
    await other.send(server, frame('\r\n') + frame('é'));
    await other.send(server, frame('\f'));
    expect(await all).toEqual(['\r\n', 'é', '\f']);
  });

  test('a message never goes on in the next datagram', async () => {
    const server = await serve();
    const errors = collect(server, 'error', 2);
    const other = await peer();
    await other.send(server, '{"type":"x",');
    await other.send(server, '"data":1}\f');
    expect((await errors).map(({ response }) => response)).toEqual(['{"type":"x",', '"data":1}']);
  });

  test("the messages of a datagram share its peer, which keeps the data's id (K9)", async () => {
    const server = await serve();
    const peers = [];
    server.on('x', (data, from) => peers.push(from));
    const done = once(server, 'end');
    const other = await peer();
    await other.send(server, message('x', { id: 7 }) + message('x', 1));
    await other.send(server, message('x', 2));
    await other.send(server, message('end'));
    await done;
    expect(peers[0]).toBe(peers[1]);
    expect(peers[0]).toMatchObject({ id: 7, size: 51 });
    expect(peers[2]).toEqual({ ...place(other), family: 'IPv4', size: 22 });
  });

  test('a datagram of 3000 messages has one peer, and counts once', async () => {
    const server = await serve();
    const peers = new Set();
    let count = 0;
    server.on('y', (data, from) => peers.add(from) && count++);
    const done = once(server, 'end');
    const other = await peer();
    const bytes = message('y').repeat(3000);
    await other.send(server, bytes);
    await other.send(server, message('end'));
    await done;
    expect([count, peers.size]).toEqual([3000, 1]);
    const { datagramsReceived, bytesReceived } = server.stats();
    expect({ datagramsReceived, bytesReceived }).toEqual({
      datagramsReceived: 2,
      bytesReceived: bytes.length + message('end').length,
    });
  });

  test('4000 messages of two peers, in the order of each, with their own sizes', async () => {
    const server = await serve();
    const others = [await peer(), await peer()];
    const seen = new Map(others.map(({ port }) => [port, []]));
    const all = counter(server, 'n');
    server.on('n', (data, { port, size }) => seen.get(port).push(`${data} ${size}`));
    const pad = (n) => `${n} ${'x'.repeat(n % 50)}`;
    for (let n = 0; n < 2000; n++) {
      await Promise.all(others.map((other) => other.send(server, message('n', pad(n)))));
      if (n % 50 === 49) await all.reaches(2 * n + 2); // no more than the system keeps
    }
    const expected = Array.from({ length: 2000 }, (_, n) => {
      return `${pad(n)} ${message('n', pad(n)).length}`;
    });
    expect([...seen.values()]).toEqual([expected, expected]);
  });

  test('messages of one turn are one datagram each', async () => {
    const server = await serve();
    const other = await peer();
    for (let i = 1; i <= 100; i++) server.emit(place(other), 'x', 'é'.repeat(i));
    for (let i = 1; i <= 100; i++) {
      expect(await other.text()).toBe(message('x', 'é'.repeat(i)));
    }
  });

  test('the largest datagram, both ways', async () => {
    const server = await serve();
    const other = await peer();
    const text = 'x'.repeat(MOST - message('big', '').length);
    const big = once(server, 'big');
    await other.send(server, message('big', text));
    expect(await big).toEqual([text, expect.objectContaining({ size: MOST })]);
    expect(server.emit(place(other), 'big', text)).toBe(true);
    expect((await other.next()).bytes).toHaveLength(MOST);
  });

  test('more messages in a datagram than fit into one event', async () => {
    const server = await serve({ delimiter: '\n' });
    let count = 0;
    server.on('', (data, { size }) => (count += size === 65_000));
    const done = once(server, 'end');
    const other = await peer();
    await other.send(server, '{"type":""}\n'.repeat(5416) + '{"a":1}\n');
    await other.send(server, '{"type":"end"}');
    await done;
    expect(count).toBe(5416);
  });

  test('a handler that throws leaves the other messages of the batch (F4)', async () => {
    const child = world.child('udp.js', ['throw']);
    expect((await child.exited).lines).toEqual([['first', 'second', 'third', 'fourth']]);
  });
});

describe('what a peer should not send (F4)', () => {
  const small = [...malformed, ...odd].filter(({ frame }) => frame.length < MOST);

  test.each(small.map((one) => [one.name, one]))('%s', async (name, { frame, outcome }) => {
    const server = await serve();
    const events = record(server);
    const done = once(server, 'end');
    const other = await peer();
    await other.send(server, Buffer.concat([Buffer.from(frame), Buffer.from('\f')]));
    await other.send(server, message('end'));
    await done;
    expect(events.slice(0, -1)).toEqual([outcome()]);
  });

  test('an error event has the peer, too', async () => {
    const server = await serve();
    const error = once(server, 'error');
    const other = await peer();
    await other.send(server, '{}');
    expect(await error).toEqual([
      expect.objectContaining({ code: 'ERR_FERRIPC_INVALID_MESSAGE' }),
      expect.objectContaining(place(other)),
    ]);
  });

  test('empty datagrams, which are nothing', async () => {
    const server = await serve();
    const events = record(server);
    const done = once(server, 'end');
    const other = await peer();
    for (const data of ['', '', message('end'), '']) await other.send(server, data);
    await done;
    expect(events).toEqual([['end', undefined]]);
  });

  test('messages over config.maxMessageBytes', async () => {
    const server = await serve({ maxMessageBytes: 100 });
    const events = [];
    server.on('*', (type, data, from) => events.push([type, data?.length, from?.port]));
    const done = once(server, 'end');
    const other = await peer();
    const long = message('x', 'y'.repeat(100));
    await other.send(server, message('x', 'a') + long + message('x', 'ab') + long.slice(0, -1));
    await other.send(server, message('end', ''));
    await done;
    expect(events).toEqual([
      ['x', 1, other.port],
      ['error', long.length - 1, other.port],
      ['x', 2, other.port],
      ['error', long.length - 1, other.port],
      ['end', 0, other.port],
    ]);
  });

  test('thousands of delimiters', async () => {
    const server = await serve();
    const errors = counter(server, 'error');
    const other = await peer();
    await other.send(server, '\f'.repeat(5000));
    await errors.reaches(5000);
    const done = once(server, 'end');
    await other.send(server, message('end'));
    await done;
    expect(errors.count).toBe(5000);
  });

  test('20,000 datagrams while the server is busy: it goes on', async () => {
    const server = await serve();
    const seen = counter(server, 'x');
    const child = world.child('udp.js', ['flood', server.server.address().port]);
    await once(server, 'x');
    const until = Date.now() + 300;
    while (Date.now() < until); // what the system cannot keep meanwhile is lost, as UDP does
    await child.exited;
    const other = await peer();
    const asked = once(server, 'ask');
    const again = setInterval(() => other.send(server, message('ask')), 20); // may be lost, too
    await asked;
    clearInterval(again);
    expect(seen.count).toBeGreaterThan(0);
    expect(seen.count).toBeLessThanOrEqual(20_000);
  });
});

describe('raw mode (K14)', () => {
  const bytes = Buffer.from([0, 255, 12, 128, 1]);

  test('bytes arrive intact in both directions, a datagram at a time (F13, F14)', async () => {
    const server = await serve({ rawBuffer: true });
    const events = [];
    server.on('data', (data, from) => events.push([data, from]));
    const third = new Promise((resolve) =>
      server.on('data', () => events.length === 3 && resolve()),
    );
    const other = await peer();
    for (const data of [bytes, Buffer.alloc(0), bytes]) await other.send(server, data);
    await third;
    const from = (size) => ({ ...place(other), family: 'IPv4', size });
    expect(events).toEqual([
      [bytes, from(5)],
      [Buffer.alloc(0), from(0)],
      [bytes, from(5)],
    ]);
    const reused = Buffer.from(bytes);
    server.emit(events[0][1], reused);
    reused.fill(7); // the caller's again
    server.emit(place(other), [1, 2]);
    server.emit(place(other), 'text');
    server.emit(place(other), Buffer.alloc(MOST, 3));
    server.broadcast(bytes);
    for (const sent of [bytes, Buffer.from([1, 2]), Buffer.from('text')]) {
      expect((await other.next()).bytes).toEqual(sent);
    }
    expect((await other.next()).bytes.equals(Buffer.alloc(MOST, 3))).toBe(true);
    expect((await other.next()).bytes).toEqual(bytes);
  });

  test('is live (K6)', async () => {
    const server = await serve();
    const other = await peer();
    const data = once(server, 'data');
    server.config.rawBuffer = true;
    await other.send(server, message('x', 1));
    expect((await data)[0].toString()).toBe(message('x', 1));
    server.config.rawBuffer = false;
    const last = once(server, 'data'); // still as bytes; frames from the next on
    await other.send(server, 'half');
    await last;
    const framed = once(server, 'x');
    const send = setInterval(() => other.send(server, message('x', 2)), 5);
    expect((await framed)[0]).toBe(2);
    clearInterval(send);
  });
});

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

  /** Sets the clock by which peers are remembered (which jest.spyOn cannot, on Node 18). */
  function setClock(ms) {
    Object.defineProperty(performance, 'now', { value: () => ms, configurable: true });
    world.after(() => delete performance.now);
  }

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
