/** @jest-environment <rootDir>/__test__/helpers/realm.js */
'use strict';
// Where no Buffer is an instance of the global Uint8Array, as in jest's environment of jsdom: bytes are bytes all the same.

const { codec } = require('../ipc2');
const mqueue = require('../mqueue');
const { once } = require('./helpers/events');
const { isScript, onLinux, onNative, onUnix } = require('./helpers/platform');
const { queueName } = require('./helpers/queues');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { collect, createParties, datas } = require('./ipcio/parties');

const world = createWorld();
const bytes = Buffer.from([0, 1, 254, 255]);

test('the environment is such a one', () => {
  expect([bytes instanceof Uint8Array, Buffer.isBuffer(bytes)]).toEqual([false, true]);
  expect(new Uint8Array(1)).toBeInstanceOf(Uint8Array);
});

describe.each([...TRANSPORTS, 'udp'])('over %s', (kind) => {
  test.each([
    ['a Buffer', bytes],
    ['a Uint8Array', new Uint8Array(bytes)],
  ])('in raw mode %s goes both ways', async (name, given) => {
    const place = await world.place(kind);
    const raw = { rawBuffer: true, encoding: 'hex' };
    const server = await world.serve(place, raw);
    const client = await world.connect(place, raw);
    server.on('data', (data, socket) => server.emit(socket, given));
    const got = [once(server, 'data'), once(client, 'data')];
    client.emit(given);
    for (const [data] of await Promise.all(got)) {
      expect(Buffer.isBuffer(data)).toBe(true);
      expect([...data]).toEqual([...bytes]);
    }
  });
});

onNative.test('values arrive as they were', async () => {
  const place = await world.place('unix');
  const advanced = { serialization: 'advanced' };
  const server = await world.serve(place, advanced);
  const client = await world.connect(place, advanced);
  server.handle('same', (data) => data);
  const { map, small, large } = await client.request('same', {
    map: new Map([['a', new Set([1n])]]),
    small: bytes,
    large: Buffer.alloc(3 << 20, 7),
  });
  expect([...map.get('a')]).toEqual([1n]);
  expect([...small]).toEqual([...bytes]);
  expect(large.equals(Buffer.alloc(3 << 20, 7))).toBe(true);
});

onUnix.test('ipcIO', async () => {
  const { connect, serve } = createParties(world);
  const { handler, all } = collect();
  await serve({ m: handler });
  const client = await connect('ours');
  client.send('m', 1);
  expect(datas(await all)).toEqual([1]);
});

test('a client that tries again, and a request that takes too long', async () => {
  const place = await world.place('unix');
  const client = world.dial(place, { retry: 1 });
  await once(client, 'disconnect');
  const connected = once(client, 'connect');
  const server = await world.serve(place);
  await connected;
  server.handle('never', () => new Promise(() => {}));
  await expect(client.request('never', null, { timeout: 1 })).rejects.toThrow(/timed out|1 ms/);
});

test('codecs of ipc2', () => {
  const both = codec.struct({ data: codec.bytes, names: codec.map(codec.string, codec.u8) });
  const coded = both.encode({ data: bytes, names: new Map([['a', 1]]) });
  const { data, names } = both.decode(coded);
  expect([[...data], [...names]]).toEqual([[...bytes], [['a', 1]]]);
});

(isScript ? onNative : onLinux).test('a message queue', async () => {
  const queue = mqueue.open(queueName(world), { create: true, maxmsg: 3, msgsize: 16 });
  world.after(() => queue.close());
  for (const given of [bytes, new Uint8Array(bytes)]) {
    await queue.send(given);
    expect([...(await queue.receive()).data]).toEqual([...bytes]);
  }
});
