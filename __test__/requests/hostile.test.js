'use strict';
// Peers that send requests, replies and cancellations of any shape: nothing is thrown, nothing grows without a bound,
// and requests of others go on.

const { once, counter } = require('../helpers/events');
const { createWorld, TRANSPORTS } = require('../helpers/world');

const world = createWorld();

const IDS = [undefined, null, true, {}, [], [1]];

/** A raw peer of a server that handles requests, or of a client that does. */
const sides = {
  async server(kind, config) {
    const place = await world.place(kind);
    const host = await world.serve(place, config);
    const connected = once(host, 'connect');
    const peer = await world.peer(place);
    const [socket] = await connected;
    return { host, peer, ask: (...args) => host.request(socket, ...args) };
  },
  async client(kind, config) {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const host = await world.connect(place, config);
    return { host, peer: await raw.next(), ask: (...args) => host.request(...args) };
  },
};

const cases = TRANSPORTS.flatMap((kind) => Object.keys(sides).map((side) => [kind, side]));

describe.each(cases)('%s: a %s', (kind, side) => {
  const meet = async (config) => {
    const ends = await sides[side](kind, config);
    const errors = [];
    ends.host.on('error', (error) => errors.push(error));
    ends.host.handle('echo', (data) => data);
    return { ...ends, errors };
  };
  const isAlive = async (peer) => {
    peer.send('ferripc:request', { id: 'alive', type: 'echo', data: 1 });
    for (;;) {
      const { type, data } = await peer.message();
      if (data.id === 'alive') return { type, data };
    }
  };
  const alive = { type: 'ferripc:reply', data: { id: 'alive', data: 1 } };

  test('reports what has no id, and goes on', async () => {
    const { peer, errors } = await meet();
    const types = ['ferripc:request', 'ferripc:reply', 'ferripc:cancel'];
    for (const type of types) {
      for (const data of [null, 'x', 5, [], ...IDS.map((id) => ({ id, type: 'echo' }))]) {
        peer.send(type, data);
      }
      peer.writeFrames(`{"type":"${type}"}`);
    }
    expect(await isAlive(peer)).toEqual(alive);
    expect(errors).toHaveLength(3 * 11);
    for (const error of errors) expect(error.code).toBe('ERR_FERRIPC_INVALID_MESSAGE');
  });

  test('answers invalid types, and those of Object.prototype', async () => {
    const { peer, errors } = await meet();
    for (const type of [undefined, null, 5, {}, [], '__proto__', 'constructor', 'toString']) {
      peer.send('ferripc:request', { id: 1, type });
      expect(await peer.message()).toMatchObject({
        type: 'ferripc:reply',
        data: { id: 1, error: { name: 'Error', code: 'ERR_FERRIPC_NO_HANDLER' } },
      });
    }
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`; // more than JSON.stringify takes, before Node 26
    peer.writeFrames(`{"type":"ferripc:request","data":{"id":3,"type":${deep}}}`);
    expect((await peer.message()).data.error.code).toBe('ERR_FERRIPC_NO_HANDLER');
    peer.writeFrames(
      '{"type":"ferripc:request","data":{"__proto__":{"id":1},"id":2,"type":"echo","data":{"__proto__":{"polluted":1}}}}',
    );
    expect((await peer.message()).data.id).toBe(2);
    expect({}.polluted).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test('ends the connection of one that asks on and on, and never reads', async () => {
    const { host, peer, errors } = await meet({ maxQueuedBytes: 64 * 1024 });
    host.handle('big', () => 'x'.repeat(100_000));
    peer.socket.pause();
    const asked = (type, count) =>
      Array.from({ length: count }, (_, n) =>
        JSON.stringify({ type: 'ferripc:request', data: { id: `${type}${n}`, type } }),
      );
    let isGone = false;
    host.on(host.sockets ? 'socket.disconnected' : 'disconnect', () => (isGone = true));
    while (!isGone) {
      peer.writeFrames(...asked('big', 10), ...asked('echo', 1000));
      await new Promise(setImmediate);
    }
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['ENOBUFS']));
  });

  test('ignores replies to nothing, second ones, and cancellations of nothing', async () => {
    const { peer, ask, errors } = await meet();
    for (const id of [0, 1, -1, 1.5, 1e300, '1', 'x', '__proto__']) {
      peer.send('ferripc:reply', { id, data: 'forged' });
      peer.send('ferripc:reply', { id, error: { message: 'forged' } });
      peer.send('ferripc:cancel', { id });
    }
    expect(await isAlive(peer)).toEqual(alive);
    const answer = ask('x');
    const { data } = await peer.message();
    peer.send('ferripc:reply', { id: String(data.id), data: 'another type of id' });
    peer.send('ferripc:reply', { id: data.id, data: 'first' });
    peer.send('ferripc:reply', { id: data.id, data: 'second' });
    peer.send('ferripc:reply', { id: data.id, error: 'third' });
    expect(await answer).toBe('first');
    expect(await isAlive(peer)).toEqual(alive);
    expect(errors).toEqual([]);
  });

  test.each([
    ['just a text', { name: 'Error', message: 'just a text' }],
    [{}, { name: 'Error', message: '' }],
    [
      { name: 5, message: {}, code: [] },
      { name: 'Error', message: '' },
    ],
    [
      { name: 'X', message: 'y', code: 7 },
      { name: 'X', message: 'y', code: 7 },
    ],
    [true, { name: 'Error', message: '' }],
    [
      { stack: 'forged', cause: 'forged', message: 'm' },
      { name: 'Error', message: 'm' },
    ],
  ])('takes the error %j of a reply', async (error, expected) => {
    const { peer, ask } = await meet();
    const failed = ask('x').catch((thrown) => thrown);
    const { data } = await peer.message();
    peer.send('ferripc:reply', { id: data.id, data: 'ignored', error });
    const { name, message, code, cause, stack } = await failed;
    expect({ name, message, ...(code !== undefined && { code }) }).toEqual(expected);
    expect([cause, stack.includes('forged')]).toEqual([undefined, false]);
  });

  test('takes a reply with neither data nor error, and one whose error is null', async () => {
    const { peer, ask } = await meet();
    for (const more of [{}, { error: null }, { error: false, data: undefined }]) {
      const answer = ask('x');
      const { data } = await peer.message();
      peer.send('ferripc:reply', { id: data.id, ...more });
      expect(await answer).toBeUndefined();
    }
  });

  test('keeps no more requests than it may, and answers the rest', async () => {
    const { host, peer } = await meet({ maxRequests: 10 });
    const release = [];
    host.handle('wait', () => new Promise((resolve) => release.push(resolve)));
    const frames = Array.from({ length: 1000 }, (_, id) =>
      JSON.stringify({ type: 'ferripc:request', data: { id, type: 'wait' } }),
    );
    peer.writeFrames(...frames);
    for (let id = 10; id < 1000; id++) {
      const { data } = await peer.message();
      expect([data.id, data.error.code]).toEqual([id, 'ERR_FERRIPC_TOO_MANY_REQUESTS']);
    }
    expect(release).toHaveLength(10);
    for (const resolve of release) resolve('done');
    for (let id = 0; id < 10; id++) {
      expect((await peer.message()).data).toEqual({ id, data: 'done' });
    }
    expect(await isAlive(peer)).toEqual(alive);
  });

  test('is bounded, too, where all is cancelled at once and handlers go on', async () => {
    const { host, peer } = await meet({ maxRequests: 10 });
    const release = [];
    host.handle('deaf', () => new Promise((resolve) => release.push(resolve)));
    const frames = Array.from({ length: 1000 }, (_, id) => [
      JSON.stringify({ type: 'ferripc:request', data: { id, type: 'deaf' } }),
      JSON.stringify({ type: 'ferripc:cancel', data: { id } }),
    ]).flat();
    peer.writeFrames(...frames);
    for (let id = 10; id < 1000; id++) {
      const { data } = await peer.message();
      expect([data.id, data.error.code]).toEqual([id, 'ERR_FERRIPC_TOO_MANY_REQUESTS']);
    }
    expect(release).toHaveLength(10);
    for (const resolve of release) resolve('done');
    await new Promise(setImmediate);
    expect(await isAlive(peer)).toEqual(alive);
  });

  test('reports an id that is in use, and answers it once', async () => {
    const { host, peer, errors } = await meet();
    let release;
    const calls = counter(
      { on: (type, act) => host.handle(type, () => new Promise((r) => ((release = r), act()))) },
      'wait',
    );
    peer.send('ferripc:request', { id: 1, type: 'wait' });
    peer.send('ferripc:request', { id: 1, type: 'wait' });
    expect(await isAlive(peer)).toEqual(alive);
    expect(calls.count).toBe(1);
    expect(errors.map(({ code }) => code)).toEqual(['ERR_FERRIPC_INVALID_MESSAGE']);
    release('once');
    expect((await peer.message()).data).toEqual({ id: 1, data: 'once' });
  });

  test('sends no answer to what was cancelled', async () => {
    const { host, peer } = await meet();
    const signals = [];
    host.handle('wait', (_, { signal }) => {
      signals.push(signal);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('late')));
    });
    for (let i = 0; i < 100; i++) {
      peer.send('ferripc:request', { id: 'same', type: 'wait' });
      peer.send('ferripc:cancel', { id: 'same' });
    }
    expect(await peer.ask('ferripc:request', { id: 'alive', type: 'echo', data: 1 })).toEqual(
      alive,
    );
    expect(signals.map(({ aborted }) => aborted)).toEqual(Array(100).fill(true));
  });
});
