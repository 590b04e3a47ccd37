'use strict';
// Strings that programs keep (types in a list or as keys, data, the text of what was no message) keep
// themselves in memory, and not what they came with.

const { once } = require('node:events');
const { each } = require('./helpers/combinations');
const { datagramPeer } = require('./helpers/datagrams');
const everything = require('./helpers/everything');
const { createWorld, freePort, KINDS } = require('./helpers/world');

const world = createWorld();

const ROUNDS = everything ? 100 : 40;
/** More than the bytes from which on a batch is not copied. */
const SIZE = 1200 * 1024;
/** What may be used beside the strings, for all: about two batches. */
const SLACK = 3 << 20;

const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;
const filling = 'f'.repeat(10_000);

/** Rounds of a large batch each, of which a short string is to be kept. */
const rounds = {
  types(round) {
    const type = `a-type-of-its-own-${round}`;
    return frame(type, filling).repeat(SIZE / filling.length);
  },
  map(round) {
    return rounds.types(round);
  },
  data(round) {
    const first =
      frame('x', `a string of the ordinary size, ${round}`) + frame('y', { name: 'n'.repeat(40) });
    return first + frame('other', '').repeat(SIZE / 30);
  },
  invalid(round) {
    return `this is not a message, but long ${round}\f` + frame('other', {}).repeat(SIZE / 30);
  },
};

async function kept(kind, place, send, count = ROUNDS) {
  const child = world.child(
    'kept-strings.js',
    { ...place, kind, rounds: count },
    {
      runtime: [process.execPath, '--expose-gc'],
    },
  );
  expect(await child.next()).toBe('ready');
  await send(child);
  const result = await child.next();
  await child.exited;
  return result;
}

test.each(each({ at: KINDS, kind: ['types', 'map', 'invalid'] }))(
  '$at: $kind',
  async ({ at, kind }) => {
    const place = await world.place(at);
    const result = await kept(kind, place.options, async () => {
      const peer = await world.peer(place);
      for (let round = 0; round < ROUNDS; round++) peer.write(rounds[kind](round) + frame('done'));
    });
    expect(result.kept).toBeGreaterThanOrEqual(ROUNDS);
    expect(result.heap).toBeLessThan(SLACK + 40 * result.kept + result.characters);
    expect(result.external).toBeLessThan(SLACK);
  },
);

test('types that a stranger makes up, and that a relay sends on', async () => {
  const place = await world.place('unix');
  const count = 20;
  const result = await kept(
    'relayed',
    place.options,
    async () => {
      const peer = await world.peer(place);
      for (let round = 0; round < count; round++)
        peer.write(frame(`${round}${'t'.repeat(SIZE)}`) + frame('done'));
    },
    count,
  );
  expect(result.heap).toBeLessThan(SLACK);
  expect(result.external).toBeLessThan(SLACK);
});

describe.each(everything ? KINDS : ['tcp'])('%s', (at) => {
  test('data strings of an ordinary size', async () => {
    const place = await world.place(at);
    const count = 6000;
    const result = await kept(
      'data',
      place.options,
      async () => {
        const peer = await world.peer(place);
        for (let round = 0; round < count; round++) {
          peer.writeFrames(
            ...[
              `{"type":"a-type-that-is-${'long'.repeat(50)}","data":"text of the ordinary size ${round}"}`,
            ],
          );
          if (round % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
          peer.write(frame('done'));
        }
      },
      count,
    );
    expect(result.kept).toBe(count);
    // Far less than with the 200 characters of its type.
    expect(result.heap).toBeLessThan(150 * result.kept + result.characters);
  });
});

// V8 has to hear of what is outside its heap: without other garbage it collects nothing by itself.
test.each([
  ['texts', 'x'.repeat(8 << 20)],
  ['objects', { text: 'x'.repeat(8 << 20) }],
])('large %s that nobody keeps are collected while more come', async (_, data) => {
  const place = await world.place('unix');
  const child = world.child('large-strings.js', place.options);
  expect(await child.next()).toBe('ready');
  const peer = await world.peer(place);
  const message = frame('large', data);
  for (let i = 0; i < 60; i++) {
    if (!peer.socket.write(message)) await once(peer.socket, 'drain');
  }
  peer.write(frame('done'));
  const { count, most } = await child.next();
  await child.exited;
  expect(count).toBe(60);
  expect(most).toBeLessThan(300 << 20); // of 480 MB
});

test('udp: types', async () => {
  const place = { host: '127.0.0.1', port: await freePort(), udp: true };
  const peer = await datagramPeer(world);
  const server = { server: { address: () => ({ address: place.host, port: place.port }) } };
  const result = await kept('types', place, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await peer.send(server, frame(`a-type-of-its-own-${round}`, filling).repeat(6));
      await peer.send(server, frame('done'));
      await peer.next(); // so that the buffers never overflow
    }
  });
  expect(result.kept).toBeGreaterThan(ROUNDS / 2);
  expect(result.heap).toBeLessThan(SLACK + 40 * result.kept + result.characters);
});
