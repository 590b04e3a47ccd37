'use strict';
// A peer that does not read, or a program that does not take: what waits is bounded on both sides, the
// sender is told, and nothing that was accepted is lost. See also streaming.test.js (a paused socket).

const net = require('node:net');
const { testInTurn } = require('./helpers/combinations');
const { collect, counter, once } = require('./helpers/events');
const Peer = require('./helpers/peer');
const { createTlsWorld } = require('./helpers/tls');
const { tcpPlace } = require('./helpers/world');

const world = createTlsWorld();

/** From where on emit returns false. */
const HIGH_WATER = 256 * 1024;
/** What a turn may collect before it is offered to the system. */
const PENDING = 32 * 1024;

const payload = 'x'.repeat(10_000);
const MESSAGE = payload.length + 50;
/** More than the system holds for two sockets. */
const COUNT = 4000;

/** Both ends of a connection: one of ours, which sends, and a raw one, which is paused. */
const ends = {
  async 'unix, server to client'(config) {
    return fromServer(await world.place('unix'), { tls: false, ...config });
  },
  async 'unix, client to server'(config) {
    return fromClient(await world.place('unix'), { tls: false, ...config });
  },
  async 'tcp, server to client'(config) {
    return fromServer(await world.place('tcp'), { tls: false, ...config });
  },
  async 'tcp, client to server'(config) {
    return fromClient(await world.place('tcp'), { tls: false, ...config });
  },
  async 'tls, server to client'(config) {
    return fromServer(await world.at(), config);
  },
  async 'tls, client to server'(config) {
    return fromClient(await world.at(), config);
  },
};

async function fromServer(place, config) {
  const server = await world.serve(place, config);
  const connected = once(server, 'connect');
  const peer = await (config?.tls === false ? world.peer(place) : world.nodeClient(place));
  const [socket] = await connected;
  return paused({ bus: server, socket, peer, emit: (n) => server.emit(socket, 'x', [n, payload]) });
}

async function fromClient(place, config) {
  let next;
  if (config?.tls === false) {
    ({ next } = await world.rawServer(place));
  } else {
    const server = await world.nodeServer(place);
    const secured = once(server, 'secureConnection');
    next = async () => new Peer((await secured)[0]);
  }
  const client = await world.connect(place, config);
  const { socket } = client;
  return paused({
    bus: client,
    socket,
    peer: await next(),
    emit: (n) => client.emit('x', [n, payload]),
  });
}

function paused(pair) {
  pair.peer.socket.pause();
  return pair;
}

/** The numbers of the next `count` messages. */
async function numbers(peer, count) {
  const got = [];
  while (got.length < count) got.push((await peer.message()).data[0]);
  return got;
}

const upTo = (count) => Array.from({ length: count }, (_, n) => n);

/** Emits `count` numbered messages whatever emit says. Returns the numbers by what became of them. */
function flood(bus, emit, count, from = 0) {
  const result = { accepted: [], refused: [] };
  let error = null;
  const note = (reason) => (error = reason);
  bus.on('error', note);
  for (let n = from; n < from + count; n++) {
    error = null;
    const below = emit(n);
    if (error === null) {
      result.accepted.push(n);
    } else {
      expect(error).toMatchObject({ code: 'ENOBUFS', message: expect.stringMatching('dropped') });
      expect(below).toBe(false);
      result.refused.push(n);
    }
  }
  bus.off('error', note);
  return result;
}

describe.each(Object.entries(ends))('%s', (name, connect) => {
  const end = Object.keys(ends).indexOf(name);
  // With one end of each transport, and the next test with the other one.
  const testOf = (number) => testInTurn(end + (end >> 1), number);
  // With TLS the I/O thread sends: it may have sent everything by the time of a look.
  const stays = !name.startsWith('tls') && process.env.FERRIPC_DRIVER !== 'tokio';

  testOf(0)('a sender that waits for drain holds no more than the mark and a message', async () => {
    const { bus, socket, peer, emit } = await connect();
    const drains = counter(bus, 'drain');
    let most = 0;
    let first = Infinity;
    const sending = (async () => {
      for (let n = 0; n < COUNT; n++) {
        const below = emit(n);
        most = Math.max(most, socket.writableLength);
        if (below) continue;
        if (first === Infinity) {
          first = n;
          if (stays) expect(socket.writableLength).toBeGreaterThanOrEqual(HIGH_WATER);
          setImmediate(() => peer.socket.resume());
        }
        await once(bus, 'drain');
        expect(socket.writableLength).toBe(0);
      }
    })();
    expect(await numbers(peer, COUNT)).toEqual(upTo(COUNT));
    await sending;
    expect(first).toBeLessThan(COUNT / 2);
    expect(most).toBeLessThanOrEqual(HIGH_WATER + MESSAGE + PENDING);
    expect(drains.count).toBeGreaterThan(0);
  });

  testOf(1)(
    'a sender that does not wait meets maxQueuedBytes: ENOBUFS, and the connection goes on',
    async () => {
      const maxQueuedBytes = 1 << 20;
      const { bus, socket, peer, emit } = await connect({ maxQueuedBytes });
      const { accepted, refused } = flood(bus, emit, COUNT);
      expect(refused.length).toBeGreaterThan(COUNT / 2);
      expect(socket.writableLength).toBeGreaterThanOrEqual(maxQueuedBytes);
      expect(socket.writableLength).toBeLessThanOrEqual(maxQueuedBytes + MESSAGE + PENDING);

      const drained = once(bus, 'drain');
      peer.socket.resume();
      await drained;
      expect(emit(COUNT)).toBe(true);
      expect(await numbers(peer, accepted.length + 1)).toEqual([...accepted, COUNT]);
    },
  );

  testOf(2)('messages flow again as soon as there is room, not only after drain', async () => {
    const maxQueuedBytes = 16 << 20;
    const { bus, socket, peer, emit } = await connect({ maxQueuedBytes });
    const { accepted, refused } = flood(bus, emit, COUNT);
    expect(refused.length).toBeGreaterThan(0);
    peer.socket.resume();
    while (socket.writableLength >= maxQueuedBytes) await new Promise(setImmediate);
    peer.socket.pause();
    expect(socket.writableLength).toBeGreaterThan(HIGH_WATER);
    const more = flood(bus, emit, 1, COUNT);
    expect(more.accepted).toEqual([COUNT]);
    peer.socket.resume();
    expect(await numbers(peer, accepted.length + 1)).toEqual([...accepted, COUNT]);
  });
});

describe('broadcast with one client that does not read', () => {
  async function audience(config) {
    const place = await world.place('unix');
    const server = await world.serve(place, { tls: false, ...config });
    const connected = once(server, 'connect');
    const stuck = await world.peer(place);
    const [stuckSocket] = await connected;
    stuck.socket.pause();
    const others = [await world.peer(place), await world.peer(place)];
    while (server.sockets.length < 3) await once(server, 'connect');
    return { server, stuck, stuckSocket, others };
  }

  test('the others go on, and it gets all that was sent to it once it reads', async () => {
    const { server, stuck, stuckSocket, others } = await audience();
    const blocked = new Set();
    server.on('drain', (socket) => blocked.delete(socket));
    let sent = 0;
    while (server.broadcast('x', [sent++, payload]));
    const shared = sent;
    // The others do not read meanwhile, either, and may be those for which it was too much.
    let own = shared;
    while (server.emit(stuckSocket, 'x', [own++, payload]));
    blocked.add(stuckSocket);
    while (sent < shared + 1000) {
      for (const socket of server.sockets) {
        if (blocked.has(socket)) continue;
        if (!server.emit(socket, 'x', [sent, payload])) blocked.add(socket);
      }
      sent++;
      while (server.sockets.slice(1).some((socket) => blocked.has(socket))) {
        await once(server, 'drain');
      }
    }
    for (const other of others) expect(await numbers(other, sent)).toEqual(upTo(sent));
    expect(blocked).toEqual(new Set([stuckSocket]));
    stuck.socket.resume();
    expect(await numbers(stuck, own)).toEqual(upTo(own));
    while (blocked.size > 0) await once(server, 'drain');
    expect(server.broadcast('x', ['last'])).toBe(true);
    for (const peer of [stuck, ...others]) expect(await numbers(peer, 1)).toEqual(['last']);
  });

  test('over maxQueuedBytes it alone misses messages, and the error names it', async () => {
    const { server, stuck, stuckSocket, others } = await audience({ maxQueuedBytes: 1 << 20 });
    const refusals = new Map(); // socket -> how many
    server.on('error', ({ code }, socket) => {
      expect(code).toBe('ENOBUFS');
      refusals.set(socket, (refusals.get(socket) ?? 0) + 1);
    });
    let taken = 0;
    for (let n = 0; n < 1000; n++) {
      const before = refusals.get(stuckSocket);
      server.broadcast('x', [n, payload]);
      if (refusals.get(stuckSocket) === before) taken++;
      for (const other of others) expect((await other.message()).data[0]).toBe(n);
    }
    expect([...refusals]).toEqual([[stuckSocket, 1000 - taken]]);
    expect(taken).toBeLessThan(500);
    stuck.socket.resume();
    expect(await numbers(stuck, taken)).toEqual(upTo(taken));
  });
});

describe('what else waits for a peer', () => {
  test('an error handler that emits is not called without end', async () => {
    const { bus, emit } = await ends['unix, server to client']({ maxQueuedBytes: HIGH_WATER });
    let calls = 0;
    bus.on('error', () => {
      calls++;
      expect(emit('from the handler')).toBe(false);
    });
    while (calls === 0) emit(0);
    emit(1);
    expect(calls).toBe(2);
  });

  test('the queue of sync mode is bounded by maxQueuedBytes, too (K17)', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { tls: false });
    const client = await world.connect(place, { tls: false, sync: true, maxQueuedBytes: 1 << 20 });
    const { accepted, refused } = flood(client, (n) => client.emit('x', [n, payload]), 200);
    expect(refused.length).toBeGreaterThan(50);
    const arrived = collect(server, 'x', accepted.length);
    server.on('x', (data, socket) => server.emit(socket, 'next'));
    expect((await arrived).map(([n]) => n)).toEqual(accepted);
    expect(flood(client, (n) => client.emit('x', [n]), 1).accepted).toEqual([0]);
  });

  test('before the first connection a smaller maxQueuedBytes is the limit; what it took arrives (K3)', async () => {
    const place = await world.place('unix');
    const client = world.dial(place, { tls: false, maxRetries: 1000, maxQueuedBytes: 1 << 20 });
    await once(client, 'error'); // no server listens: kept for later attempts
    const euros = '€'.repeat(10_000); // three bytes each
    const { accepted, refused } = flood(client, (n) => client.emit('x', [n, euros]), 200);
    expect(refused.length).toBeGreaterThan(50);
    const server = world.host(place, { tls: false });
    const arrived = collect(server, 'x', accepted.length);
    server.start();
    expect((await arrived).map(([n]) => n)).toEqual(accepted);
  });

  test('a client that looks its host up again keeps no more than maxQueuedBytes', async () => {
    const { options } = await world.place('tcp');
    const server = await world.serve(tcpPlace('127.0.0.1', options.port), { tls: false });
    const lookups = [];
    const lookup = (host, wanted, callback) => lookups.push(() => callback(null, '127.0.0.1', 4));
    const config = { tls: false, maxRetries: 9, maxQueuedBytes: 1 << 20, interface: { lookup } };
    const client = world.dial(tcpPlace('localhost', options.port), config);
    lookups.shift()();
    await once(client, 'connect');
    const emit = (n) => client.emit('x', [n, payload]);
    // Several times: what waited may go out all at once, or bit by bit.
    for (let round = 0; round < 5; round++) {
      while (server.sockets.length === 0) await once(server, 'connect');
      server.sockets[0].destroy();
      while (lookups.length === 0) await new Promise(setImmediate);
      const { accepted, refused } = flood(client, emit, 200);
      expect(refused.length).toBeGreaterThan(50);
      server.reset();
      const arrived = collect(server, 'x', accepted.length);
      const drained = once(client, 'drain');
      lookups.shift()();
      expect((await arrived).map(([n]) => n)).toEqual(accepted);
      await drained;
      expect(emit('again')).toBe(true);
    }
  });

  test("drain comes after messages behind a user's own corked writes, too (K4)", async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { tls: false });
    const client = await world.connect(place, { tls: false });
    let sent = 0;
    const drained = once(client, 'drain');
    client.socket.cork();
    client.socket.write('{"type":"own"}\f');
    while (client.emit('x', [sent++, payload]));
    const arrived = collect(server, 'x', sent);
    client.socket.uncork();
    expect((await arrived).map(([n]) => n)).toEqual(upTo(sent));
    await drained;
  });

  test("messages behind a user's own writes count with them, and drain comes (K4)", async () => {
    const { bus, socket, peer, emit } = await ends['unix, client to server']({
      maxQueuedBytes: 4 << 20,
    });
    const own = `"${'y'.repeat(8 << 20)}"\f`;
    socket.write(own); // to the system and the engine
    socket.write(own); // stays in the stream, as it does with net
    const { refused } = flood(bus, emit, 10);
    expect(refused).toEqual(upTo(10));
    const drained = once(bus, 'drain');
    peer.socket.resume();
    for (let i = 0; i < 2; i++) expect((await peer.message()).length).toBe(8 << 20);
    await drained;
    expect(emit(11)).toBe(true);
    expect(await numbers(peer, 1)).toEqual([11]);
  });
});

describe.each(['unix', 'tcp'])('%s: a program that does not take what comes', (kind) => {
  test('a handler that blocks holds its sender back, and misses nothing', async () => {
    const place = await world.place(kind);
    const child = world.child('blocked.js', [place.options]);
    expect(await child.next()).toBe('listening');
    const peer = await world.peer(place);
    peer.send('block', null);
    expect(await child.next()).toBe('blocked');

    const frame = JSON.stringify({ type: 'x', data: 'x'.repeat(65_000) });
    for (let n = 0; n < 1000; n++) peer.writeFrames(frame);
    await transfer(await world.place(kind), 1000 * frame.length); // as long as that takes
    const accepted = peer.socket.bytesWritten - peer.socket.writableLength;
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(24 << 20); // the sockets' buffers and those of the engine

    child.tell('go on');
    peer.send('count', null);
    expect((await peer.message()).data).toBe(1000);
  });
});

/** Sends so many bytes from one net.Socket to another. */
async function transfer({ options }, bytes) {
  const server = net.createServer().listen(options);
  world.after(() => server.close());
  await once(server, 'listening');
  const socket = net.connect(options);
  const [receiver] = await once(server, 'connection');
  receiver.resume();
  socket.end(Buffer.alloc(bytes));
  await once(receiver, 'end');
}
