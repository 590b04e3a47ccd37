'use strict';
// What `stats()` counts, and that it is exact: see `TrafficStats` in index.d.ts.

const diagnostics = require('node:diagnostics_channel');
const ferripc = require('..');
const { createTlsWorld } = require('./helpers/tls');
const { datagramPeer } = require('./helpers/datagrams');
const { counter, once } = require('./helpers/events');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const tlsWorld = createTlsWorld();

const none = { full: 0, down: 0, failed: 0, tooLarge: 0, truncated: 0, invalid: 0 };
const bytesOf = (type, data) => Buffer.byteLength(`${JSON.stringify({ type, data })}\f`);

/** A server, and a client with its socket on the server. */
async function pair(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  return { server, ...(await world.meet(server, place, config)) };
}

const pairs = {
  unix: (config) => pair('unix', config),
  tcp: (config) => pair('tcp', config),
  async tls(config) {
    const place = await tlsWorld.at();
    const server = await tlsWorld.serve(place, config);
    return { server, ...(await tlsWorld.meet(server, place, config)) };
  },
};

describe.each(Object.keys(pairs))('over %s', (kind) => {
  test('both sides count the same messages and bytes', async () => {
    const { server, client, socket } = await pairs[kind]();
    server.on('ask', (data, from) => server.emit(from, 'answer', 'ü'));
    const answers = counter(client, 'answer');
    for (let i = 0; i < 1000; i++) client.emit('ask', 'é');
    client.emit('ask', 'x'.repeat(100_000)); // takes another way
    await answers.reaches(1001);
    // Node's own TLS may tell of what it has written after the peer has read it.
    while (server.stats().bytesQueued > 0) await new Promise(setImmediate);
    const asked = 1000 * bytesOf('ask', 'é') + bytesOf('ask', 'x'.repeat(100_000));
    const answered = 1001 * bytesOf('answer', 'ü');
    const expected = {
      messagesReceived: 1001,
      messagesSent: 1001,
      bytesReceived: asked,
      bytesSent: answered,
      bytesQueued: 0,
      dropped: none,
    };
    expect(server.stats()).toMatchObject({ ...expected, connections: 1, accepted: 1, refused: 0 });
    const sameTime = { connectedMs: expect.any(Number) };
    expect(server.stats().sockets).toEqual([{ ...socket.stats(), ...sameTime }]);
    expect(socket.stats()).toMatchObject(expected);
    const reverse = { ...expected, bytesReceived: answered, bytesSent: asked };
    expect(client.stats()).toMatchObject({ ...reverse, messagesQueued: 0, state: 'connected' });
    expect(client.stats().transport).toBe(
      kind === 'unix' && process.platform === 'win32' ? 'pipe' : kind,
    );
  });

  test('raw mode counts payloads, and what comes in chunks', async () => {
    const { server, client } = await pairs[kind]({ rawBuffer: true });
    let size = 0;
    let chunks = 0;
    const all = new Promise((resolve) => {
      server.on('data', (buffer) => {
        chunks++;
        size += buffer.length;
        if (size === 300) resolve();
      });
    });
    for (let i = 0; i < 3; i++) client.emit(Buffer.alloc(100));
    await all;
    expect(client.stats()).toMatchObject({ messagesSent: 3, bytesSent: 300 });
    expect(server.stats()).toMatchObject({ messagesReceived: chunks, bytesReceived: 300 });
  });
});

test('a broadcast counts each delivery', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place);
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push((await world.meet(server, place)).client);
  const heard = clients.map((client) => counter(client, 'news'));
  for (let i = 0; i < 10; i++) server.broadcast('news', i);
  await Promise.all(heard.map((one) => one.reaches(10)));
  const { messagesSent, sockets } = server.stats();
  expect(messagesSent).toBe(30);
  expect(sockets.map((socket) => socket.messagesSent)).toEqual([10, 10, 10]);
  expect(clients.map((client) => client.stats().messagesReceived)).toEqual([10, 10, 10]);
});

test('a handler finds its own message counted, and none of those after it', async () => {
  const { server, client } = await pairs.unix();
  const seen = [];
  const all = new Promise((resolve) => {
    server.on('m', (data) => {
      seen.push(server.stats().messagesReceived);
      if (data === 4) resolve();
    });
  });
  for (let i = 0; i < 5; i++) client.emit('m', i);
  await all;
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test('sync mode: what waits in the queue', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place);
  const { client } = await world.meet(server, place, { sync: true });
  const asked = once(server, 'm');
  for (let i = 0; i < 3; i++) client.emit('m', i);
  expect(client.stats()).toMatchObject({ messagesSent: 1, messagesQueued: 2 });
  expect(client.stats().bytesQueued).toBeGreaterThanOrEqual(2 * (bytesOf('m', 1) - 1));
  const [, socket] = await asked;
  const more = counter(server, 'm');
  server.on('m', () => server.emit(socket, 'go'));
  server.emit(socket, 'go');
  await more.reaches(2);
  expect(client.stats()).toMatchObject({ messagesSent: 3, messagesQueued: 0, bytesQueued: 0 });
  expect(server.stats().messagesReceived).toBe(3);
});

test('a peer that does not read: bytes wait, and what is refused is counted (ENOBUFS)', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { maxQueuedBytes: 300_000 });
  const connected = once(server, 'connect');
  const peer = await world.peer(place);
  peer.socket.pause();
  const [socket] = await connected;
  const errors = counter(server, 'error');
  let emitted = 0;
  while (errors.count < 5) {
    server.emit(socket, 'x', 'y'.repeat(10_000));
    emitted++;
  }
  const stats = socket.stats();
  expect(stats.dropped).toEqual({ ...none, full: 5 });
  expect(stats.messagesSent).toBe(emitted - 5);
  expect(stats.bytesQueued).toBeGreaterThanOrEqual(300_000);
  const size = bytesOf('x', 'y'.repeat(10_000));
  expect(stats.bytesSent + stats.bytesQueued).toBe(stats.messagesSent * size);
  expect(server.stats()).toMatchObject({ dropped: stats.dropped, bytesQueued: stats.bytesQueued });
});

test('what a peer sends that is not a message, by reason', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { maxMessageBytes: 50 });
  const peer = await world.peer(place);
  peer.writeFrames('{"type":"ok","data":1}', 'no JSON', '{"type":5}', 'x'.repeat(51));
  peer.write('a part');
  const closed = once(server, 'socket.disconnected');
  peer.socket.end();
  const [socket] = await closed;
  const dropped = { ...none, invalid: 2, tooLarge: 1, truncated: 1 };
  expect(socket.stats()).toMatchObject({ messagesReceived: 3, dropped });
  expect(server.stats()).toMatchObject({ messagesReceived: 3, dropped, sockets: [] });
});

test('a client without a server: its attempts, what it keeps and what it then drops', async () => {
  const client = world.dial(await world.place('unix'), { maxRetries: 3, retry: 1 });
  expect(client.stats()).toMatchObject({ state: 'connecting', retries: 0, retriesRemaining: 3 });
  client.emit('m', 1);
  client.emit('m', 2);
  expect(client.stats()).toMatchObject({ messagesQueued: 2, messagesSent: 0 });
  await once(client, 'disconnect');
  const { bytesQueued, ...waiting } = client.stats();
  expect(waiting).toMatchObject({ state: 'waiting', messagesQueued: 2, connectedMs: 0 });
  expect(bytesQueued).toBe(2 * (bytesOf('m', 1) - 1));
  await once(client, 'destroy');
  client.emit('m', 3);
  expect(client.stats()).toMatchObject({
    state: 'closed',
    connections: 0,
    retries: 3,
    retriesRemaining: 0,
    messagesSent: 0,
    messagesQueued: 0,
    bytesQueued: 0,
    dropped: { ...none, down: 3 },
  });
});

test('messages that a client holds over failed attempts are sent, and counted, once', async () => {
  const place = await world.place('unix');
  const client = world.dial(place);
  client.emit('m', 1);
  await once(client, 'disconnect');
  await once(client, 'disconnect');
  const server = world.host(place);
  const got = once(server, 'm');
  await server.start();
  await got;
  expect(client.stats()).toMatchObject({ messagesSent: 1, messagesQueued: 0, connections: 1 });
  expect(client.stats().retries).toBeGreaterThanOrEqual(2);
  expect(server.stats().messagesReceived).toBe(1);
});

test('counters go on over reconnections, and what is emitted in between is dropped', async () => {
  const { server, client, socket } = await pairs.unix();
  const got = counter(server, 'm');
  client.emit('m', 1);
  await got.reaches(1);
  const lost = once(client, 'disconnect');
  const again = once(client, 'connect');
  socket.destroy();
  await lost;
  expect(client.emit('m', 2)).toBe(false);
  await again;
  client.emit('m', 3);
  await got.reaches(2);
  expect(client.stats()).toMatchObject({
    connections: 2,
    retries: 1,
    retriesRemaining: null, // no limit
    messagesSent: 2,
    bytesSent: 2 * bytesOf('m', 1),
    dropped: { ...none, down: 1 },
  });
  const size = 2 * bytesOf('m', 1);
  expect(server.stats()).toMatchObject({ accepted: 2, connections: 1, bytesReceived: size });
});

test('what an attempt to reconnect has taken, and then fails, is dropped', async () => {
  const { server, client } = await pairs.unix({ retry: 1 });
  await server.stop();
  const connecting = diagnostics.channel('ferripc:client:connecting');
  const attempted = new Promise((resolve) => {
    const handler = ({ client: who, retry }) => {
      if (who !== client || retry === 0) return;
      connecting.unsubscribe(handler);
      who.emit('m', 1);
      resolve();
    };
    connecting.subscribe(handler);
    world.after(() => connecting.unsubscribe(handler));
  });
  server.sockets[0].destroy();
  await attempted;
  await once(client, 'disconnect');
  expect(client.stats()).toMatchObject({ messagesSent: 0, dropped: { ...none, down: 1 } });
});

test('connections over maxConnections are counted as refused', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { maxConnections: 1 });
  await world.peer(place);
  const refused = counter(server, 'error');
  await world.peer(place);
  await refused.reaches(1);
  expect(server.stats()).toMatchObject({ accepted: 1, connections: 1, refused: 1 });
});

test('a closed socket keeps its numbers, and its time no longer grows', async () => {
  const { server, client, socket } = await pairs.tcp();
  const got = once(server, 'm');
  client.emit('m', 1);
  await got;
  expect(socket.stats().remoteAddress).toBe('127.0.0.1');
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(socket.stats().connectedMs).toBeGreaterThanOrEqual(4);
  const closed = once(socket, 'close');
  client.leave();
  await closed;
  const after = socket.stats();
  expect(after).toMatchObject({ messagesReceived: 1, bytesReceived: bytesOf('m', 1) });
  expect(server.emit(socket, 'late')).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(socket.stats()).toEqual({ ...after, dropped: { ...none, down: 1 } });
});

test('UDP: messages, datagrams, and what cannot be sent', async () => {
  const make = async (config) => {
    const ipc = world.ipc(config);
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    await ipc.server.start();
    return ipc.server;
  };
  const [one, two] = [await make(), await make()];
  const { port } = one.server.address();
  const got = counter(one, 'm');
  for (let i = 0; i < 20; i++) two.emit({ address: '127.0.0.1', port }, 'm', 'é');
  await got.reaches(20);
  const size = 20 * bytesOf('m', 'é');
  const sent = { messagesSent: 20, bytesSent: size, datagramsSent: 20, datagramsReceived: 0 };
  expect(two.stats()).toMatchObject({
    transport: 'udp4',
    listening: true,
    port: expect.any(Number),
  });
  expect(two.stats()).toMatchObject({ ...sent, sockets: [], dropped: none });
  const received = { messagesReceived: 20, bytesReceived: size, datagramsReceived: 20 };
  expect(one.stats()).toMatchObject(received);
  const failed = once(two, 'error');
  two.emit({ address: '127.0.0.1', port }, 'm', 'x'.repeat(70_000));
  await failed;
  const peer = await datagramPeer(world);
  const bad = once(one, 'error');
  await peer.send(one, 'no JSON\f');
  await bad;
  await Promise.all([one.stop(), two.stop()]);
  two.emit({ address: '127.0.0.1', port }, 'm');
  expect(two.stats()).toMatchObject({
    ...sent,
    messagesSent: 21, // accepted before the system refused one
    listening: false,
    dropped: { ...none, failed: 1, down: 1 },
  });
  expect(one.stats()).toMatchObject({ messagesReceived: 21, dropped: { ...none, invalid: 1 } });
});

describe('ipc.stats()', () => {
  test('before there is anything', () => {
    const { stats } = new ferripc.IPC(); // works on its own (F19)
    const { driver, totals, server, clients } = stats();
    expect(driver === null || typeof driver === 'string').toBe(true);
    expect([server, clients]).toEqual([null, {}]);
    expect(totals).toMatchObject({ connections: 0, messagesSent: 0, dropped: none });
  });

  test('is plain, and the sum of all, those included that are not listed any more', async () => {
    const place = await world.place('unix');
    const ipc = world.ipc();
    place.serve(ipc);
    const { server } = ipc;
    await server.start();
    const got = counter(server, 'm');
    for (const id of ['a', 'b']) {
      place.connectTo(ipc, id);
      ipc.of[id].emit('m', id);
    }
    await got.reaches(2);
    const stats = ipc.stats();
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
    expect(Object.keys(stats.clients)).toEqual(['a', 'b']);
    expect(stats.driver).toMatch(/^(loop|tokio|js)$/);
    expect(stats.server).toMatchObject({ listening: true, connections: 2 });
    expect(stats.totals).toMatchObject({ connections: 4, messagesSent: 2, messagesReceived: 2 });

    const { a } = ipc.of;
    const gone = [once(a, 'destroy'), once(server, 'socket.disconnected')];
    a.emit('m', 'the last');
    ipc.disconnect('a');
    expect(ipc.stats().totals.messagesSent).toBe(3); // it is on its way out
    await Promise.all(gone);
    expect(Object.keys(ipc.stats().clients)).toEqual(['b']);
    await server.stop();
    ipc.serve(world.socketPath());
    const { totals } = ipc.stats();
    expect(totals).toMatchObject({ connections: 2, messagesSent: 3, messagesReceived: 3 });
    const left = once(server, 'close');
    ipc.disconnect('b');
    await left;
    const expected = { messagesSent: 3, messagesReceived: 3, bytesSent: totals.bytesSent };
    expect(ipc.stats().totals).toMatchObject({ connections: 0, ...expected });
    expect(totals.bytesSent).toBe(totals.bytesReceived);
  });

  test('nothing new is enumerable, and programs may have the name for themselves', async () => {
    const { server, client, socket } = await pairs.unix();
    for (const object of [ferripc, client, server, socket, client.socket]) {
      const keys = [];
      for (const key in object) keys.push(key);
      expect(keys).not.toContain('stats');
      expect(keys.filter((key) => /received|sent|dropped|openedAt/.test(key))).toEqual([]);
      expect(typeof object.stats()).toBe('object');
    }
    socket.stats = 'mine';
    client.socket.stats = 'mine';
    expect(server.stats().sockets).toHaveLength(1);
    expect(client.stats().state).toBe('connected');
    const ipc = world.ipc();
    const spy = jest.spyOn(ipc, 'stats').mockReturnValue('mocked');
    expect(ipc.stats()).toBe('mocked');
    spy.mockRestore();
  });

  test('an id that is not a plain value is left out', async () => {
    const { server, client } = await pairs.unix();
    const got = once(server, 'm');
    client.emit('m', { id: { deep: [1] } });
    await got;
    expect(server.stats().sockets[0].id).toBe(null);
    const next = once(server, 'm');
    client.emit('m', { id: 'worker 7' });
    await next;
    expect(server.stats().sockets[0].id).toBe('worker 7');
  });
});
