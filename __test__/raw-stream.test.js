'use strict';
// Raw mode with much to read and to write: what the receiver's memory costs, and that nothing is lost or out of order,
// whatever is done in the middle of it.

const { createHash } = require('node:crypto');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { counter, once } = require('./helpers/events');
const { onNative } = require('./helpers/platform');

const world = createWorld();
const RAW = { rawBuffer: true };
const KB = 1024;

/** Bytes in which no two blocks are alike. */
function noise(length) {
  const words = new Uint32Array(length / 4);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 2654435761);
  return Buffer.from(words.buffer);
}

/** Of 1 byte to 300 kB. */
const SIZES = [1, 70_000, 4095, 16_384, 300_000, 4096, 65_536, 17, 131_072, 1000];

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function pair(kind, config = RAW) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  const { client, socket } = await world.meet(server, place, config);
  return { server, client, socket };
}

/** Emits `bytes` in pieces of all sizes, and waits for `drain` when it is told to. */
async function send(bus, emit, bytes) {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = SIZES[i % SIZES.length];
    if (!emit(bytes.subarray(at, at + size))) await once(bus, 'drain');
    at += size;
  }
}

/** The hash of the next `length` bytes; `act` is called after each piece. */
function receive(bus, length, act = () => {}) {
  return new Promise((resolve) => {
    const sum = createHash('sha256');
    let received = 0;
    const take = (chunk) => {
      sum.update(chunk);
      received += chunk.length;
      if (received === length) {
        bus.off('data', take);
        resolve(sum.digest('hex'));
      }
      act(chunk);
    };
    bus.on('data', take);
  });
}

/** Until the system takes no more: what is emitted waits here. */
function fill({ client }) {
  const piece = noise(64 * KB);
  const pieces = [];
  for (let waiting = 0; waiting < 256 * KB; waiting = client.socket.writableLength) {
    client.emit(piece);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

describe.each(TRANSPORTS)('%s', (kind) => {
  test('both ways at once, in pieces of all sizes: in order and whole', async () => {
    const { server, client, socket } = await pair(kind);
    const bytes = noise(8 * KB * KB);
    const there = receive(server, bytes.length);
    const back = receive(client, bytes.length);
    await Promise.all([
      send(client, (piece) => client.emit(piece), bytes),
      send(server, (piece) => server.emit(socket, piece), bytes),
    ]);
    expect(await there).toBe(hash(bytes));
    expect(await back).toBe(hash(bytes));
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([bytes.length, bytes.length]);
    expect([client.socket.bytesRead, client.socket.bytesWritten]).toEqual([
      bytes.length,
      bytes.length,
    ]);
  });

  test('a sender that does not wait loses nothing, and may change what it has emitted', async () => {
    const { server, client } = await pair(kind);
    const bytes = noise(4 * KB * KB);
    const there = receive(server, bytes.length);
    const buffer = Buffer.alloc(100_000);
    for (let at = 0; at < bytes.length; at += buffer.length) {
      const piece = buffer.subarray(0, bytes.copy(buffer, 0, at));
      client.emit(piece);
      piece.fill(0);
    }
    expect(await there).toBe(hash(bytes));
  });

  test('emit is false when the peer does not read; drain comes once it has', async () => {
    const { server, client, socket } = await pair(kind);
    socket.pause();
    const drains = counter(client, 'drain');
    const piece = noise(64 * KB);
    let sent = 1;
    for (let refused = 0; refused < 100; sent++) refused = client.emit(piece) ? 0 : refused + 1;
    sent--;
    expect(client.socket.writableLength).toBeGreaterThan(0);
    const there = receive(server, sent * piece.length);
    socket.resume();
    await drains.reaches(1);
    expect(client.socket.writableLength).toBe(0);
    expect(await there).toBe(hash(Buffer.concat(Array(sent).fill(piece))));
    expect(drains.count).toBe(1);
    expect(client.emit(Buffer.from('x'))).toBe(true);
  });

  onNative.test('a Buffer keeps no more memory than it shows', async () => {
    const { server, client } = await pair(kind);
    const kept = [];
    const bytes = noise(2 * KB * KB);
    const there = receive(server, 1 + bytes.length, (chunk) => kept.push(chunk));
    client.emit(Buffer.from('1'));
    await once(server, 'data');
    client.emit(bytes);
    await there;
    expect(kept[0]).toHaveLength(1);
    for (const chunk of kept) expect(chunk.buffer.byteLength).toBe(chunk.length);
  });

  test('what is kept stays as it was', async () => {
    const { server, client } = await pair(kind);
    const bytes = noise(4 * KB * KB);
    const kept = [];
    const there = receive(server, bytes.length, (chunk) => kept.push(chunk));
    await send(client, (piece) => client.emit(piece), bytes);
    await there;
    expect(Buffer.concat(kept).equals(bytes)).toBe(true);
  });

  test('a handler that pauses after each piece gets the next one after resume', async () => {
    const { server, client, socket } = await pair(kind);
    const bytes = noise(2 * KB * KB);
    let paused = false;
    const there = receive(server, bytes.length, () => {
      expect(paused).toBe(false);
      paused = true;
      socket.pause();
      setImmediate(() => {
        paused = false;
        socket.resume();
      });
    });
    await send(client, (piece) => client.emit(piece), bytes);
    expect(await there).toBe(hash(bytes));
  });

  test.each(['server', 'client'])('the %s destroys the connection in the middle', async (side) => {
    const { server, client, socket } = await pair(kind);
    const closed = [once(socket, 'close'), once(client.socket, 'close')];
    client.socket.on('error', () => {});
    socket.on('error', () => {});
    const chunks = [];
    server.on('data', (chunk) => {
      chunks.push(chunk);
      if (chunks.length === 3) (side === 'server' ? socket : client.socket).destroy();
    });
    client.config.stopRetrying = true;
    const bytes = fill({ client });
    await Promise.all(closed);
    if (side === 'server') expect(chunks).toHaveLength(3);
    const received = Buffer.concat(chunks);
    expect(received.equals(bytes.subarray(0, received.length))).toBe(true);
  });

  test('an end in the middle: all that was emitted before it arrives', async () => {
    const { server, client, socket } = await pair(kind);
    socket.pause();
    const bytes = fill({ client });
    const there = receive(server, bytes.length);
    const ended = once(socket, 'end');
    client.socket.end();
    socket.resume();
    expect(await there).toBe(hash(bytes));
    await ended;
    expect(socket.bytesRead).toBe(bytes.length);
  });

  test('a server that goes from bytes to messages and back loses nothing', async () => {
    const { server, client } = await pair(kind);
    const frames = Array.from({ length: 200 }, (_, i) => {
      return `{"type":"x","data":"${i}${'abc'.repeat((i * 977) % 20_000)}"}\f`;
    });
    const bytes = Buffer.from(frames.join(''));
    const parts = [];
    let received = 0;
    const all = new Promise((resolve) => {
      const take = (part) => {
        parts.push(part);
        received += part.length;
        server.config.rawBuffer = parts.length % 3 !== 0;
        if (received === bytes.length) resolve();
      };
      server.on('data', (chunk) => take(chunk));
      server.on('x', (data) => take(Buffer.from(`{"type":"x","data":"${data}"}\f`)));
      server.on('error', ({ response }) => take(Buffer.from(`${response}\f`)));
    });
    await send(client, (piece) => client.emit(piece), bytes);
    await all;
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });
});
