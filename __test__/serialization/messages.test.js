'use strict';
// Messages with serialization 'advanced' do what messages do: they keep their order, wait for a connection, count
// against limits, are reported and dropped, are asked and answered; and what is emitted is what a value was then.

const { channel } = require('node:diagnostics_channel');
const { runInNewContext } = require('node:vm');
const { once, collect } = require('../helpers/events');
const { onUnix } = require('../helpers/platform');
const { createWorld, TRANSPORTS, unixPlace } = require('../helpers/world');

const world = createWorld();
const advanced = { serialization: 'advanced' };

/** A server and a client of it. */
async function pair(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place, { ...advanced, ...config });
  return { place, server, ...(await world.meet(server, place, { ...advanced, ...config })) };
}

describe.each(TRANSPORTS)('%s', (kind) => {
  test('large and small ones keep their order, both ways, also from within handlers', async () => {
    const { server, client } = await pair(kind);
    const large = Buffer.alloc(5 << 20, 'x');
    const count = 40;
    server.on('n', (data, to) => server.emit(to, 'n', data));
    const back = collect(client, 'n', count);
    const expected = [];
    for (let n = 0; n < count; n++) {
      const data = n % 10 === 5 ? { n, large } : { n };
      expected.push(data);
      client.emit('n', data);
    }
    const arrived = await back;
    expect(arrived.map(({ n }) => n)).toEqual(expected.map(({ n }) => n));
    for (const { n, large: got } of arrived) {
      if (n % 10 === 5) expect(Buffer.compare(got, large)).toBe(0);
    }
    expect(server.stats()).toMatchObject({ messagesReceived: count, messagesSent: count });
  });

  test('what arrives is what the data was when it was emitted', async () => {
    const place = await world.place(kind);
    const client = world.dial(place, { ...advanced, sync: kind === 'tcp' });
    const small = Buffer.from('then');
    const large = Buffer.alloc(300_000, 'then');
    const object = { small, large, list: [1] };
    client.emit('held', object);
    small.fill('!');
    large.fill('!');
    object.list.push(2);
    const server = await world.serve(place, advanced);
    const [{ small: s, large: l, list }] = await once(server, 'held');
    expect([String(s), l.equals(Buffer.alloc(300_000, 'then')), list]).toEqual(['then', true, [1]]);
    const [socket] = server.sockets;
    const huge = Buffer.alloc(20 << 20, 'a');
    const arrived = once(client, 'huge');
    server.emit(socket, 'huge', huge);
    huge.fill('b');
    expect((await arrived)[0].every((byte) => byte === 97)).toBe(true);
  });

  test('a broadcast reaches all except those left out', async () => {
    const { place, server, client, socket } = await pair(kind);
    const others = [await world.connect(place, advanced), await world.connect(place, advanced)];
    const data = { map: new Map([[1, Buffer.alloc(2 << 20, 'm')]]) };
    const all = [client, ...others].map((one) => once(one, 'all'));
    server.broadcast('all', data);
    for (const [got] of await Promise.all(all))
      expect(got.map.get(1).equals(data.map.get(1))).toBe(true);
    const some = others.map((one) => once(one, 'some'));
    client.on('some', () => expect(true).toBe(false));
    server.broadcast('some', undefined, { except: socket });
    for (const [got] of await Promise.all(some)) expect(got).toBeUndefined();
    const burst = others.map((one) => collect(one, 'burst', 200));
    for (let n = 0; n < 200; n++) server.broadcast('burst', BigInt(n));
    for (const got of await Promise.all(burst)) expect(got).toEqual(got.map((_, n) => BigInt(n)));
  });

  test('questions and answers', async () => {
    const { server, client, socket } = await pair(kind);
    server.handle('echo', async (data) => data);
    client.handle('echo', (data) => data);
    const asks = [
      (...args) => client.request(...args),
      (...args) => server.request(socket, ...args),
    ];
    for (const ask of asks) {
      expect(await ask('echo', undefined)).toBeUndefined();
      const answers = await Promise.all(
        [1n, new Set([2]), new TypeError('t')].map((v) => ask('echo', v)),
      );
      expect(answers.slice(0, 2)).toEqual([1n, new Set([2])]);
      expect(answers[2]).toMatchObject({ name: 'TypeError', message: 't' });
    }
    server.handle('fail', () => {
      throw Object.assign(new RangeError('no'), { code: 'E_NO' });
    });
    await expect(client.request('fail')).rejects.toMatchObject({
      name: 'RangeError',
      code: 'E_NO',
    });
    server.handle('function', () => () => {});
    await expect(client.request('function')).rejects.toMatchObject({ name: 'DataCloneError' });
    await expect(client.request('echo', () => {})).rejects.toMatchObject({
      name: 'DataCloneError',
    });
    await expect(client.request('nobody')).rejects.toMatchObject({
      code: 'ERR_FERRIPC_NO_HANDLER',
    });
  });

  test('what is down keeps up to offlineQueue bytes', async () => {
    const { place, server, client, socket } = await pair(kind, { offlineQueue: 1000, retry: 50 });
    const down = once(client, 'disconnect');
    await server.stop();
    socket.destroy();
    await down;
    const failed = once(client, 'error');
    const data = Buffer.alloc(400);
    expect(client.emit('kept', data)).toBe(true);
    data.fill(1);
    client.emit('kept', new Map());
    expect(client.emit('refused', Buffer.alloc(600))).toBe(false);
    const errors = [(await failed)[0].code];
    client.on('error', ({ code }) => errors.push(code));
    expect(client.stats().dropped.full).toBe(1);
    const again = await world.serve(place, advanced);
    expect(await collect(again, 'kept', 2)).toEqual([Buffer.alloc(400), new Map()]);
    expect(errors.filter((code) => code === 'ENOBUFS').length).toBeLessThanOrEqual(1);
    expect(client.stats().dropped).toMatchObject({ down: 0, full: 1 });
  });

  test('more than may wait is refused', async () => {
    const { client, socket } = await pair(kind, { maxQueuedBytes: 1 << 20 });
    socket.pause();
    const errors = [];
    client.on('error', ({ code }) => errors.push(code));
    const data = Buffer.alloc(400_000);
    let accepted = 0;
    while (errors.length === 0) {
      client.emit('x', data);
      accepted++;
    }
    expect(errors).toEqual(['ENOBUFS']);
    expect(client.stats().dropped.full).toBe(1);
    const drained = once(client, 'drain');
    const all = collect(socket._owner, 'x', accepted - 1);
    socket.resume();
    await drained;
    for (const got of await all) expect(got.equals(data)).toBe(true);
  });
});

test('a buffer keeps the memory of its message only if it is a good part of it', async () => {
  const { server, client } = await pair('unix');
  const text = 'x'.repeat(100_000);
  client.emit('views', {
    text,
    part: Buffer.alloc(10_000),
    few: Buffer.alloc(1000),
    bytes: new Uint8Array(1000),
  });
  const [{ part, few, bytes }] = await once(server, 'views');
  expect(part.buffer.byteLength).toBeGreaterThan(text.length);
  for (const { buffer } of [few, bytes]) expect(buffer.byteLength).toBeLessThan(20_000); // Node's pool, at most
});

test('views of another realm are of the same kind', async () => {
  const { server, client } = await pair('unix');
  const names = [
    'Int8Array',
    'Uint8Array',
    'Uint16Array',
    'Float64Array',
    'BigInt64Array',
    'DataView',
  ];
  const made = names.map((name) => `new ${name}(new ArrayBuffer(16))`);
  client.emit('views', runInNewContext(`[${made.join()}]`));
  const [views] = await once(server, 'views');
  expect(views.map((view) => [view.constructor.name, view.byteLength])).toEqual(
    names.map((name) => [name, 16]),
  );
});

test('values that cannot be sent throw, and nothing is sent', async () => {
  const { server, client } = await pair('unix');
  const types = [];
  server.on('*', (type) => types.push(type));
  const large = new Uint8Array(100_000);
  const detaching = {
    large,
    get then() {
      structuredClone(large.buffer, { transfer: [large.buffer] });
      return 1;
    },
  };
  const values = [
    () => {},
    Symbol('s'),
    new WeakMap(),
    Promise.resolve(),
    new Proxy({}, {}),
    { deep: [{ method() {} }] },
    client.socket,
    new SharedArrayBuffer(8),
    detaching,
  ];
  for (const value of values) {
    expect(() => client.emit('x', value)).toThrow(
      expect.objectContaining({ name: 'DataCloneError' }),
    );
    expect(() => server.broadcast('x', value)).toThrow('');
  }
  expect(() => client.emit('x', { get bad() { throw new Error('mine'); } })).toThrow('mine'); // oxfmt-ignore
  let deep = [];
  for (let n = 0; n < 1e5; n++) deep = [deep];
  expect(() => client.emit('x', deep)).toThrow('call stack'); // V8's, of its own realm
  for (const type of [undefined, 5, {}]) expect(() => client.emit(type, 1)).toThrow(TypeError);
  const arrived = once(server, 'done');
  client.emit('done', 1);
  await arrived;
  expect(types).toEqual(['done']);
});

test.each([50_000, 3_000_000])(
  'are reported by type and size, never with their content: %i',
  async (size) => {
    const { server, client } = await pair('unix');
    const told = [];
    for (const name of ['sent', 'received']) {
      const from = channel(`ferripc:message:${name}`);
      const note = ({ type, bytes, direction }) => told.push([type, bytes, direction]);
      from.subscribe(note);
      world.after(() => from.unsubscribe(note));
    }
    const arrived = once(server, 'x');
    client.emit('x', Buffer.alloc(size));
    await arrived;
    expect(told).toEqual([
      ['x', expect.any(Number), 'out'],
      ['x', told[0][1], 'in'],
    ]);
    expect(told[0][1]).toBeGreaterThan(size);
    expect(told[0][1]).toBeLessThan(size + 100);
  },
);

test('arrive for iterators, wildcards and names', async () => {
  const { server, client, socket } = await pair('unix');
  const messages = server.messages('n');
  for (const n of [1n, undefined, new Date(5)]) client.emit('n', n);
  const got = [];
  for await (const [data, from] of messages) {
    expect(from).toBe(socket);
    if (got.push(data) === 3) break;
  }
  expect(got).toEqual([1n, undefined, new Date(5)]);
  client.emit('name', { id: 'alice' });
  await once(server, 'name');
  expect(socket.id).toBe('alice');
});

onUnix.test.each(['SCHED_RR', 'SCHED_NONE'])('by workers of a cluster, %s', async (policy) => {
  const path = world.file();
  const place = unixPlace(path);
  const child = world.child('cluster.js', {
    place: { path },
    workers: 2,
    policy,
    config: advanced,
  });
  for (let started = 0; started < 2;) if ((await child.next())[0] === 'started') started++;
  const workers = new Set();
  for (let n = 0; n < 2; n++) {
    const client = await world.connect(place, advanced);
    const answered = once(client, 'me');
    const large = Buffer.alloc(n === 0 ? 100_000 : 3_000_000, n);
    client.emit('who', { n: BigInt(n), large });
    const [{ worker, data }] = await answered;
    expect([data.n, data.large.equals(large)]).toEqual([BigInt(n), true]);
    workers.add(worker);
  }
  expect(workers.size).toBeGreaterThan(0);
  child.process.stdin.end();
  await child.exited;
});

test('a stand-in gets the bytes', async () => {
  const { server, client } = await pair('unix');
  const written = [];
  server.emit({ write: (bytes) => written.push(bytes) }, 'x', Buffer.alloc(50_000, 7));
  expect(written[0].length).toBe(written[0].readUInt32BE(0) + 4);
  expect(client.socket.bytesRead).toBe(0);
});

test('a program that also reads the socket gets its bytes', async () => {
  const { server, client, socket } = await pair('unix');
  const bytes = once(socket, 'data');
  const arrived = once(server, 'x');
  client.emit('x', 5);
  await arrived;
  expect(Buffer.from((await bytes)[0]).readUInt32BE(0)).toBeGreaterThan(4);
});
