'use strict';
// Three servers with fifty clients each, by every broker: what all of them promise. The servers are processes of their own
// (with the broker in memory they are in this one), on different transports and both drivers.

const { BROKERS, missing, startBroker } = require('./brokers');
const { makeMember } = require('./member');
const { transport } = require('../helpers/transports');
const { createWorld } = require('../helpers/world');

const MEMBER = require.resolve('./member');
const CROWD = require.resolve('./crowd');
const EACH = 50;

/** Characters that a subject cannot have are spelled out. */
const ID = 'one > * é.x';
const SUBJECTS = 'ferripc.one%20%3e%20%2a%20%c3%a9%2ex';

jest.setTimeout(120_000);

const world = createWorld();

/** A member in a process of its own: `ask(command, ...)`, `kill()`, `exited`. */
async function spawnMember(settings, { kind, options }, driver) {
  const env = { FERRIPC_DRIVER: driver };
  const child = world.child(MEMBER, [{ ...settings, broker: { kind, options } }], { env });
  const waiting = new Map();
  let last = 0;
  await child.next();
  (async () => {
    for (;;) {
      const { number, value } = await child.next();
      waiting.get(number)(value);
    }
  })().catch(() => {});
  const ask = (command, ...args) => {
    const number = ++last;
    child.tell(JSON.stringify({ number, command, args }));
    return new Promise((resolve) => waiting.set(number, resolve));
  };
  return { ask, kill: () => child.kill(), exited: child.exited };
}

/** A member in this process. It dies by never being heard of again. */
async function localMember(settings, broker) {
  const client = broker.client();
  const { ask, server, cluster } = await makeMember(settings, client);
  const kill = async () => {
    client.publish = () => {};
    client.subscribe = () => {};
    await server.stop({ disconnect: true });
  };
  world.after(() => cluster.close());
  world.after(() => server.stop({ disconnect: true }));
  return { ask, kill };
}

const range = (count) => Array.from({ length: count }, (_, i) => i);
const names = (server) => range(EACH).map((i) => `client ${server}.${i}`);
const everybody = range(3).flatMap(names);

/** Somebody who publishes and listens by the same broker. `heard`: the first sign of life of a server. */
async function publisher(broker) {
  const client = broker.client();
  world.after(() => client.close());
  await new Promise((resolve) => client.watch((state) => state === 'up' && resolve()));
  const first = new Promise((resolve) => client.subscribe(`${SUBJECTS}.all`, resolve));
  const heard = first.then((bytes) => JSON.parse(String(bytes)));
  const publish = (subject, bytes) => client.publish(`${SUBJECTS}.${subject}`, bytes);
  return { heard, publish, close: () => client.close() };
}

const FROM = 'f'.repeat(24);
const message = (fields) => Buffer.from(JSON.stringify({ v: 1, from: FROM, n: 1, ...fields }));

/** Invalid messages between servers, in any case or on these subjects. `beat`: a valid one. */
const garbage = (beat) => [
  Buffer.alloc(0),
  Buffer.from([0xff, 0xfe, 0]),
  Buffer.from('null'),
  Buffer.from('[]'),
  Buffer.from('{"v":1'),
  Buffer.from('['.repeat(100_000)),
  Buffer.from(JSON.stringify({ ...beat, v: 2 })),
  Buffer.from(JSON.stringify({ ...beat, from: '__proto__' })),
  Buffer.from(JSON.stringify({ ...beat, n: 0 })),
  Buffer.from(JSON.stringify({ ...beat, n: 1e300 })),
  Buffer.from(JSON.stringify({ ...beat, kind: 'constructor' })),
  Buffer.from(JSON.stringify({ ...beat, kind: ['beat'] })),
  message({ kind: 'beat', name: 1 }),
  message({ kind: 'delta', base: 0, revision: 1, add: [''], remove: [] }),
  message({ kind: 'delta', base: 0, revision: 1, add: {}, remove: [] }),
  message({ kind: 'broadcast', type: null }),
  message({ kind: 'state', part: -1 }),
  message({ kind: 'emit', to: 'x'.repeat(2000), type: 'x' }),
  message({ kind: 'request', to: 'x', type: 'x' }),
];

describe.each(BROKERS)('%s', (kind) => {
  const reason = missing(kind);
  const run = reason === null ? test : test.skip;

  run(`${reason ?? 'three servers are one'}`, async () => {
    const broker = await startBroker(kind, world);
    const places = [];
    for (const name of ['unix', 'tcp', 'tls']) {
      const { place, server, client } = transport(name, world);
      const { options } = await place();
      places.push({ options, server, client });
    }
    const members = await Promise.all(
      places.map(({ options, server: config }, index) => {
        const settings = { options, config, id: ID, name: `server ${index}` };
        if (kind === 'memory') return localMember(settings, broker);
        return spawnMember(settings, broker, index === 1 ? 'tokio' : '');
      }),
    );
    const crowd = world.child(CROWD, [
      places.map(({ options, client: config }) => ({ options, config })),
      EACH,
    ]);
    const next = () => crowd.next();
    expect(await next()).toBe('ready');
    const all = (act) => Promise.all(members.map(act));
    /** What has come to each client, as soon as so much has; to those of `of`, and `more` to some. */
    const arrived = (list, count, of, more) => {
      crowd.tell(JSON.stringify({ list, count, of, more }));
      return next();
    };

    // Everybody knows everybody.
    await all(({ ask }) => ask('sees', 3 * EACH, 3));

    // Broadcasts of all three at once: each client gets each once, and those of one server in their order.
    const said = members.map((_, index) => range(10).map((i) => `${index}:${i}`));
    await all(({ ask }, index) => ask('broadcast', 'news', said[index]));
    const news = await arrived('news', 30);
    expect(Object.keys(news).sort()).toEqual([...everybody].sort());
    for (const values of Object.values(news)) {
      for (const index of range(3)) {
        expect(values.filter((it) => it.startsWith(`${index}:`))).toEqual(said[index]);
      }
    }

    // A message to each, from a server that has a third of them.
    expect(await members[0].ask('emit', [...everybody, 'nobody'], 'mail')).toEqual([
      ...everybody.map(() => true),
      false,
    ]);
    const mail = await arrived('mail', 1);
    for (const name of everybody) expect([name, mail[name]]).toEqual([name, [name]]);

    // Both in turns: one client gets all of it, in the order of the calls.
    await members[0].ask('mixed', 'client 2.3', 'news', range(20));
    const mixed = await arrived('news', 10, undefined, { 'client 2.3': 20 });
    const even = range(20).filter((it) => it % 2 === 0);
    for (const name of everybody) {
      const expected = name === 'client 2.3' ? range(20) : even;
      expect([name, mixed[name]]).toEqual([name, expected]);
    }

    // Questions to clients of other servers, and how they fail.
    const ask = (...args) => members[0].ask('request', ...args);
    expect(await ask('client 2.7', 'who', { a: [null, 'é'] })).toEqual({
      answer: { name: 'client 2.7', data: { a: [null, 'é'] } },
    });
    expect(await ask('client 1.0', 'fails')).toEqual({
      error: { class: 'RemoteError', name: 'RangeError', code: 'ERR_X', message: 'out of range' },
    });
    expect(await ask('client 1.0', 'unknown')).toMatchObject({
      error: { class: 'RemoteError', code: 'ERR_FERRIPC_NO_HANDLER' },
    });
    expect(await ask('nobody', 'who')).toMatchObject({ error: { code: 'ENOTCONN' } });
    expect(await ask('client 1.1', 'never', 1, { timeout: 20 })).toMatchObject({
      error: { name: 'TimeoutError', code: 'ETIMEDOUT' },
    });
    expect(await ask('client 2.1', 'never', 2, { abortAfter: 1 })).toMatchObject({
      error: { name: 'AbortError', code: 'ABORT_ERR' },
    });
    const aborted = await arrived('aborted', 1, ['client 1.1', 'client 2.1']);
    expect([aborted['client 1.1'], aborted['client 2.1']]).toEqual([[1], [2]]);

    // What others publish there is ignored and counted. But a program that knows the format can do what a server can.
    const stranger = await publisher(broker);
    const heard = await stranger.heard;
    const bad = garbage({ ...heard, from: FROM });
    for (const bytes of bad) stranger.publish('all', bytes);
    for (const bytes of bad) stranger.publish(`to.${heard.from}`, bytes);
    stranger.publish('all', message({ kind: 'broadcast', type: 'news', data: 'strange' }));
    expect((await arrived('news', 1))['client 0.0']).toEqual(['strange']);
    const counted = await all(async ({ ask: its }) => (await its('stats')).dropped.invalid);
    const { length } = bad;
    expect(counted.sort()).toEqual([length, length, 2 * length]);
    await stranger.close();

    // The broker dies: questions fail, what is for others is lost and counted, local clients have everything.
    const lost = ask('client 1.0', 'never', 3);
    expect(await arrived('asked', 1, ['client 1.0'])).toMatchObject({ 'client 1.0': [3] });
    await broker.kill();
    await all(({ ask: its }) => its('turns', false));
    expect(await lost).toMatchObject({ error: { class: 'Error', code: 'ECONNRESET' } });
    const away = ['a', 'b', 'c'];
    expect(await members[0].ask('broadcast', 'news', away)).toEqual([false, false, false]);
    const { dropped, errors } = await members[0].ask('stats');
    expect(dropped.down).toBe(1 + 3); // nobody, and the broadcasts
    expect(errors.filter((code) => code === 'ENOTCONN')).toHaveLength(1);
    expect(await ask('client 0.1', 'who', 4)).toMatchObject({ answer: { data: 4 } });
    expect(await ask('client 1.1', 'who', 4)).toMatchObject({ error: { code: 'ENOTCONN' } });

    // It comes back: the same as before, and nothing of what was lost.
    await broker.start();
    await all(({ ask: its }) => its('turns', true));
    await all(({ ask: its }) => its('sees', 3 * EACH, 3));
    expect(await members[0].ask('broadcast', 'news', ['d', 'e'])).toEqual([true, true]);
    const after = await arrived('news', 2);
    for (const index of range(3)) {
      const expected = index === 0 ? [...away, 'd', 'e'] : ['d', 'e'];
      for (const name of names(index)) expect([name, after[name]]).toEqual([name, expected]);
    }

    // A server dies: those who wait for it get an error, and its clients are gone.
    const unanswered = ask('client 2.0', 'never', 5);
    expect(await arrived('asked', 1, ['client 2.0'])).toMatchObject({ 'client 2.0': [5] });
    await members[2].kill();
    expect(await unanswered).toMatchObject({ error: { code: 'ECONNRESET' } });
    for (const { ask: its } of members.slice(0, 2)) {
      expect((await its('sees', 2 * EACH, 2)).sort()).toEqual(['server 0', 'server 1']);
    }

    // Nothing keeps a process alive that has closed everything.
    crowd.tell(JSON.stringify({ end: true }));
    for (const { ask: its, exited } of members.slice(0, 2)) {
      await its('close');
      if (exited) expect(await exited).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await crowd.exited).toMatchObject({ code: 0, stderr: '' });
  });
});
