'use strict';
// Messages: the wire, framing, sizes, raw bytes, sync mode, back-pressure.

const assert = require('node:assert/strict');
const { check } = require('../harness');
const { KINDS } = require('../../helpers/world');
const { once, collect, counter, record } = require('../../helpers/events');

const MANY = 2000;
const BIG = 32 * 1024 * 1024;
const numbers = (count) => Array.from({ length: count }, (_, n) => n);
const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;

for (const kind of KINDS) {
  /** A server that echoes, with a client: both sides know of it. */
  async function pair(world, config) {
    const place = await world.place(kind);
    const server = await world.serve(place, config);
    server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
    return { place, server, ...(await world.meet(server, place, config)) };
  }

  /** A server, with a peer by hand. */
  async function withPeer(world, config) {
    const place = await world.place(kind);
    const server = await world.serve(place, config);
    const connected = once(server, 'connect');
    const peer = await world.peer(place, config?.delimiter);
    return { server, peer, socket: (await connected)[0] };
  }

  check(`${kind}: ${MANY} messages there and back, in order (K1)`, async (world) => {
    const { client } = await pair(world);
    const answers = collect(client, 'echo', MANY);
    for (let n = 0; n < MANY; n++) client.emit('echo', n);
    assert.deepEqual(await answers, numbers(MANY));
    for (const data of [{ a: [1, null, 'é€😀'] }, [], '\f\0\n', false, 0, 1.5]) {
      const answer = once(client, 'echo');
      client.emit('echo', data);
      assert.deepEqual((await answer)[0], data);
    }
  });

  check(`${kind}: the bytes are those of node-ipc (K1, K7)`, async (world) => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const peer = await raw.next();
    client.emit('a', { b: 'é' });
    client.emit('none');
    assert.equal(await peer.frame(), '{"type":"a","data":{"b":"é"}}');
    assert.equal(await peer.frame(), '{"type":"none","data":{}}');
  });

  check(`${kind}: frames joined, split anywhere, even inside a character (F1)`, async (world) => {
    const { server, peer } = await withPeer(world);
    const joined = collect(server, 'x', 3);
    peer.write(frame('x', 1) + frame('x', 2) + frame('x', '€') + '{"type":"y",'); // F1: the rest may wait
    assert.deepEqual(await joined, [1, 2, '€']);
    const rest = once(server, 'y');
    for (const byte of Buffer.from('"data":"é€😀"}\f')) {
      peer.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    assert.equal((await rest)[0], 'é€😀');
  });

  check(`${kind}: a delimiter of several bytes, split between reads (F3)`, async (world) => {
    const delimiter = '¶\r\n';
    const { server, peer, socket } = await withPeer(world, { delimiter });
    const all = collect(server, 'x', 3);
    const bytes = Buffer.from(
      numbers(3)
        .map((data) => `{"type":"x","data":${data}}${delimiter}`)
        .join(''),
    );
    for (const byte of bytes) {
      peer.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    assert.deepEqual(await all, [0, 1, 2]);
    server.emit(socket, 'y', 1);
    server.emit(socket, 'y', 2);
    assert.equal((await peer.message()).data, 1);
    assert.equal((await peer.message()).data, 2);
  });

  check(`${kind}: a message of 32 MB there and back (F2)`, async (world) => {
    const { client } = await pair(world);
    const text = 'é'.repeat(1000) + 'x'.repeat(BIG);
    const answer = once(client, 'echo');
    client.emit('echo', text);
    assert.ok((await answer)[0] === text);
  });

  check(`${kind}: raw buffers, bytes intact (K14, F13)`, async (world) => {
    const { server, client, socket } = await pair(world, { rawBuffer: true });
    const sent = Buffer.from(numbers(256 * 1024).map((n) => n & 255));
    const gather = (bus) =>
      new Promise((resolve) => {
        const chunks = [];
        bus.on('data', (chunk) => {
          assert.ok(Buffer.isBuffer(chunk));
          chunks.push(chunk);
          const all = Buffer.concat(chunks);
          if (all.length >= sent.length) resolve(all);
        });
      });
    const there = gather(server);
    client.emit(sent);
    assert.ok((await there).equals(sent));
    const back = gather(client);
    server.emit(socket, sent);
    assert.ok((await back).equals(sent));
  });

  check(`${kind}: broadcast (K15)`, async (world) => {
    const { place, server, client } = await pair(world);
    const { client: other } = await world.meet(server, place);
    const heard = [client, other].map((each) => once(each, 'news'));
    assert.equal(server.broadcast('news', [1]), true);
    for (const [data] of await Promise.all(heard)) assert.deepEqual(data, [1]);
  });

  check(`${kind}: sync mode: one message in flight (K17)`, async (world) => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place, { sync: true });
    const peer = await raw.next();
    for (const n of numbers(3)) client.emit('x', n);
    for (const n of numbers(3)) {
      assert.equal((await peer.message()).data, n);
      assert.equal(client.queue.contents.length, 2 - n);
      peer.send('answer', n);
    }
  });

  check(
    `${kind}: something that is not a message is an error event, the rest arrives (F4, K8)`,
    async (world) => {
      const { server, peer } = await withPeer(world);
      const events = record(server);
      const good = once(server, 'good');
      peer.writeFrames('junk', '[]', '{"type":5}', '{"type":"close"}', '{"type":"good","data":1}');
      assert.equal((await good)[0], 1);
      const types = events.map(([type]) => type);
      assert.deepEqual(types, ['error', 'error', 'error', 'close', 'good']);
      assert.equal(events[0][1].message, 'Invalid JSON response format');
      assert.equal(events[0][1].response, 'junk');
      assert.equal(events[1][1].code, 'ERR_FERRIPC_INVALID_MESSAGE');
      assert.ok(events[1][1] instanceof Error);
      assert.equal(server.sockets.length, 1);
    },
  );

  check(`${kind}: too large and cut off messages are errors (F4)`, async (world) => {
    const { server, peer } = await withPeer(world, { maxMessageBytes: 1000 });
    const tooLarge = once(server, 'error');
    peer.send('x', 'x'.repeat(2000));
    assert.equal((await tooLarge)[0].code, 'ERR_FERRIPC_MESSAGE_TOO_LARGE');
    const good = once(server, 'good');
    peer.send('good');
    await good;
    const truncated = once(server, 'error');
    peer.write('{"type":"x"');
    peer.socket.end();
    assert.equal((await truncated)[0].code, 'ERR_FERRIPC_TRUNCATED_MESSAGE');
  });

  check(
    `${kind}: emit is false above the mark, then drain comes; nothing is lost`,
    async (world) => {
      const place = await world.place(kind);
      const raw = await world.rawServer(place);
      const client = await world.connect(place);
      const peer = await raw.next();
      peer.socket.pause();
      const drains = counter(client, 'drain');
      const payload = 'x'.repeat(10_000);
      let sent = 1;
      while (client.emit('x', [sent, payload])) sent++;
      assert.ok(client.socket.writableLength > 0);
      assert.equal(drains.count, 0);
      peer.socket.resume();
      await drains.reaches(1);
      assert.equal(client.socket.writableLength, 0);
      for (let n = 1; n <= sent; n++) assert.equal((await peer.message()).data[0], n);
      assert.equal(client.emit('x', 'again'), true);
      assert.equal((await peer.message()).data, 'again');
    },
  );

  check(
    `${kind}: a paused socket stops its sender, and gets all after resume (K4)`,
    async (world) => {
      const { server, client, socket } = await pair(world);
      socket.pause();
      const received = collect(server, 'x', 320);
      const payload = 'x'.repeat(100_000);
      for (const n of numbers(320)) client.emit('x', [n, payload]);
      await new Promise((resolve) => setTimeout(resolve, 100)); // long enough for all, were it not paused
      assert.ok(socket.bytesRead < 16 << 20, `${socket.bytesRead} bytes read`);
      socket.resume();
      assert.deepEqual(
        (await received).map(([n]) => n),
        numbers(320),
      );
    },
  );
}
