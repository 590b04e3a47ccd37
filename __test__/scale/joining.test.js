'use strict';
// How servers join a cluster and leave it, and what is refused.

const scale = require('../../scale');
const { collect, once } = require('../helpers/events');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');
const { createClusters, knows } = require('./clusters');

const world = createWorld();
const { cluster, member } = createClusters(world);

describe('joining and leaving', () => {
  test('is refused with what cannot take part, by name', async () => {
    const at = await world.place('unix');
    const server = await world.serve(at);
    const broker = scale.memory({ hub: new scale.Hub() });
    const refusal = (options, whose = server) =>
      scale.join(whose, options).then(
        () => 'joined',
        (error) => `${error.name}: ${error.message}`,
      );
    expect(await refusal({ broker }, {})).toMatch(
      /^TypeError: The "server" argument must be a server/,
    );
    expect(await refusal(undefined)).toMatch(/^TypeError: The "options" argument/);
    expect(thrownBy(() => scale.memory({ huub: 1 })).message).toBe(
      'The "options.huub" argument is not an option',
    );
    expect(await refusal({})).toMatch(
      /^TypeError: The "options.broker" argument must be an object/,
    );
    for (const [name, value] of Object.entries({
      id: '',
      name: 7,
      prefix: 'a b',
      identify: 'id',
      heartbeat: 0,
      timeout: -1,
      connectTimeout: 'long',
      maxQueuedBytes: NaN,
      heartBeat: 100, // a name that is none
    })) {
      expect([name, await refusal({ broker, [name]: value })]).toEqual([
        name,
        expect.stringMatching(new RegExp(`^TypeError: .*options\\.${name}\\b`)),
      ]);
    }
    for (const maxPayload of [null, '1mb', 0, NaN]) {
      const limited = { publish() {}, subscribe() {}, close() {}, maxPayload };
      expect(await refusal({ broker: limited })).toMatch(
        /^TypeError: .*options\.broker\.maxPayload/,
      );
    }
    expect(await refusal({ broker, heartbeat: 10, timeout: 10 })).toMatch(/options.timeout \(10\)/);
    const raw = world.host(await world.place('unix'), { rawBuffer: true });
    expect(await refusal({ broker }, raw)).toMatch(/raw mode/);
    const values = world.host(await world.place('unix'), { serialization: 'advanced' });
    expect(await refusal({ broker }, values)).toMatch(/^TypeError: config\.serialization/);
    const udp = world.ipc();
    udp.serveNet('127.0.0.1', 1, 'udp4');
    expect(await refusal({ broker }, udp.server)).toMatch(/UDP/);

    const joined = await scale.join(server, { broker });
    world.after(() => joined.close());
    expect(await refusal({ broker: scale.memory() })).toMatch(/takes part in a cluster already/);
    const other = await world.serve(await world.place('unix'));
    expect(await refusal({ broker }, other)).toMatch(/options.broker serves another server/);
    for (const misuse of [
      () => joined.broadcast(1),
      () => joined.emit('', 'x'),
      () => joined.emit('x'),
      () => joined.identify({}, 'x'),
      () => joined.broadcast('x', 1n),
    ]) {
      expect(thrownBy(misuse)).toBeInstanceOf(TypeError);
    }
    await expect(joined.request('x', 'y', 1, { timeout: 0 })).rejects.toThrow(/options.timeout/);
    await expect(joined.request(7, 'y')).rejects.toThrow(TypeError);
  });

  test('fails when the broker does not come, or does not let it listen', async () => {
    const server = await world.serve(await world.place('unix'));
    const hub = new scale.Hub();
    hub.stop();
    const error = await scale
      .join(server, { broker: scale.memory({ hub }), connectTimeout: 10 })
      .catch((it) => it);
    expect([error.code, error.cause.code]).toEqual(['ETIMEDOUT', 'ECONNREFUSED']);

    const denied = new Error('denied');
    const closed = [];
    const broker = {
      publish() {},
      subscribe: () => Promise.reject(denied),
      close: () => void closed.push(true),
    };
    await expect(scale.join(server, { broker })).rejects.toBe(denied);
    expect(closed).toEqual([true]);

    // It can take part later, also if the broker comes late.
    const late = scale.memory({ hub });
    const joining = scale.join(server, { broker: late });
    hub.start();
    const joined = await joining;
    expect(joined.isUp).toBe(true);
    await joined.close();
  });

  test('a server that leaves is gone at once, with its open requests', async () => {
    const [one, two] = await cluster(2);
    const { client } = await two.client('far');
    await one.sees(knows('far'));
    let aborted;
    const asked = new Promise((resolve) => {
      client.handle('never', (_, { signal }) => {
        aborted = new Promise((abort) => signal.addEventListener('abort', abort));
        resolve();
        return new Promise(() => {});
      });
    });
    const answer = one.joined.request('far', 'never').catch((error) => error);
    await asked;
    const left = once(two.joined, 'serverLeave');
    const over = once(one.joined, 'close');
    await one.joined.close();
    await over;
    expect((await answer).code).toBe('ECONNRESET');
    await left;
    await aborted; // the client's handler is told that the caller has stopped waiting
    expect([one.joined.clients(), one.joined.servers(), one.joined.isUp]).toEqual([[], [], false]);
    expect([one.joined.broadcast('x'), one.joined.emit('far', 'x')]).toEqual([false, false]);
    await expect(one.joined.request('far', 'x')).rejects.toMatchObject({ code: 'ENOTCONN' });
    await one.joined.close();
    expect(one.server.sockets).toEqual([]);
    expect(one.server.server.listening).toBe(true);
  });

  test('a server that stops leaves, and requests to its clients fail', async () => {
    const [one, two] = await cluster(2);
    const { client } = await two.client('far');
    await one.sees(knows('far'));
    const asked = new Promise((resolve) => {
      client.handle('never', () => new Promise(() => resolve()));
    });
    const answer = one.joined.request('far', 'never').catch((error) => error);
    await asked;
    const left = once(one.joined, 'serverLeave');
    await two.server.stop({ disconnect: true });
    expect((await answer).code).toBe('ECONNRESET');
    await left;
    expect(one.joined.clients()).toEqual([]);
    expect(two.joined.servers()).toEqual([]);
  });

  test('it can be used with `await using`', async () => {
    const [one] = await cluster(1);
    const over = once(one.joined, 'close');
    if (Symbol.asyncDispose !== undefined) await one.joined[Symbol.asyncDispose]();
    else await one.joined.close();
    await over;
  });
});

test('a broker needs no more than three methods', async () => {
  const subscribers = new Map();
  const broker = {
    publish: (subject, bytes) => subscribers.get(subject)?.(bytes),
    subscribe: (subject, onMessage) => void subscribers.set(subject, onMessage),
    close() {},
  };
  const { joined, client } = await member({ broker });
  const { client: near } = await client('near');
  const news = collect(near, 'news', 1);
  expect(joined.broadcast('news', 1)).toBe(true); // which it hears itself
  expect(await news).toEqual([1]);
  for (const [subject, onMessage] of subscribers) {
    onMessage('text');
    onMessage(undefined);
    onMessage({ length: 5 });
    expect(subject).toMatch(/^ferripc\.test\.(all|to\.[0-9a-f]{24})$/);
  }
  expect(joined.stats()).toMatchObject({ received: 0, dropped: { invalid: 6 } });
});

/** Ways in which a broker's function fails; what it fails with may be anything. */
const FAILURES = [
  [
    'throws',
    () => {
      throw new Error('broken');
    },
    /broken/,
  ],
  [
    'throws nothing',
    () => {
      throw undefined;
    },
    /options\.broker threw undefined/,
  ],
  ['is rejected', () => Promise.reject(new Error('broken')), /broken/],
  ['is rejected with nothing', () => Promise.reject(), /options\.broker threw undefined/],
  [
    'returns what throws when it is awaited',
    () => ({
      then() {
        throw new Error('broken');
      },
    }),
    /broken/,
  ],
  [
    'returns what throws when it is looked at',
    () => ({
      get then() {
        throw new Error('broken');
      },
    }),
    /broken/,
  ],
];

describe.each(FAILURES)('a broker whose function %s', (_, fail, message) => {
  const working = () => ({ publish() {}, subscribe() {}, close() {} });

  test.each(['watch', 'subscribe'])('cannot be joined: %s', async (name) => {
    const server = await world.serve(await world.place('unix'));
    const broker = { ...working(), [name]: fail };
    await expect(scale.join(server, { broker })).rejects.toThrow(message);
  });

  test('loses a message: it is counted, and the cluster goes on', async () => {
    const broker = working();
    const { joined } = await member({ broker, heartbeat: 60_000, timeout: 90_000 });
    const told = once(joined, 'error');
    broker.publish = fail;
    joined.broadcast('news', 1);
    expect((await told)[0]).toMatchObject({ message: expect.stringMatching(message) });
    expect(joined.stats()).toMatchObject({ bytesQueued: 0, dropped: { failed: 1 } });
  });

  test('can be left', async () => {
    const { joined } = await member({ broker: { ...working(), close: fail } });
    const told = once(joined, 'error');
    await joined.close();
    expect((await told)[0]).toMatchObject({ message: expect.stringMatching(message) });
  });
});

test('of two subscriptions that fail, none is an unhandled rejection', async () => {
  const server = await world.serve(await world.place('unix'));
  let calls = 0;
  const subscribe = () => {
    if (++calls === 1) return Promise.reject(new Error('first'));
    throw new Error('second');
  };
  const broker = { publish() {}, subscribe, close() {} };
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    await expect(scale.join(server, { broker })).rejects.toThrow(/first|second/);
    await new Promise(setImmediate);
  } finally {
    process.off('unhandledRejection', note);
  }
  expect([calls, unhandled]).toEqual([2, []]);
});

test('a promise of a broker that settles twice counts once', async () => {
  const twice = { then: (resolve, reject) => [resolve(), resolve(), reject(new Error('late'))] };
  const broker = { publish: () => twice, subscribe() {}, close() {} };
  const { joined } = await member({ broker, heartbeat: 60_000, timeout: 90_000 });
  joined.broadcast('news', 1);
  await new Promise(setImmediate);
  expect(joined.stats()).toMatchObject({ bytesQueued: 0, dropped: { failed: 0 } });
});

test('a broker may deliver within `publish`: what is published meanwhile has a number of its own', async () => {
  const numbers = [];
  let joined = null;
  const broker = {
    publish(subject, bytes) {
      const { kind, n } = JSON.parse(bytes);
      if (kind === 'broadcast' && numbers.push(n) === 1) joined.broadcast('news', 'meanwhile');
    },
    subscribe() {},
    close() {},
  };
  ({ joined } = await member({ broker }));
  joined.broadcast('news', 'first');
  expect(numbers[1]).toBe(numbers[0] + 1);
});

test.each([
  ['nats', '@nats-io/transport-node'],
  ['redis', 'ioredis'],
])('without its package, %s says what to install', (kind, name) => {
  jest.isolateModules(() => {
    jest.doMock(
      name,
      () => {
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
      },
      { virtual: true },
    );
    const { [kind]: make } = require('../../scale');
    expect(thrownBy(() => make())).toMatchObject({
      code: 'MODULE_NOT_FOUND',
      message: expect.stringContaining(`npm install ${name}`),
    });
    jest.dontMock(name);
  });
});

test.each([
  ['nats', 'waitOnFirstConnect'],
  ['redis', 'retryStrategy'],
])('what %s decides about itself is refused', (kind, option) => {
  expect(thrownBy(() => scale[kind]({ [option]: true }))).toMatchObject({
    name: 'TypeError',
    message: expect.stringContaining(`options.${option}`),
  });
});
