'use strict';
// What is published while a broker's `publish` fails or runs: nothing of it is lost that the broker has taken, and what is lost is
// counted as lost.

const scale = require('../../scale');
const { collect, record } = require('../helpers/events');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');
const { altered, createClusters, hasClients, knows } = require('./clusters');

const world = createWorld();
const { cluster } = createClusters(world);

/** Two servers, a client of the second, and `publish(act)`: what the first one's broker does from now on. */
async function pair(options) {
  const hub = new scale.Hub();
  let act = (usual, ...message) => usual(...message);
  const broker = (index) =>
    altered(hub, (...all) => (index === 0 ? act(...all) : all[0](...all.slice(1))));
  const quiet = { heartbeat: 60_000, timeout: 90_000, ...options };
  const [one, two] = await cluster(2, quiet, broker);
  const { client } = await two.client('far');
  await one.sees(knows('far'));
  return { hub, one, two, client, publish: (it) => (act = it) };
}

const refused = () => {
  throw new Error('refused');
};

test.each([
  ['after it has delivered', true],
  ['before it delivers', false],
])('a broker that throws %s: the next message arrives', async (_, delivers) => {
  const { one, two, client, publish } = await pair();
  const got = collect(client, 'news', delivers ? 4 : 3);
  one.joined.broadcast('news', 1);
  publish((usual, ...message) => {
    if (delivers) usual(...message);
    refused();
  });
  expect(one.joined.broadcast('news', 2)).toBe(false);
  publish((usual, ...message) => usual(...message));
  expect(one.joined.broadcast('news', 3)).toBe(true);
  expect(one.joined.emit('far', 'news', 4)).toBe(true);
  expect(await got).toEqual(delivers ? [1, 2, 3, 4] : [1, 3, 4]);
  expect(one.joined.stats().dropped.failed).toBe(1);
  expect(two.joined.stats()).toMatchObject({ duplicates: 0, missed: delivers ? 0 : 1 });
});

test('a broker that comes back into the program before it delivers: all arrives in the order of the calls', async () => {
  const { one, two, client, publish } = await pair({ maxQueuedBytes: 1000 });
  const got = collect(client, 'news', 5);
  const length = 'x'.repeat(600);
  const results = [];
  let depth = 0;
  publish((usual, ...message) => {
    expect(++depth).toBe(1); // it is not called within itself
    for (const next of [
      () => one.joined.broadcast('news', 2),
      () => one.joined.emit('far', 'news', 3),
    ])
      if (results.length < 2) results.push(next());
    usual(...message);
    depth--;
  });
  expect(one.joined.broadcast('news', 1)).toBe(true);
  expect(results).toEqual([true, true]);
  // What is held back counts as waiting.
  publish((usual, ...message) => {
    if (results.length < 5)
      for (let i = 0; i < 3; i++) results.push(one.joined.broadcast('news', length));
    usual(...message);
  });
  expect(one.joined.broadcast('news', 4)).toBe(true);
  expect(results.slice(2)).toEqual([true, true, false]);
  expect(one.joined.stats()).toMatchObject({ bytesQueued: 0, dropped: { full: 1, failed: 0 } });
  expect((await got).slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(two.joined.stats()).toMatchObject({ duplicates: 0, missed: 0 });
});

test('what was held back is counted if the broker refuses it, or has gone', async () => {
  const { hub, one, publish } = await pair();
  const errors = record(one.joined);
  let asked;
  publish((usual, ...message) => {
    publish(refused);
    expect(one.joined.broadcast('news', 2)).toBe(true);
    asked = one.joined.request('far', 'q');
    asked.catch(() => {});
    usual(...message);
  });
  expect(one.joined.broadcast('news', 1)).toBe(true);
  await expect(asked).rejects.toThrow('refused');
  expect(one.joined.stats().dropped).toMatchObject({ failed: 2, down: 0 });
  publish(() => {
    expect(one.joined.broadcast('news', 4)).toBe(true);
    hub.stop();
  });
  one.joined.broadcast('news', 3);
  expect(one.joined.stats()).toMatchObject({ bytesQueued: 0, dropped: { failed: 2, down: 1 } });
  const codes = errors.filter(([type]) => type === 'error').map(([, error]) => error.code);
  expect(codes).toEqual([undefined, 'ENOTCONN']);
});

test('a server that leaves while a question to its client begins: the question is settled', async () => {
  const hub = new scale.Hub();
  let lastWords;
  let hear;
  let act = (usual, ...message) => usual(...message);
  const [one, two] = await cluster(2, { heartbeat: 60_000, timeout: 90_000 }, (index) => {
    if (index === 1) {
      return altered(hub, (usual, subject, bytes, kind) => {
        if (kind === 'bye') lastWords = bytes;
        else usual(subject, bytes);
      });
    }
    const broker = altered(hub, (...all) => act(...all));
    const subscribe = broker.subscribe.bind(broker);
    broker.subscribe = (subject, onMessage) => {
      if (subject.endsWith('all')) hear = onMessage;
      return subscribe(subject, onMessage);
    };
    return broker;
  });
  await two.client('far');
  await one.sees(knows('far'));
  const { socket } = await one.client('near');
  await two.joined.close();
  one.joined.identify(socket, 'nearer'); // which the other server is told before a question
  act = (usual, subject, bytes, kind) => {
    usual(subject, bytes);
    if (kind === 'delta') hear(lastWords);
  };
  await expect(one.joined.request('far', 'q')).rejects.toMatchObject({ code: 'ENOTCONN' });
});

test('a server that alone is away from the broker for a moment: what it was asked is settled', async () => {
  const hub = new scale.Hub();
  let turn;
  const [one, two] = await cluster(2, { heartbeat: 60_000, timeout: 90_000 }, (index) => {
    const broker = scale.memory({ hub });
    const watch = broker.watch.bind(broker);
    if (index === 1) broker.watch = (onState) => watch((turn = onState));
    return broker;
  });
  const { client } = await two.client('far');
  const asked = new Promise((resolve) => {
    client.handle('q', () => {
      resolve();
      return new Promise(() => {}); // it never answers
    });
  });
  await one.sees(knows('far'));
  const question = one.joined.request('far', 'q');
  const settled = expect(question).rejects.toMatchObject({ code: 'ECONNRESET' });
  await asked;
  turn('down', new Error('a broken connection'));
  turn('up');
  await settled;
  expect(one.joined.servers()).toHaveLength(2);
  client.handle('again', () => 1);
  expect(await one.joined.request('far', 'again')).toBe(1);
});

test('an answer that is nested too deeply for JSON is an error, and the servers go on', async () => {
  const [one, two] = await cluster(2);
  const peer = await world.peer(two.at);
  await one.sees(hasClients(1));
  const [{ id }] = one.joined.clients();
  const answer = one.joined.request(id, 'q');
  const question = await peer.message();
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  peer.writeFrames(`{"type":"ferripc:reply","data":{"id":${question.data.id},"data":${deep}}}`);
  await expect(answer).rejects.toMatchObject({
    code: 'ERR_FERRIPC_MESSAGE_TOO_LARGE',
    message: expect.stringContaining('stack'),
  });
  expect(two.joined.stats().published).toBeGreaterThan(0);
});

test('ids and names that are too long or empty: what was received is said', async () => {
  const [{ joined, server, client }] = await cluster(1);
  const { socket } = await client();
  const must = 'The "id" argument must be a string of 1 to 1024 characters. Received';
  for (const [id, received] of [
    ['', 'a string of 0 characters'],
    ['x'.repeat(1025), 'a string of 1025 characters'],
    [7, 'type number'],
    [null, 'type null'],
  ]) {
    const error = { name: 'TypeError', message: expect.stringContaining(`${must} ${received}`) };
    expect(thrownBy(() => joined.identify(socket, id))).toMatchObject(error);
    expect(thrownBy(() => joined.emit(id, 'x'))).toMatchObject(error);
    await expect(joined.request(id, 'x')).rejects.toMatchObject(error);
  }
  const long = 'x'.repeat(300);
  for (const option of ['id', 'name', 'prefix']) {
    const options = { broker: scale.memory({ hub: new scale.Hub() }), [option]: long };
    await expect(scale.join(server, options)).rejects.toThrow(
      new RegExp(`^options\\.${option} must .*1 to 255 .*Received 300`),
    );
  }
});

test('who gets a message of a new client can answer it: the others hear of the client first', async () => {
  const { one, two, client, publish } = await pair();
  const kinds = [];
  publish((usual, subject, bytes, kind) => {
    kinds.push(kind);
    usual(subject, bytes);
  });
  one.server.on('connect', (socket) => one.joined.emit('far', 'from', one.joined.idOf(socket)));
  const [[from], { client: near }] = await Promise.all([collect(client, 'from', 1), one.client()]);
  expect(kinds).toEqual(['delta', 'emit']);
  const answer = collect(near, 'answer', 1);
  expect(two.joined.emit(from, 'answer', 7)).toBe(true);
  expect(await answer).toEqual([7]);
});

test('a server works on 16,384 questions of another one, whichever clients they are for', async () => {
  const { one, two, client } = await pair();
  const { client: other } = await two.client('other');
  await one.sees(knows('other'));
  let begun = 0;
  const all = new Promise((resolve) => {
    const never = () => {
      if (++begun === 16_384) resolve();
      return new Promise(() => {});
    };
    for (const it of [client, other]) it.handle('wait', never);
  });
  const controller = new AbortController();
  const { signal } = controller;
  const asked = [];
  for (let i = 0; i < 16_384; i++)
    asked.push(one.joined.request(i % 2 ? 'far' : 'other', 'wait', i, { signal }));
  await all;
  const code = 'ERR_FERRIPC_TOO_MANY_REQUESTS';
  await expect(one.joined.request('far', 'wait')).rejects.toMatchObject({ code });
  controller.abort();
  const reasons = (await Promise.allSettled(asked)).map(({ reason }) => reason.code);
  expect(new Set(reasons)).toEqual(new Set(['ABORT_ERR']));
  client.handle('now', () => 'an answer'); // there is room again
  expect(await one.joined.request('far', 'now')).toBe('an answer');
});

test('a broker that is never done with closing is given two seconds', async () => {
  const server = await world.serve(await world.place('unix'));
  const broker = scale.memory({ hub: new scale.Hub() });
  broker.close = () => new Promise(() => {});
  const joined = await scale.join(server, { id: 'test', broker });
  const begun = performance.now();
  await joined.close();
  expect(performance.now() - begun).toBeGreaterThan(1900);
});

test('when the broker goes away, questions to and from other servers end at once', async () => {
  const { hub, one, client } = await pair();
  const asked = new Promise((resolve) => {
    client.handle('wait', (_, { signal }) => {
      resolve(signal);
      return new Promise(() => {});
    });
  });
  const answer = one.joined.request('far', 'wait').catch(({ code, message }) => [code, message]);
  const signal = await asked;
  hub.stop();
  expect(await answer).toEqual([
    'ECONNRESET',
    'The broker went away before the request was answered',
  ]);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
});
