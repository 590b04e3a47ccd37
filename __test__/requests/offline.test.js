'use strict';
// What is sent while there is no connection: requests, and messages with `config.offlineQueue`.

const { once, collect } = require('../helpers/events');
const { createWorld, TRANSPORTS } = require('../helpers/world');

const world = createWorld();

const reject = (promise) =>
  promise.then(
    () => Promise.reject(new Error('fulfilled')),
    (error) => error,
  );

/** A client that was connected, and whose server is gone. */
async function left(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place);
  const client = await world.connect(place, { retry: 20, ...config });
  const gone = once(client, 'disconnect');
  await server.stop({ disconnect: true });
  await gone;
  return { place, client };
}

describe.each(TRANSPORTS)('%s: before the first connection', (kind) => {
  test('requests wait, in order with messages', async () => {
    const place = await world.place(kind);
    const client = world.dial(place);
    client.emit('first', 1);
    const answer = client.request('second', 2);
    client.emit('third', 3);
    await once(client, 'disconnect');
    const server = world.host(place);
    const seen = [];
    server.on('first', (data) => seen.push(data));
    server.on('third', (data) => seen.push(data));
    server.handle('second', (data) => seen.push(data));
    const third = once(server, 'third');
    await server.start();
    await third;
    expect(await answer).toBe(2);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('a request that has timed out is not sent', async () => {
    const place = await world.place(kind);
    const client = world.dial(place);
    const error = await reject(client.request('never', 1, { timeout: 10 }));
    expect(error).toMatchObject({ code: 'ETIMEDOUT' });
    expect(client.stats().messagesQueued).toBe(0);
    await once(client, 'disconnect');
    const server = world.host(place);
    const asked = jest.fn();
    server.handle('never', asked);
    server.handle('now', () => 1);
    await server.start();
    expect(await client.request('now')).toBe(1);
    expect(asked).not.toHaveBeenCalled();
  });

  test('a request that is given up when a connection on its way has it is cancelled', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const seen = [];
    server.handle('never', (data, { signal }) => {
      seen.push('asked');
      signal.addEventListener('abort', () => seen.push('aborted'));
      return new Promise(() => {});
    });
    server.handle('now', () => 1);
    const client = world.dial(place);
    const controller = new AbortController();
    const given = reject(client.request('never', 1, { signal: controller.signal }));
    controller.abort();
    expect(await given).toMatchObject({ code: 'ABORT_ERR' });
    expect(client.stats().messagesQueued).toBe(0);
    expect(await client.request('now')).toBe(1);
    expect(seen).toEqual(['asked', 'aborted']);
  });

  test('nothing of a request that was given up goes to a later connection', async () => {
    const place = await world.place(kind);
    const client = world.dial(place);
    const controller = new AbortController();
    const given = reject(client.request('never', 1, { signal: controller.signal }));
    client.emit('after', 2);
    controller.abort();
    await given;
    await once(client, 'disconnect');
    const server = world.host(place);
    const seen = [];
    server.on('*', (type) => type.startsWith('ferripc:') && seen.push(type));
    const after = once(server, 'after');
    await server.start();
    await after;
    expect(seen).toEqual([]);
    expect(client.stats().dropped.down).toBe(0);
  });

  test('requests fail at once if they are to', async () => {
    const client = world.dial(await world.place(kind));
    expect(await reject(client.request('x', 1, { offline: 'fail' }))).toMatchObject({
      code: 'ENOTCONN',
    });
  });

  test('requests fail when the client gives up, with the reason', async () => {
    const client = world.dial(await world.place(kind), { maxRetries: 1 });
    const error = await reject(client.request('x'));
    expect(error.code).toBe('ENOTCONN');
    expect(error.cause.code).toBe(kind === 'unix' ? 'ENOENT' : 'ECONNREFUSED');
    expect((await reject(client.request('x'))).code).toBe('ENOTCONN');
  });

  test('requests fail when the client is disconnected', async () => {
    const client = world.dial(await world.place(kind), { retry: 60_000 });
    await once(client, 'disconnect');
    const failed = reject(client.request('x'));
    client.leave();
    expect((await failed).code).toBe('ENOTCONN');
  });
});

describe.each(TRANSPORTS)('%s: while the client is down', (kind) => {
  test('messages are dropped, as with node-ipc, and requests fail', async () => {
    const { client } = await left(kind, { retry: 60_000 });
    expect(client.emit('lost')).toBe(false);
    expect((await reject(client.request('x'))).code).toBe('ENOTCONN');
    expect(client.stats()).toMatchObject({ messagesQueued: 0, dropped: { down: 1 } });
  });

  test('a request waits if it is to', async () => {
    const { client, place } = await left(kind);
    const answer = client.request('x', 1, { offline: 'wait' });
    await once(client, 'disconnect'); // an attempt fails
    expect(client.stats()).toMatchObject({ messagesQueued: 1, dropped: { down: 0 } });
    const server = world.host(place);
    server.handle('x', (data) => data + 1);
    await server.start();
    expect(await answer).toBe(2);
    expect(client.stats()).toMatchObject({ messagesQueued: 0, dropped: { down: 0 } });
  });

  test('with offlineQueue everything waits, in order, over several attempts', async () => {
    const { client, place } = await left(kind, { offlineQueue: 1_000_000 });
    for (let i = 0; i < 50; i++) expect(client.emit('n', i)).toBe(true);
    const answer = client.request('half', 50);
    await once(client, 'disconnect'); // an attempt fails
    for (let i = 51; i < 100; i++) client.emit('n', i);
    expect(client.flush()).toBe(false);
    const server = world.host(place);
    const seen = [];
    server.on('n', (n) => seen.push(n));
    server.handle('half', (n) => seen.push(n));
    const all = once(server, 'last');
    await server.start();
    client.emit('last');
    await all;
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(await answer).toBe(51);
    expect(client.stats()).toMatchObject({ messagesQueued: 0, dropped: { down: 0, full: 0 } });
    expect(client.flush()).toBe(true);
  });

  test('what is emitted when the connection has ended, before that is known, waits, too', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const client = await world.connect(place, { retry: 20, offlineQueue: 10_000 });
    client.socket.destroy();
    expect(client.emit('after', 'the end')).toBe(true);
    expect((await once(server, 'after'))[0]).toBe('the end');
  });

  test('the queue is bounded by bytes; what does not fit is refused, counted and reported', async () => {
    const { client, place } = await left(kind, { offlineQueue: 1000 });
    const errors = [];
    client.on('error', (error) => errors.push(error.code));
    const size = Buffer.byteLength(JSON.stringify({ type: 'n', data: 'é'.repeat(100) }));
    const room = Math.floor(1000 / size);
    for (let i = 0; i < room; i++) expect(client.emit('n', 'é'.repeat(100))).toBe(true);
    expect(errors.filter((code) => code === 'ENOBUFS')).toEqual([]);
    expect(client.emit('n', 'é'.repeat(100))).toBe(false);
    expect((await reject(client.request('n', 'é'.repeat(100)))).code).toBe('ENOBUFS');
    expect(errors.filter((code) => code === 'ENOBUFS')).toEqual(['ENOBUFS']);
    expect(client.stats().dropped.full).toBe(2);
    const server = world.host(place);
    const arrived = collect(server, 'n', room);
    await server.start();
    expect(await arrived).toHaveLength(room);
  });

  test('what waits when the client ends for good counts as dropped', async () => {
    const { client } = await left(kind, { offlineQueue: 1000, retry: 60_000 });
    client.emit('a');
    client.emit('b');
    client.leave();
    expect(client.stats()).toMatchObject({ messagesQueued: 0, dropped: { down: 2 } });
  });
});

test.each([['5'], [-1], [NaN], [true], [{}]])('offlineQueue: %p is refused by name', (value) => {
  const ipc = world.ipc({ offlineQueue: value });
  expect(() => ipc.connectTo('x', '/nowhere')).toThrow(TypeError);
  expect(() => ipc.connectTo('x', '/nowhere')).toThrow('config.offlineQueue');
});

test.each([[undefined], [null], [false], [0]])('offlineQueue: %p turns it off', async (value) => {
  const { client } = await left('unix', { offlineQueue: value, retry: 60_000 });
  expect(client.emit('x')).toBe(false);
});

describe('in sync mode', () => {
  test('requests take their turn, and one that is given up lets the next go', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const client = await world.connect(place, { sync: true });
    server.handle('never', () => new Promise(() => {}));
    server.handle('echo', (data) => data);
    const never = reject(client.request('never', 1, { timeout: 30 }));
    const second = reject(client.request('echo', 2, { timeout: 10 })); // still in the queue
    const third = client.request('echo', 3);
    expect((await never).code).toBe('ETIMEDOUT');
    expect((await second).code).toBe('ETIMEDOUT');
    expect(await third).toBe(3);
    expect(server.stats().messagesReceived).toBe(3); // never, its cancellation, and the third
  });
});
