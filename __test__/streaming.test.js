'use strict';
// Messages beside what users do with the socket itself: their own listeners and writes (K4, F13), and
// what emit, drain and a slow reader have to do with each other.

const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, collect, counter } = require('./helpers/events');

const world = createWorld();
const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;

async function pair(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  return { place, server, ...(await world.meet(server, place, config)) };
}

describe.each(TRANSPORTS)('%s', (kind) => {
  test("a user's data listener sees the text besides the messages (K4, F13)", async () => {
    const { server, client, socket } = await pair(kind);
    const seen = { server: '', client: '' };
    socket.on('data', (text) => (seen.server += text));
    client.socket.on('data', (text) => (seen.client += text));
    const messages = collect(server, 'x', 3);
    for (const data of ['é', '€'.repeat(100_000), '😀']) client.emit('x', data);
    expect(await messages).toEqual(['é', '€'.repeat(100_000), '😀']);
    const expected = frame('x', 'é') + frame('x', '€'.repeat(100_000)) + frame('x', '😀');
    while (seen.server.length < expected.length) await once(socket, 'data');
    expect(seen.server === expected).toBe(true);

    const back = once(client, 'y');
    const text = once(client.socket, 'data');
    server.emit(socket, 'y', 1);
    expect((await back)[0]).toBe(1);
    await text;
    expect(seen.client).toBe(frame('y', 1));
  });

  test('a data listener that a connect handler adds misses nothing (K4)', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const messages = counter(server, 'x');
    const texts = [];
    server.on('connect', (socket) => socket.on('data', (text) => texts.push(text)));
    for (let i = 0; i < 50; i++) {
      const socket = place.dial();
      world.after(() => socket.destroy());
      socket.write(frame('x', i));
    }
    await messages.reaches(50);
    while (texts.length < 50) await new Promise(setImmediate); // the bytes follow their message
    const expected = Array.from({ length: 50 }, (_, i) => frame('x', i));
    expect(texts.sort()).toEqual(expected.sort());
  });

  test("a user's data listener gets config.encoding, messages stay UTF-8 (F13)", async () => {
    const { server, client, socket } = await pair(kind, { encoding: 'hex' });
    const text = once(socket, 'data');
    const message = once(server, 'x');
    client.emit('x', 'é');
    expect((await message)[0]).toBe('é');
    expect((await text)[0]).toBe(Buffer.from(frame('x', 'é')).toString('hex'));
  });

  test("a user's own writes and emits keep their order (K4, K25)", async () => {
    const { server, client, socket } = await pair(kind);
    const up = collect(server, 'x', 400);
    const down = collect(client, 'x', 400);
    const big = 'b'.repeat(200_000);
    for (let i = 0; i < 100; i++) {
      const filler = i % 10 === 0 ? big : '';
      for (const [own, emit] of [
        [client.socket, (data) => client.emit('x', data)],
        [socket, (data) => server.emit(socket, 'x', data)],
      ]) {
        emit([i, 0, filler]);
        own.write(frame('x', [i, 1, filler]));
        own.write(Buffer.from(frame('x', [i, 2])));
        emit([i, 3]);
      }
    }
    const order = Array.from({ length: 400 }, (_, n) => [n >> 2, n % 4]);
    const pairs = (list) => list.map(([i, part]) => [i, part]);
    expect(pairs(await up)).toEqual(order);
    expect(pairs(await down)).toEqual(order);
  });

  test.each([
    ['', 0],
    [' that a busy thread hears of late', 200],
  ])('own writes before the connection%s go out in order with emits (K3, K4)', async (name, ms) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const messages = collect(server, 'x', 4);
    const client = world.dial(place);
    client.socket.write(frame('x', 0));
    client.socket.write(frame('x', 1));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    await once(client, 'connect');
    client.emit('x', 2);
    client.socket.write(frame('x', 3));
    expect(await messages).toEqual([0, 1, 2, 3]);
  });

  test('emit is false above the high-water mark, then drain comes; nothing is lost', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const peer = await raw.next();
    peer.socket.pause();
    const drains = counter(client, 'drain');

    const payload = 'x'.repeat(10_000);
    let sent = 0;
    // Until the system takes no more: what is encrypted leaves while we go on.
    let refusals = 0;
    for (; refusals < 100; sent++) {
      refusals = client.emit('x', [sent, payload]) ? 0 : refusals + 1;
    }
    sent--; // the last one's number
    expect(client.socket.writableLength).toBeGreaterThan(0);
    const bytes = client.socket.bytesWritten;
    expect(client.socket.writableLength).toBeLessThanOrEqual(bytes);
    expect(drains.count).toBe(0);

    peer.socket.resume();
    await drains.reaches(1);
    expect(client.socket.writableLength).toBe(0);
    expect(client.socket.bytesWritten).toBe(bytes);
    for (let i = 0; i <= sent; i++) {
      expect((await peer.message()).data[0]).toBe(i);
    }
    expect(drains.count).toBe(1);
    expect(client.emit('x', 'again')).toBe(true);
    expect((await peer.message()).data).toBe('again');
  });

  test('server.emit and broadcast are false while a client does not read; drain names it', async () => {
    const { place, server, client } = await pair(kind);
    const connected = once(server, 'connect');
    const peer = await world.peer(place);
    const [slow] = await connected;
    const [quick] = server.sockets;
    peer.socket.pause();
    // Until the system takes no more: what is encrypted leaves while we go on.
    for (let refusals = 0; refusals < 100;) {
      refusals = server.emit(slow, 'x', 'x'.repeat(10_000)) ? 0 : refusals + 1;
    }
    expect(server.broadcast('y', 1)).toBe(false);
    expect(server.emit(quick, 'y', 2)).toBe(true);
    const drained = once(server, 'drain');
    const streamDrained = once(slow, 'drain');
    peer.socket.resume();
    expect((await drained)[0]).toBe(slow);
    await streamDrained;
    expect(server.broadcast('y', 3)).toBe(true);
    await once(client, 'y');
  });

  test('the callback of a write comes when the bytes have left, and drain after false (K4)', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const peer = await raw.next();
    peer.socket.pause();
    let written = false;
    const done = new Promise((resolve) =>
      client.socket.write('x'.repeat(20 << 20), () => {
        written = true;
        resolve();
      }),
    );
    expect(client.socket.write('y')).toBe(false);
    await new Promise(setImmediate);
    expect(written).toBe(false);
    const drained = once(client.socket, 'drain');
    peer.socket.resume();
    await Promise.all([done, drained]);
  });

  test('a paused socket stops its sender: what it holds stays bounded', async () => {
    const { place, server, client, socket } = await pair(kind);
    const neighbour = await world.connect(place);
    server.on('echo', (data, from) => server.emit(from, 'echo', data));
    socket.pause();
    const received = collect(server, 'x', 640);
    const payload = 'x'.repeat(100_000);
    for (let i = 0; i < 640; i++) client.emit('x', payload);
    for (let i = 0; i < 200; i++) {
      const answer = once(neighbour, 'echo');
      neighbour.emit('echo', i);
      await answer;
    }
    expect(socket.bytesRead).toBeLessThan(16 << 20);
    socket.resume();
    expect((await received).every((data) => data === payload)).toBe(true);
  });
});
