'use strict';
// What a cluster does, server by server, in one process: the broker is in memory, or one that loses, doubles or delays.

const diagnostics = require('node:diagnostics_channel');
const { isDeepStrictEqual } = require('node:util');
const scale = require('../../scale');
const { collect, once, record } = require('../helpers/events');
const { createWorld } = require('../helpers/world');
const { altered, createClusters, hasClients, knows } = require('./clusters');

const world = createWorld();
const { cluster, member } = createClusters(world);

/** Two servers, the first of which can be kept from being heard. */
async function pairWithMute() {
  const hub = new scale.Hub();
  let isMute = false;
  const broker = (index) =>
    altered(hub, (publish, subject, bytes) => {
      if (!isMute || index !== 0) publish(subject, bytes);
    });
  const [one, two] = await cluster(2, { heartbeat: 20, timeout: 60 }, broker);
  return { one, two, mute: (on) => (isMute = on) };
}

describe('ids', () => {
  test('a client has a generated id until it is given one', async () => {
    const [one, two] = await cluster(2);
    const events = record(two.joined);
    const { client, socket } = await one.client();
    const made = one.joined.idOf(socket);
    await two.sees(knows(made));
    expect(two.joined.clients()).toEqual([{ id: made, server: 'server 0', local: false }]);
    expect(one.joined.clients()).toEqual([{ id: made, server: 'server 0', local: true }]);

    expect(one.joined.identify(socket, 'alice')).toBe(true);
    await two.sees(knows('alice'));
    expect(two.joined.clients()).toEqual([{ id: 'alice', server: 'server 0', local: false }]);
    const of = (id) => ({ id, server: 'server 0', local: false });
    expect(events).toEqual([
      ['clientJoin', of(made)],
      ['clientJoin', of('alice')],
      ['clientLeave', of(made)],
    ]);
    const mail = once(client, 'mail');
    expect(two.joined.emit('alice', 'mail', 1)).toBe(true);
    expect(await mail).toEqual([1]);
    expect(two.joined.emit(made, 'mail', 2)).toBe(false);

    client.leave();
    await two.sees(hasClients(0));
    expect(one.joined.identify(socket, 'bob')).toBe(false);
    expect(one.joined.idOf(socket)).toBe(undefined);
    expect(one.joined.clients()).toEqual([]);
  });

  test('`identify` gives one by what a client sends, whatever that is', async () => {
    const seen = [];
    const [one] = await cluster(1, {
      identify(socket, type, data) {
        seen.push(type);
        return data.token.id;
      },
    });
    const errors = [];
    one.joined.on('error', (error) => errors.push(error.message));
    const handled = [];
    one.server.on('hello', (data, socket) => handled.push(one.joined.idOf(socket)));
    const { client } = await one.client();
    const said = collect(one.server, 'hello', 6);
    client.emit('hello', 'no object');
    client.emit('hello', { token: { id: 7 } });
    client.emit('hello', { token: {} });
    client.emit('hello', { token: { id: '' } });
    client.emit('hello', { token: { id: 'x'.repeat(1025) } });
    client.emit('hello', { token: { id: 'carol' } });
    await said;
    client.emit('bye', { token: { id: 'mallory' } });
    await once(one.server, 'bye');
    expect(seen).toEqual(Array(6).fill('hello')); // a client that has an id is not asked again
    expect(handled.at(-1)).toBe('carol'); // known before handlers run
    expect(new Set(handled.slice(0, 5)).size).toBe(1);
    expect(errors).toEqual([
      expect.stringContaining('undefined'),
      'The "id" argument must be a string of 1 to 1024 characters. Received type number',
      'The "id" argument must be a string of 1 to 1024 characters. Received a string of 0 characters',
      'The "id" argument must be a string of 1 to 1024 characters. Received a string of 1025 characters',
    ]);
    expect(one.joined.clients()).toMatchObject([{ id: 'carol' }]);
  });

  test('`identify` that answers later, or throws anything, is reported', async () => {
    const answers = [
      () => Promise.reject(new Error('later')),
      () => {
        throw undefined;
      },
      () => 'carol',
    ];
    const [one] = await cluster(1, { identify: () => answers.shift()() });
    const errors = [];
    one.joined.on('error', (error) => errors.push(error.message));
    const { client } = await one.client();
    const said = collect(one.server, 'hello', 3);
    for (let i = 0; i < 3; i++) client.emit('hello');
    await said;
    expect(errors).toEqual([
      'options.identify must return its answer, not a promise',
      'options.identify threw undefined',
    ]);
    expect(one.joined.clients()).toMatchObject([{ id: 'carol' }]);
  });

  test('any text can be an id, and reaches the client that it names', async () => {
    const odd = [
      'a.b',
      '*',
      '>',
      'to all',
      'é😀',
      '__proto__',
      'constructor',
      '\ud800',
      '%2e',
      '\0\r\n',
    ];
    const [one, two] = await cluster(2);
    const all = [];
    for (const id of odd) all.push({ id, ...(await one.client(id)) });
    await two.sees(({ clients }) => odd.every((id) => clients.some((it) => it.id === id)));
    const got = all.map(({ client }) => once(client, 'mail'));
    for (const { client, id } of all) client.handle('who', () => id);
    for (const id of odd) expect([id, two.joined.emit(id, 'mail', id)]).toEqual([id, true]);
    expect(await Promise.all(got)).toEqual(odd.map((id) => [id]));
    const answers = await Promise.all(odd.map((id) => two.joined.request(id, 'who')));
    expect(answers).toEqual(odd);
  });

  test('two clients may have the same: messages go to both, questions to the last', async () => {
    const [one, two, three] = await cluster(3);
    const first = await one.client('twin');
    await three.sees(knows('twin'));
    const second = await two.client('twin');
    await three.sees(({ clients }) => clients.filter(({ id }) => id === 'twin').length === 2);
    const both = [first, second].map(({ client }, index) => {
      client.handle('which', () => index);
      return once(client, 'mail');
    });
    expect(three.joined.emit('twin', 'mail', 'x')).toBe(true);
    expect(await Promise.all(both)).toEqual([['x'], ['x']]);
    expect(await three.joined.request('twin', 'which')).toBe(1);
    expect(await one.joined.request('twin', 'which')).toBe(0); // its own first

    second.client.leave();
    await three.sees(hasClients(1));
    expect(await three.joined.request('twin', 'which')).toBe(0);

    const third = await one.client('twin'); // of two on one server the newest
    third.client.handle('which', () => 2);
    await three.sees(hasClients(2));
    expect(await three.joined.request('twin', 'which')).toBe(2);
    expect(await one.joined.request('twin', 'which')).toBe(2);
  });
});

test('a request that its own data abort reaches nobody', async () => {
  const [one, two] = await cluster(2);
  const { client } = await two.client('bob');
  await one.sees(knows('bob'));
  const asked = [];
  client.handle('ask', (data) => void asked.push(data));
  const controller = new AbortController();
  const data = { toJSON: () => controller.abort() };
  await expect(
    one.joined.request('bob', 'ask', data, { signal: controller.signal }),
  ).rejects.toMatchObject({ code: 'ABORT_ERR' });
  await one.joined.request('bob', 'ask', 'next');
  expect(asked).toEqual(['next']);
});

test('a client that connects to another server is found there', async () => {
  const [one, two, three] = await cluster(3);
  const before = await one.client('alice');
  await three.sees(knows('alice'));
  before.client.leave();
  const { client } = await two.client('alice');
  const there = { id: 'alice', server: 'server 1', local: false };
  await three.sees(({ clients }) => clients.length === 1 && isDeepStrictEqual(clients[0], there));
  const got = collect(client, 'mail', 2);
  expect(three.joined.emit('alice', 'mail', 1)).toBe(true);
  expect(three.joined.emit('alice', 'mail', 2)).toBe(true);
  expect(await got).toEqual([1, 2]);
});

test('clusters with different ids or prefixes on one broker have nothing to do with each other', async () => {
  const hub = new scale.Hub();
  const settings = [{ id: 'a' }, { id: 'a.to' }, { id: 'a*' }, { id: 'a', prefix: 'other.a' }];
  const alone = [];
  for (const it of settings) alone.push(await member({ broker: scale.memory({ hub }), ...it }));
  const clients = await Promise.all(alone.map((it) => it.client('same')));
  const got = clients.map(({ client }) => collect(client, 'news', 1));
  alone.forEach(({ joined }, index) => joined.broadcast('news', index));
  expect(await Promise.all(got)).toEqual([[0], [1], [2], [3]]);
  for (const { joined } of alone) {
    expect(joined.servers()).toHaveLength(1);
    expect(joined.clients()).toHaveLength(1);
    expect(joined.stats().received).toBe(0);
  }
});

test('data are the same for clients of all servers', async () => {
  const [one, two] = await cluster(2);
  const [near, far] = [await one.client('near'), await two.client('far')];
  await one.sees(knows('far'));
  const values = [
    undefined,
    null,
    '',
    NaN,
    0,
    false,
    -Infinity,
    new Date(NaN),
    { toJSON: () => '' },
  ];
  values.push('x', [undefined], { a: undefined }, { _maxListeners: 1, b: 2 }, 'é\u2028\0');
  const got = [near, far].map(({ client }) => collect(client, 'value', 2 * values.length));
  for (const value of values) one.joined.broadcast('value', value);
  for (const id of ['near', 'far']) for (const value of values) one.joined.emit(id, 'value', value);
  const [here, there] = await Promise.all(got);
  expect(there).toEqual(here);
  expect(here.slice(0, 9)).toEqual([{}, {}, {}, {}, 0, false, null, null, '']);
});

describe('the broker', () => {
  test('nobody gets a message that is too long for it; lists of clients are split', async () => {
    const hub = new scale.Hub();
    let longest = 0;
    const strict = () => {
      const broker = altered(hub, (publish, subject, bytes) => {
        longest = Math.max(longest, bytes.length);
        publish(subject, bytes);
      });
      return Object.assign(broker, { maxPayload: 10_000 });
    };
    const [one, two] = await cluster(2, {}, strict);
    const sockets = [];
    for (let i = 0; i < 40; i++) sockets.push((await one.client()).socket);
    const { client } = await two.client('far');
    await one.sees(knows('far'));
    // All in one turn, which are told at once.
    for (const [i, socket] of sockets.entries())
      one.joined.identify(socket, `${i}`.padEnd(700, '.'));
    await two.sees(knows('39'.padEnd(700, '.')));
    const late = await member({ broker: strict() });
    await late.sees(hasClients(41)); // by a list of several parts
    expect(longest).toBeGreaterThan(5000);
    expect(longest).toBeLessThanOrEqual(10_000);

    const errors = record(one.joined);
    const published = [];
    const note = ({ server, reason, bytes, direction }) =>
      published.push([server === one.server, reason, bytes > 10_000, direction]);
    diagnostics.subscribe('ferripc:message:dropped', note);
    world.after(() => diagnostics.unsubscribe('ferripc:message:dropped', note));
    const news = collect(client, 'news', 1);
    const long = 'é'.repeat(5000);
    expect(one.joined.broadcast('news', long)).toBe(false);
    expect(one.joined.emit('far', 'news', long)).toBe(false);
    expect(errors.map(([type, { code }]) => [type, code])).toEqual(
      Array(2).fill(['error', 'ERR_FERRIPC_MESSAGE_TOO_LARGE']),
    );
    const code = 'ERR_FERRIPC_MESSAGE_TOO_LARGE';
    await expect(one.joined.request('far', 'q', long)).rejects.toMatchObject({ code });
    client.handle('long', () => long);
    await expect(one.joined.request('far', 'long')).rejects.toMatchObject({ code });
    expect(one.joined.stats().dropped.tooLarge).toBe(3);
    expect(published).toEqual(Array(3).fill([true, 'tooLarge', true, 'out']));
    one.joined.broadcast('news', 'short');
    expect(await news).toEqual(['short']);
  });

  test('may bring messages twice: clients get them once', async () => {
    const hub = new scale.Hub();
    const twice = (publish, subject, bytes) => {
      publish(subject, bytes);
      publish(subject, bytes);
    };
    const [one, two] = await cluster(2, {}, () => altered(hub, twice));
    const { client } = await two.client('far');
    await one.sees(knows('far'));
    client.handle('q', () => 'a');
    const got = collect(client, 'news', 3);
    one.joined.broadcast('news', 1);
    one.joined.emit('far', 'news', 2);
    expect(await one.joined.request('far', 'q')).toBe('a');
    one.joined.broadcast('news', 3);
    expect(await got).toEqual([1, 2, 3]);
    const { duplicates, missed, dropped } = two.joined.stats();
    expect(duplicates).toBeGreaterThanOrEqual(3);
    expect([missed, dropped.invalid]).toEqual([0, 0]);
  });

  test('may lose messages: that is counted, and lists of clients become right again', async () => {
    const hub = new scale.Hub();
    let loses = () => false;
    const broker = () =>
      altered(hub, (publish, subject, bytes, kind) => {
        if (!loses(kind)) publish(subject, bytes);
      });
    const [one, two] = await cluster(2, {}, broker);
    await one.client('before');
    await two.sees(knows('before'));

    loses = (kind) => ['broadcast', 'delta'].includes(kind);
    const { client } = await one.client('during');
    for (let i = 0; i < 3; i++) one.joined.broadcast('news', i);
    await two.sees(knows('during')); // a sign of life has told that there is more
    loses = () => false;
    client.leave();
    await two.sees(hasClients(1)); // and the next message, that some are missing
    expect(two.joined.clients()).toMatchObject([{ id: 'before' }]);
    expect(two.joined.stats().missed).toBeGreaterThanOrEqual(3 + 1);
  });

  test('may be slow: what waits for it is bounded, and only that', async () => {
    const hub = new scale.Hub();
    let release;
    const slow = new Promise((resolve) => (release = resolve));
    const broker = (index) =>
      altered(hub, (publish, subject, bytes) => {
        publish(subject, bytes);
        return index === 0 ? slow : undefined;
      });
    const [one] = await cluster(2, { maxQueuedBytes: 100_000 }, broker);
    const { client } = await one.client('near');
    const news = collect(client, 'news', 4);
    const errors = record(one.joined);
    const text = 'x'.repeat(60_000);
    const accepted = [1, 2, 3, 4].map(() => one.joined.broadcast('news', text));
    expect(accepted).toEqual([true, true, false, false]);
    expect((await news).every((it) => it === text)).toBe(true); // clients of this server
    const codes = errors.filter(([type]) => type === 'error').map(([, { code }]) => code);
    expect(codes).toEqual(['ENOBUFS', 'ENOBUFS']);
    expect(one.joined.stats()).toMatchObject({ dropped: { full: 2 } });
    expect(one.joined.stats().bytesQueued).toBeGreaterThan(120_000);
    release();
    await slow;
    expect(one.joined.stats().bytesQueued).toBe(0);
    expect(one.joined.broadcast('news', 'y')).toBe(true);
  });

  const denied = new Error('denied');
  test.each([
    [
      'at once',
      () => {
        throw denied;
      },
    ],
    ['later', () => Promise.reject(denied)],
  ])(
    'may refuse a message %s: that is reported once, and each request fails',
    async (_, refuse) => {
      const hub = new scale.Hub();
      const broker = () =>
        altered(hub, (publish, subject, bytes, kind) => {
          return ['request', 'broadcast'].includes(kind) ? refuse() : publish(subject, bytes);
        });
      const [one, two] = await cluster(2, {}, broker);
      const errors = record(one.joined);
      await two.client('far');
      await one.sees(knows('far'));
      await expect(one.joined.request('far', 'q')).rejects.toThrow('denied');
      await expect(one.joined.request('far', 'q')).rejects.toThrow('denied');
      one.joined.broadcast('news');
      await new Promise((resolve) => setImmediate(resolve));
      const told = errors.filter(([type]) => type === 'error').map(([, { message }]) => message);
      expect(told).toEqual(['denied']);
      expect(one.joined.stats().dropped.failed).toBe(3);
    },
  );

  test('a server that was silent for long learns that its questions get no answer', async () => {
    const { one, two, mute } = await pairWithMute();
    const { client } = await two.client('far');
    const asked = new Promise((resolve) => {
      client.handle('q', (_, { signal }) => {
        resolve();
        return new Promise((__, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
      });
    });
    await one.sees(knows('far'));
    const question = one.joined.request('far', 'q');
    const settled = expect(question).rejects.toMatchObject({ code: 'ECONNRESET' });
    await asked;
    mute(true);
    await settled;
    expect(one.joined.stats().dropped.invalid).toBe(0);
  });

  test('a server that was busy for long does not take the others for gone before it has listened', async () => {
    const hub = new scale.Hub();
    let isMute = false;
    let ticks = 0;
    let ticked = () => {};
    const [one, two] = await cluster(2, { heartbeat: 20, timeout: 200 }, (index) =>
      altered(hub, (publish, subject, bytes, kind) => {
        if (index === 1 && kind === 'beat' && ++ticks >= 3) ticked();
        if (!isMute || index === 1) publish(subject, bytes);
      }),
    );
    const events = record(two.joined);
    const twice = new Promise((resolve) => (ticked = resolve));
    isMute = true;
    ticks = 0;
    await twice; // it has looked, and heard nothing
    const end = performance.now() + 300;
    while (performance.now() < end); // longer than the others may be silent
    isMute = false;
    await one.client('alice');
    await two.sees(knows('alice'));
    expect(events.map(([type]) => type)).not.toContain('serverLeave');
  });

  test('a server that comes back after a long silence is known again, with all its clients', async () => {
    const { one, two, mute } = await pairWithMute();
    await one.client('alice');
    await two.sees(knows('alice'));
    const left = once(two.joined, 'serverLeave');
    mute(true);
    expect(await left).toEqual([{ name: 'server 0', clients: 0, local: false }]);
    expect(two.joined.clients()).toEqual([]);
    expect(two.joined.emit('alice', 'mail')).toBe(false);
    mute(false);
    await two.sees(knows('alice'));
    expect(two.joined.servers()).toMatchObject([{ name: 'server 1' }, { name: 'server 0' }]);
  });
});
