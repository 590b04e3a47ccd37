'use strict';
// What a UDP server receives (K13, K14, F14): messages in datagrams, whoever the peer is, and whatever is in them.
// What it sends: udp-sending.test.js. Start and stop: udp-life.test.js. As a dgram.Socket: udp-socket.test.js.

const { createWorld } = require('./helpers/world');
const { collect, counter, once, record } = require('./helpers/events');
const { MOST, hasIPv6, message, udpOf } = require('./helpers/datagrams');
const { malformed, odd } = require('./helpers/hostile');
const { burn } = require('./helpers/thread');

const world = createWorld();
const { serve, peer, place } = udpOf(world);

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

  test('a datagram with 3000 messages has one peer, and counts once', async () => {
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

  test('of two handlers of one datagram that throw, both are heard of', async () => {
    const child = world.child('udp.js', ['throw raw']);
    expect((await child.exited).lines).toEqual([['message', 'data']]);
  });
});

test('serveNet of a type alone says what it takes for the port, as node-ipc does', () => {
  const lines = [];
  const ipc = world.ipc({ silent: false, logger: (line) => lines.push(line) });
  ipc.serveNet('udp4');
  expect(lines.filter((line) => line.includes('not specified'))).toEqual([
    expect.stringContaining('Server port not specified'),
  ]);
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
    burn(300); // what the system cannot keep meanwhile is lost, as UDP does
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

  test.each(['right after start()', 'in a handler of start'])(
    'set %s holds for the first datagram',
    async (when) => {
      const ipc = world.ipc();
      const set = () => (ipc.config.rawBuffer = true);
      ipc.serveNet('127.0.0.1', '0', 'udp4');
      if (when === 'in a handler of start') ipc.server.on('start', set);
      const started = once(ipc.server, 'connect'); // after start
      ipc.server.start();
      if (when === 'right after start()') set();
      await started;
      const data = once(ipc.server, 'data');
      const other = await peer();
      await other.send(ipc.server, bytes);
      expect((await data)[0]).toEqual(bytes);
      await ipc.server.stop();
    },
  );

  test('switched on later: what is read before that is known gets no delimiter', async () => {
    const server = await serve();
    server.config.rawBuffer = true;
    let got = '';
    const all = new Promise((resolve) =>
      server.on('data', (data) => (got += data).length >= 7 && resolve()),
    );
    const other = await peer();
    await other.send(server, 'one\ftwo');
    await all;
    expect(got).toBe('one\ftwo');
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
