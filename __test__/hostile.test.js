'use strict';
// A peer that sends anything whatever: the process, the other connections, and the peer's own
// connection go on, and each thing that is wrong is reported once (F4, F5). Both sides, both transports.

const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, record, counter } = require('./helpers/events');
const { isTurn } = require('./helpers/combinations');
const everything = require('./helpers/everything');
const { malformed, odd } = require('./helpers/hostile');
const { seeded } = require('./helpers/random');

const world = createWorld();

const SEEDS = everything ? [1, 2, 3] : [1];

const CASES = [...malformed, ...odd];
/** The cases on each transport: each night all, otherwise each case on one of them. */
const casesOf = (kind) =>
  CASES.filter((_, i) => isTurn(TRANSPORTS.indexOf(kind), i, TRANSPORTS.length));

/** A server that echoes, a well-behaved client of it, and a raw peer. */
async function hostToPeer(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
  const { client: neighbour } = await world.meet(server, place);
  const connected = once(server, 'connect');
  const peer = await world.peer(place);
  const [socket] = await connected;
  return { server, neighbour, peer, socket, events: record(server) };
}

/** A client of a raw server that is a peer, and another connection of the same process. */
async function guestOfPeer(kind, config) {
  const place = await world.place(kind);
  const raw = await world.rawServer(place);
  const client = await world.connect(place, config);
  client.on('echo', (data) => client.emit('echo', data));
  return { client, peer: await raw.next(), events: record(client) };
}

async function ask(client, data) {
  const answer = once(client, 'echo');
  client.emit('echo', data);
  return (await answer)[0];
}

describe.each(TRANSPORTS)('%s: a hostile client', (kind) => {
  test.each(casesOf(kind))('sends $name (F4, F5)', async ({ frame, outcome }) => {
    const { server, neighbour, peer, socket, events } = await hostToPeer(kind);
    peer.writeFrames(frame);

    expect(await peer.ask('echo', 'mine')).toEqual({ type: 'echo', data: 'mine' });
    expect(await ask(neighbour, 'yours')).toBe('yours');
    expect(events).toEqual([outcome(), ['echo', 'mine'], ['echo', 'yours']]);
    expect(server.sockets).toHaveLength(2);
    expect({}.polluted).toBeUndefined();

    const [gone] = await new Promise((resolve) => {
      server.on('socket.disconnected', (...args) => resolve(args));
      peer.socket.end();
    });
    expect(gone).toBe(socket);
    expect(server.sockets).toHaveLength(1);
    expect(await ask(neighbour, 'still')).toBe('still');
  });

  test('is named by the error event, and logged (F4, K18)', async () => {
    const lines = [];
    const { server, peer, socket } = await hostToPeer(kind, {
      silent: false,
      logger: (line) => lines.push(line),
    });
    const culprits = [];
    server.on('error', (error, culprit) => culprits.push(culprit));
    peer.writeFrames(...malformed.map(({ frame }) => frame));
    await peer.ask('echo');
    expect(culprits).toEqual(malformed.map(() => expect.anything()));
    expect(culprits.every((culprit) => culprit === socket)).toBe(true);
    expect(lines.filter((line) => line.includes('received event of :  error'))).toHaveLength(
      malformed.length,
    );
    peer.socket.end();
    await once(server, 'socket.disconnected');
  });

  test('sends many empty frames (F4)', async () => {
    const many = everything ? 100_000 : 20_000;
    const { server, neighbour, peer } = await hostToPeer(kind);
    const errors = counter(server, 'error');
    peer.write('\f'.repeat(many));
    expect(await ask(neighbour, 1)).toBe(1);
    await peer.ask('echo');
    expect(errors.count).toBe(many);
  });

  test.each([
    ['half a frame', '{"type":"x","da'],
    ['half a character', Buffer.from([0xf0, 0x9f])],
    ['a message without its delimiter', '{"type":"x","data":1}'],
  ])('sends %s and closes (F4)', async (name, bytes) => {
    const { server, neighbour, peer, socket, events } = await hostToPeer(kind);
    const gone = once(server, 'socket.disconnected');
    peer.send('whole', 1);
    peer.socket.end(bytes);
    expect((await gone)[0]).toBe(socket);
    expect(events).toEqual([
      ['whole', 1],
      [
        'error',
        expect.objectContaining({
          code: 'ERR_FERRIPC_TRUNCATED_MESSAGE',
          length: Buffer.byteLength(bytes),
        }),
      ],
      ['close', false],
      ['socket.disconnected', socket],
    ]);
    expect(await ask(neighbour, 1)).toBe(1);
  });

  test('sends messages over config.maxMessageBytes (F4)', async () => {
    const { neighbour, peer, events } = await hostToPeer(kind, { maxMessageBytes: 100 });
    const sized = (bytes) => JSON.stringify({ type: 'x', data: 'é'.repeat(bytes / 2 - 12) + '..' });
    expect(Buffer.byteLength(sized(100))).toBe(100);
    peer.writeFrames(sized(100), sized(102), sized(100), 'x'.repeat(3_000_000), sized(100));
    await peer.ask('echo', 1);
    expect(await ask(neighbour, 2)).toBe(2);
    const tooLarge = (length) =>
      expect.objectContaining({ code: 'ERR_FERRIPC_MESSAGE_TOO_LARGE', length });
    expect(events).toEqual([
      ['x', expect.any(String)],
      ['error', tooLarge(102)],
      ['x', expect.any(String)],
      ['error', tooLarge(3_000_000)],
      ['x', expect.any(String)],
      ['echo', 1],
      ['echo', 2],
    ]);
  });

  test('never ends a message: the sender is told, the memory stays bounded (F4)', async () => {
    const { neighbour, peer, events } = await hostToPeer(kind, { maxMessageBytes: 1000 });
    const before = process.memoryUsage.rss();
    const megabyte = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 128; i++) if (!peer.write(megabyte)) await once(peer.socket, 'drain');
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 << 20);
    peer.write('\f');
    await peer.ask('echo', 1);
    expect(await ask(neighbour, 2)).toBe(2);
    expect(events[0]).toEqual(['error', expect.objectContaining({ length: 128 << 20 })]);
  });
});

describe.each(TRANSPORTS)('%s: a hostile server', (kind) => {
  test.each(casesOf(kind))('sends $name (F4, F5)', async ({ frame, outcome }) => {
    const { client, peer, events } = await guestOfPeer(kind);
    const { socket } = client;
    peer.writeFrames(frame);

    expect(await peer.ask('echo', 'mine')).toEqual({ type: 'echo', data: 'mine' });
    expect(events).toEqual([outcome(), ['echo', 'mine']]);
    expect(client.socket).toBe(socket);
    expect(socket.destroyed).toBe(false);
    expect(client.explicitlyDisconnected).toBe(false);
  });

  test('closes in the middle of a message, and the client comes back (F4)', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const events = record(client);
    (await raw.next()).socket.end('{"type":"x"}\f{"type":');
    await once(client, 'connect');
    expect(events).toEqual([
      ['x', undefined],
      ['error', expect.objectContaining({ code: 'ERR_FERRIPC_TRUNCATED_MESSAGE', length: 8 })],
      ['disconnect', undefined],
      ['connect', undefined],
    ]);
  });

  test('sends a message over config.maxMessageBytes (F4)', async () => {
    const { peer, events } = await guestOfPeer(kind, { maxMessageBytes: 1000 });
    peer.writeFrames('x'.repeat(1001));
    await peer.ask('echo', 1);
    expect(events).toEqual([
      ['error', expect.objectContaining({ code: 'ERR_FERRIPC_MESSAGE_TOO_LARGE', length: 1001 })],
      ['echo', 1],
    ]);
  });
});

describe.each(SEEDS)('a random mixture, seed %i (F4, F5)', (seed) => {
  /** The bytes of many frames, what they amount to, and where to cut them. */
  function mixture() {
    const random = seeded(seed);
    const picks = Array.from({ length: 150 }, () => CASES[random(CASES.length)]);
    const bytes = Buffer.concat(
      picks.flatMap(({ frame }) => [Buffer.from(frame), Buffer.from('\f')]),
    );
    const chunks = [];
    for (let at = 0; at < bytes.length;) {
      const length = 1 + random(random(3) === 0 ? 8 : 100_000);
      chunks.push(bytes.subarray(at, at + length));
      at += length;
    }
    return { chunks, outcomes: picks.map(({ outcome }) => outcome()) };
  }

  test.each(TRANSPORTS)('from a client, over %s', async (kind) => {
    const { server, neighbour, peer, events } = await hostToPeer(kind);
    const { chunks, outcomes } = mixture();
    for (const chunk of chunks) peer.write(chunk);
    await peer.ask('echo', 'end');
    expect(events).toEqual([...outcomes, ['echo', 'end']]);
    expect(server.sockets).toHaveLength(2);
    expect(await ask(neighbour, 1)).toBe(1);
  });

  test.each(TRANSPORTS)('from a server, over %s', async (kind) => {
    const { peer, events } = await guestOfPeer(kind);
    const { chunks, outcomes } = mixture();
    for (const chunk of chunks) peer.write(chunk);
    await peer.ask('echo', 'end');
    expect(events).toEqual([...outcomes, ['echo', 'end']]);
  });
});
