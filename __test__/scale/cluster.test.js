'use strict';
// What a cluster does, server by server, in one process: the broker is in memory, or one that loses, doubles or delays.

const diagnostics = require('node:diagnostics_channel');
const scale = require('../../scale');
const { collect, once, record } = require('../helpers/events');
const { createWorld } = require('../helpers/world');
const { thrownBy } = require('../helpers/thrown');

const world = createWorld();

/** Some servers of one cluster, with `options` of `join`. `brokers(index)` gives each its broker's client. */
async function cluster(count, options = {}, brokers = hubOf()) {
  const members = [];
  for (let index = 0; index < count; index++) {
    members.push(await member({ name: `server ${index}`, broker: brokers(index), ...options }));
  }
  await Promise.all(members.map((it) => it.sees(({ servers }) => servers.length === count)));
  return members;
}

function hubOf() {
  const hub = new scale.Hub();
  return () => scale.memory({ hub });
}

/** A server that takes part: `sees(test)` waits until its lists pass; `client(id)` connects somebody. */
async function member(options) {
  const at = await world.place('unix');
  const server = await world.serve(at);
  const joined = await scale.join(server, { id: 'test', heartbeat: 50, timeout: 5000, ...options });
  world.after(() => joined.close());
  const lists = () => ({ clients: joined.clients(), servers: joined.servers() });
  const sees = (fits) =>
    new Promise((resolve) => {
      const look = () => {
        if (!fits(lists())) return;
        joined.off('*', look);
        resolve();
      };
      joined.on('*', look);
      look();
    });
  async function client(id) {
    const { client: made, socket } = await world.meet(server, at);
    if (id !== undefined) joined.identify(socket, id);
    return { client: made, socket };
  }
  return { at, server, joined, sees, client };
}

const knows = (id) => (lists) => lists.clients.some((it) => it.id === id);
const hasClients = (count) => (lists) => lists.clients.length === count;

/** A broker in memory that does something else with what is published. */
function altered(hub, publish) {
  const broker = scale.memory({ hub });
  const usual = broker.publish.bind(broker);
  broker.publish = (subject, bytes) => publish(usual, subject, bytes, JSON.parse(bytes).kind);
  return broker;
}

describe('ids', () => {
  test('a client has one that is made up, until somebody gives it one', async () => {
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
    const said = collect(one.server, 'hello', 5);
    client.emit('hello', 'no object');
    client.emit('hello', { token: { id: 7 } });
    client.emit('hello', { token: {} });
    client.emit('hello', { token: { id: 'x'.repeat(1025) } });
    client.emit('hello', { token: { id: 'carol' } });
    await said;
    client.emit('bye', { token: { id: 'mallory' } });
    await once(one.server, 'bye');
    expect(seen).toEqual(Array(5).fill('hello')); // who has an id is not asked again
    expect(handled.at(-1)).toBe('carol'); // known before handlers run
    expect(new Set(handled.slice(0, 4)).size).toBe(1);
    expect(errors).toEqual([
      expect.stringContaining('undefined'),
      'The "id" argument must be a string of 1 to 1024 characters. Received type number',
      'The "id" argument must be a string of 1 to 1024 characters. Received type string',
    ]);
    expect(one.joined.clients()).toMatchObject([{ id: 'carol' }]);
  });

  test('any text is one, and reaches whom it names', async () => {
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
  });
});

test('a client that connects to another server is found there', async () => {
  const [one, two, three] = await cluster(3);
  const before = await one.client('alice');
  await three.sees(knows('alice'));
  before.client.leave();
  const { client } = await two.client('alice');
  await three.sees(({ clients }) => clients.length === 1 && clients[0].server === 'server 1');
  const got = collect(client, 'mail', 2);
  expect(three.joined.emit('alice', 'mail', 1)).toBe(true);
  expect(three.joined.emit('alice', 'mail', 2)).toBe(true);
  expect(await got).toEqual([1, 2]);
});

test('clusters with other ids or prefixes on one broker have nothing to do with each other', async () => {
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
  test('what is too long for it nobody gets; lists of clients are split', async () => {
    const hub = new scale.Hub();
    const [one, two] = await cluster(2, {}, () => scale.memory({ hub, maxPayload: 10_000 }));
    for (let i = 0; i < 40; i++) await one.client(`${i}`.padEnd(700, '.'));
    const { client } = await two.client('far');
    await one.sees(knows('far'));
    await two.sees(hasClients(41));
    const late = await member({ broker: scale.memory({ hub, maxPayload: 10_000 }) });
    await late.sees(hasClients(41)); // by a list of several parts

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

  test('a server that was silent for too long and comes back is known again, with all its clients', async () => {
    const hub = new scale.Hub();
    let isMute = false;
    const broker = (index) =>
      altered(hub, (publish, subject, bytes) => {
        if (!isMute || index !== 0) publish(subject, bytes);
      });
    const [one, two] = await cluster(2, { heartbeat: 20, timeout: 60 }, broker);
    await one.client('alice');
    await two.sees(knows('alice'));
    const left = once(two.joined, 'serverLeave');
    isMute = true;
    expect(await left).toEqual([{ name: 'server 0', clients: 0, local: false }]);
    expect(two.joined.clients()).toEqual([]);
    expect(two.joined.emit('alice', 'mail')).toBe(false);
    isMute = false;
    await two.sees(knows('alice'));
    expect(two.joined.servers()).toMatchObject([{ name: 'server 1' }, { name: 'server 0' }]);
  });
});

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
    })) {
      expect([name, await refusal({ broker, [name]: value })]).toEqual([
        name,
        expect.stringMatching(new RegExp(`^TypeError: .*options\\.${name}\\b`)),
      ]);
    }
    expect(await refusal({ broker, heartbeat: 10, timeout: 10 })).toMatch(/options.timeout \(10\)/);
    const raw = world.host(await world.place('unix'), { rawBuffer: true });
    expect(await refusal({ broker }, raw)).toMatch(/raw mode/);
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

  test('who leaves is gone at once, with the questions that are open', async () => {
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
    await aborted; // the client's handler is told that nobody waits
    expect([one.joined.clients(), one.joined.servers(), one.joined.isUp]).toEqual([[], [], false]);
    expect([one.joined.broadcast('x'), one.joined.emit('far', 'x')]).toEqual([false, false]);
    await expect(one.joined.request('far', 'x')).rejects.toMatchObject({ code: 'ENOTCONN' });
    await one.joined.close();
    expect(one.server.sockets).toEqual([]);
    expect(one.server.server.listening).toBe(true);
  });

  test('a server that stops leaves, and who waited for its clients is told', async () => {
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
