'use strict';
// Messages and chunks: whatever way the bytes are cut or joined on their way, the same messages arrive,
// whole and in order (F1, F2, F3, K1).

const { each } = require('./helpers/combinations');
const everything = require('./helpers/everything');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, collect, record } = require('./helpers/events');
const { seeded } = require('./helpers/random');

const world = createWorld();

/** Text of one, two, three and four bytes a character, and everything JSON escapes. */
const text = 'aé€😀"\\\n\u0000\u2028';
const frame = (type, data) => JSON.stringify({ type, data });

async function serverAndPeer(kind, config = {}) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  server.on('sync', (data, socket) => server.emit(socket, 'synced'));
  const connected = once(server, 'connect');
  const peer = await world.peer(place, config.delimiter);
  await connected;
  return { server, peer };
}

const DELIMITERS = ['\f', '\n', '\r\n', '--frame--', '€|', '💩'];

test.each(each({ kind: TRANSPORTS, delimiter: DELIMITERS }))(
  '$kind: messages cut at every byte, delimiter $delimiter (K1, F1, F3)',
  async ({ kind, delimiter }) => {
    const { server, peer } = await serverAndPeer(kind, { delimiter });
    const clean = text.replace(/\n/, '');
    const bytes = Buffer.from(
      [frame('a', clean), frame('b', { [clean]: [clean] }), frame('c', 1), ''].join(delimiter),
    );
    const events = record(server);
    for (let cut = 0; cut <= bytes.length; cut++) {
      // The answer shows that the first part has been read, and that the complete message before
      // it was not held back (F1).
      const first = Buffer.concat([Buffer.from(frame('sync') + delimiter), bytes.subarray(0, cut)]);
      peer.write(first);
      await peer.message();
      peer.write(bytes.subarray(cut));
      await peer.ask('sync');
      expect(events.splice(0)).toEqual([
        ['sync', undefined],
        ['a', clean],
        ['b', { [clean]: [clean] }],
        ['c', 1],
        ['sync', undefined],
      ]);
    }
  },
);

describe.each(TRANSPORTS)('%s', (kind) => {
  test('one byte at a time (F1, F2)', async () => {
    const { server, peer } = await serverAndPeer(kind, { delimiter: '\r\n' });
    const events = record(server);
    for (const byte of Buffer.from(`${frame('x', text)}\r\n`)) {
      peer.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await peer.ask('sync');
    expect(events[0]).toEqual(['x', text]);
  });

  test('10,000 messages in one chunk (F1)', async () => {
    const { server, peer } = await serverAndPeer(kind);
    const sent = Array.from({ length: 10_000 }, (_, n) => ({ n, text: text.repeat(n % 7) }));
    const received = collect(server, 'x', sent.length);
    peer.writeFrames(...sent.map((data) => frame('x', data)));
    expect(await received).toEqual(sent);
  });

  test('an emitted message is JSON with the keys type, data, and the delimiter, in UTF-8 (K1)', async () => {
    const { server, peer } = await serverAndPeer(kind, { delimiter: '\r\n', encoding: 'latin1' });
    const chunks = [];
    peer.socket.on('data', (chunk) => chunks.push(chunk));
    server.broadcast('x', { text });
    server.broadcast('y');
    await peer.frame();
    await peer.frame();
    expect(Buffer.concat(chunks).toString()).toBe(
      `${frame('x', { text })}\r\n{"type":"y","data":{}}\r\n`,
    );
  });

  test.each(everything ? [1, 2, 3] : [1])(
    'random messages, both ways at once, seed %i (F1, F2)',
    async (seed) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const { client } = await world.meet(server, place);
      const random = seeded(seed);
      const some = () =>
        Array.from({ length: 300 }, () => text.repeat(1 + random(random(10) === 0 ? 20_000 : 20)));
      const [up, down] = [some(), some()];
      const arrived = [collect(server, 'up', 300), collect(client, 'down', 300)];
      for (let i = 0; i < 300; i++) {
        client.emit('up', up[i]);
        server.broadcast('down', down[i]);
        if (random(5) === 0) await new Promise(setImmediate);
      }
      expect(await Promise.all(arrived)).toEqual([up, down]);
    },
  );

  // V8 has a text as Latin-1 or as UTF-16, and as parts until somebody looks at it.
  test.each([
    ['ASCII', 'abcdefgh'],
    ['Latin-1', 'abc\u0080def\u00ff'],
    ['Latin-1 alone', '\u0080\u00bf\u00c0\u00ff'],
    ['UTF-16 that is Latin-1 in its low bytes', 'abc\u0180\u02ff'],
    ['UTF-16', text],
    ['UTF-16 with half a character', 'abc\ud83d-'],
  ])(
    'long texts: %s, in one piece and in parts, as data and in an object (K1)',
    async (_, unit) => {
      const { server, peer } = await serverAndPeer(kind);
      const long = unit.repeat(Math.ceil(70_000 / unit.length));
      const inParts = Array.from({ length: 30_000 }, () => unit).reduce((all, one) => all + one);
      for (const data of [long, inParts, { long }, { inParts }]) {
        server.broadcast('x', data);
        const expected = frame('x', data);
        expect((await peer.frame()) === Buffer.from(expected).toString()).toBe(true);
        peer.write(expected + peer.delimiter);
        expect(frame('x', (await once(server, 'x'))[0])).toHaveLength(expected.length);
      }
    },
  );

  const megabytes = everything ? 32 : 8;
  test('many megabytes in one message, both ways (F2)', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const client = await world.connect(place);
    const numbers = Array.from({ length: megabytes << 16 }, (_, n) => n.toString(16));
    const ascii = numbers.map((number) => number.padStart(16, '.')).join('');
    const wide = ascii.slice(0, megabytes << 18) + text.repeat(megabytes << 15);
    for (const sent of everything ? [ascii, wide] : [wide]) {
      const there = once(server, 'big');
      client.emit('big', sent);
      const received = (await there)[0];
      expect(received === sent).toBe(true); // toBe would print both
      const back = once(client, 'big');
      server.broadcast('big', sent);
      expect((await back)[0] === sent).toBe(true);
    }
  });
});

describe('delimiters', () => {
  test('each endpoint has its own: those of earlier ones stay (F3)', async () => {
    const all = ['\f', '\r\n', '||'];
    const places = await Promise.all(all.map(() => world.place('unix')));
    const servers = [];
    for (const [i, delimiter] of all.entries()) {
      servers.push(await world.serve(places[i], { delimiter }));
    }
    const clients = [];
    for (const [i, delimiter] of all.entries()) {
      clients.push(await world.connect(places[i], { delimiter }));
    }
    for (const [i, client] of clients.entries()) {
      const there = once(servers[i], 'x');
      client.emit('x', i);
      expect((await there)[0]).toBe(i);
      const back = once(client, 'y');
      servers[i].broadcast('y', i);
      expect((await back)[0]).toBe(i);
    }
  });

  test('one instance: server and clients with different ones (F3)', async () => {
    const foreign = await world.place('unix');
    const raw = await world.rawServer(foreign, '\n');
    const own = await world.place('unix');
    const ipc = world.ipc({ delimiter: '\f' });
    own.serve(ipc);
    await ipc.server.start();
    ipc.config.delimiter = '\n';
    foreign.connectTo(ipc, 'foreign');
    await once(ipc.of.foreign, 'connect');
    const theirs = await raw.next();
    ipc.of.foreign.emit('x', 1);
    expect(await theirs.message()).toEqual({ type: 'x', data: 1 });
    const ours = await world.peer(own, '\f');
    ours.send('y', 2);
    const [data, socket] = await once(ipc.server, 'y');
    expect(data).toBe(2);
    ipc.server.emit(socket, 'z', 3);
    expect(await ours.message()).toEqual({ type: 'z', data: 3 });
  });

  test('one that is missing from the configuration is \\f (K1, K6)', async () => {
    const place = await world.place('unix');
    const ipc = world.ipc();
    ipc.config = { silent: true };
    place.serve(ipc);
    await ipc.server.start();
    const peer = await world.peer(place);
    peer.send('x', 1);
    expect((await once(ipc.server, 'x'))[0]).toBe(1);
  });
});

describe('data that is missing or false (K7)', () => {
  class Emitter {
    _maxListeners = 5;
  }

  test.each([
    [undefined, {}],
    [null, {}],
    ['', {}],
    [NaN, {}],
    [false, false],
    [0, 0],
    [new Emitter(), {}],
    [
      { _maxListeners: 0, a: 1 },
      { _maxListeners: 0, a: 1 },
    ],
    [{ __proto__: null, a: undefined }, {}],
    [
      [null, undefined],
      [null, null],
    ],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
  ])('%p arrives as %p', async (sent, expected) => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const client = await world.connect(place);
    const there = once(server, 'x');
    client.emit('x', sent);
    expect((await there)[0]).toEqual(expected);
    const back = once(client, 'x');
    server.broadcast('x', sent);
    expect((await back)[0]).toEqual(expected);
  });
});
