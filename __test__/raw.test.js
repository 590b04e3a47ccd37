'use strict';
// Raw mode: bytes go out and come in as they are (K14, F13), and the mode is live (K6).

const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once } = require('./helpers/events');

const world = createWorld();
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));

/** A promise of `length` bytes of `data` events. */
function gather(bus, length) {
  return new Promise((resolve) => {
    const chunks = [];
    let total = 0;
    bus.on('data', (chunk) => {
      chunks.push(chunk);
      total += chunk.length;
      if (total >= length) resolve(Buffer.concat(chunks));
    });
  });
}

async function pair(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  const { client } = await world.meet(server, place, config);
  return { server, client };
}

describe.each(TRANSPORTS)('%s', (kind) => {
  test('an empty payload is nothing, from either side', async () => {
    const { server, client } = await pair(kind, { rawBuffer: true, encoding: 'base64' });
    const received = gather(server, 4);
    for (const nothing of ['', Buffer.alloc(0), '*', []]) client.emit(nothing);
    expect(client.socket.write('')).toBe(true);
    client.emit(Buffer.from('ping'));
    expect(`${await received}`).toBe('ping');
    const answer = gather(client, 4);
    server.emit(server.sockets[0], Buffer.alloc(0));
    server.broadcast(Buffer.alloc(0));
    server.emit(server.sockets[0], Buffer.from('pong'));
    expect(`${await answer}`).toBe('pong');
  });
});

describe.each(TRANSPORTS)('%s', (kind) => {
  test.each([
    ['a Buffer', allBytes, 'utf8', allBytes],
    ['a Uint8Array', new Uint8Array(allBytes), 'utf8', allBytes],
    [
      'a view into a larger buffer',
      allBytes.subarray(100, 200),
      'utf8',
      allBytes.subarray(100, 200),
    ],
    ['an array of bytes', [...allBytes], 'utf8', allBytes],
    ['a string', 'aé😀\f', 'utf8', Buffer.from('aé😀\f')],
    ['hex', 'c0ffee00', 'hex', Buffer.from([0xc0, 0xff, 0xee, 0])],
    ['base64', 'AP+A', 'base64', Buffer.from([0, 255, 128])],
    ['latin1', '\xff\x00\x80', 'latin1', Buffer.from([255, 0, 128])],
    ['utf16le', 'é', 'utf16le', Buffer.from([0xe9, 0])],
  ])('%s arrives byte by byte (K14, F13)', async (name, payload, encoding, bytes) => {
    const { server, client } = await pair(kind, { rawBuffer: true, encoding });
    const there = gather(server, bytes.length);
    client.emit(payload);
    expect(await there).toEqual(bytes);
    const back = gather(client, bytes.length);
    server.emit(server.sockets[0], payload);
    expect(await back).toEqual(bytes);
    const again = gather(client, bytes.length);
    server.broadcast(payload);
    expect(await again).toEqual(bytes);
  });

  test('data events carry a Buffer, and on the server the socket (K14)', async () => {
    const { server, client } = await pair(kind, { rawBuffer: true });
    const there = once(server, 'data');
    client.emit(allBytes);
    const [buffer, socket] = await there;
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect(socket).toBe(server.sockets[0]);
    const back = once(client, 'data');
    server.broadcast(allBytes);
    expect(Buffer.isBuffer((await back)[0])).toBe(true);
  });

  test('16 MB of bytes arrive whole, both ways (F13)', async () => {
    const { server, client } = await pair(kind, { rawBuffer: true });
    const bytes = Buffer.alloc(16 << 20);
    for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32BE((i * 2654435761) >>> 0, i);
    const arrived = [gather(server, bytes.length), gather(client, bytes.length)];
    client.emit(bytes);
    server.broadcast(bytes);
    const [there, back] = await Promise.all(arrived);
    expect(there.equals(bytes)).toBe(true);
    expect(back.equals(bytes)).toBe(true);
  });

  test('a payload may be changed right after emit returns', async () => {
    const { server, client } = await pair(kind, { rawBuffer: true });
    const there = gather(server, 3);
    const bytes = Buffer.from('abc');
    client.emit(bytes);
    bytes.fill(0);
    expect((await there).toString()).toBe('abc');
  });

  test('what was emitted before the connection is sent raw, too (K3, K14)', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, { rawBuffer: true });
    const there = gather(server, 256);
    world.dial(place, { rawBuffer: true }).emit(allBytes);
    expect(await there).toEqual(allBytes);
  });
});

describe('the mode is live (K6)', () => {
  test('a client may send messages and raw bytes in turn', async () => {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const peer = await raw.next();
    client.emit('x', 1);
    client.config.rawBuffer = true;
    client.emit('{"type":"y"}\f');
    client.config.rawBuffer = false;
    client.emit('z', 2);
    expect([await peer.message(), await peer.message(), await peer.message()]).toEqual([
      { type: 'x', data: 1 },
      { type: 'y' },
      { type: 'z', data: 2 },
    ]);
  });

  test.each(['unix', 'tcp'])(
    'a handler of connect may switch it on: the first bytes come as they were sent, over %s',
    async (kind) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const client = world.dial(place);
      const first = [];
      const [there, back] = [server, client].map((bus) => {
        bus.on('connect', () => (bus.config.rawBuffer = true));
        bus.on('data', (bytes) => first.push(bytes.length));
        return gather(bus, 256);
      });
      server.on('connect', (socket) => socket.write(allBytes));
      client.on('connect', () => client.emit(allBytes));
      expect(await there).toEqual(allBytes);
      expect(await back).toEqual(allBytes);
      expect(first).toEqual([256, 256]);
    },
  );

  test.each(['server', 'client'])('what a %s receives follows its configuration', async (side) => {
    const place = await world.place('unix');
    let bus;
    let peer;
    if (side === 'server') {
      bus = await world.serve(place);
      peer = await world.peer(place);
      peer.send('first', 1);
      await once(bus, 'first');
    } else {
      const raw = await world.rawServer(place);
      bus = await world.connect(place);
      peer = await raw.next();
    }

    bus.config.rawBuffer = true;
    const messages = [];
    bus.on('x', (data) => messages.push(data));
    for (let i = 0; i < 3; i++) {
      const bytes = once(bus, 'data');
      peer.send('x', i);
      expect((await bytes)[0].toString()).toBe(`{"type":"x","data":${i}}\f`);
    }
    expect(messages).toEqual([]);

    // The read under way may still be reported as bytes; from the next one on there are messages.
    bus.config.rawBuffer = false;
    const either = Promise.race([once(bus, 'data'), once(bus, 'x')]);
    peer.send('x', 'between');
    await either;
    const message = once(bus, 'x');
    peer.send('x', 'again');
    expect((await message)[0]).toBe('again');
  });
});
