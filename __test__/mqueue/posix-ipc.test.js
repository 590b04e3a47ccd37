'use strict';
// Message queues, and AppView's two sides on them, against the C library's by posix_ipc (posix_peer.py), both ways.
// Skipped where Python has no posix_ipc.

const path = require('node:path');
const { AppViewClient, AppViewServer } = require('../../appview');
const mqueue = require('../../mqueue');
const { left } = require('../appview/peers');
const { onLinux } = require('../helpers/platform');
const { Python, missing } = require('../helpers/python');
const { exists, nobody, queueName } = require('../helpers/queues');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');

const world = createWorld();
const why = missing('posix_ipc');
const withPeer = why === null ? onLinux.test : (name, act) => test.skip(`${name} (${why})`, act);

const peer = () => new Python(world, path.join(__dirname, 'posix_peer.py'));
const hex = (data) => Buffer.from(data).toString('hex');

function open(name, options) {
  const queue = mqueue.open(name, options);
  world.after(() => queue.close());
  return queue;
}

/** Data and priority, in an order that is not that of receiving. */
const MESSAGES = [
  ['', 0],
  ['low', 1],
  [Buffer.from([0, 255, 0]), 32767],
  ['é€😀', 1],
  ['x'.repeat(100), 31],
];
const ORDER = [2, 4, 1, 3, 0].map((at) => MESSAGES[at]);

withPeer('a queue of theirs is ours, with its sizes, messages and priorities', async () => {
  const them = peer();
  const name = queueName(world);
  expect(await them.call('open_queue', name, true, true, 5, 100)).toBe(true);
  for (const [data, priority] of MESSAGES) await them.call('send', name, hex(data), priority);
  const queue = open(name);
  expect(queue.attr()).toEqual({ maxmsg: 5, msgsize: 100, curmsgs: 5 });
  const received = [];
  for (let i = 0; i < 5; i++) received.push(await queue.receive());
  expect(received.map(({ data, priority }) => [hex(data), priority])).toEqual(
    ORDER.map(([data, priority]) => [hex(data), priority]),
  );
  expect(await them.call('unlink', name)).toBe(true);
  expect(exists(name)).toBe(false);
  await queue.send('still', 3); // those that have it open can still use it
  expect(await them.call('receive', name)).toEqual([hex('still'), 3]);
});

withPeer('a queue of ours is theirs', async () => {
  const them = peer();
  const name = queueName(world);
  const queue = open(name, { create: true, exclusive: true, maxmsg: 5, msgsize: 100 });
  for (const [data, priority] of MESSAGES) await queue.send(data, priority);
  await them.call('open_queue', name);
  expect(await them.call('attributes', name)).toEqual([5, 100, 5]);
  expect(await them.call('receive_all', name, 5)).toEqual(
    ORDER.map(([data, priority]) => [hex(data), priority]),
  );
  queue.unlink();
  expect(await them.call('open_queue', name)).toMatchObject({ error: 'ExistentialError' });
});

withPeer('either waits for the other: for a message, and for room', async () => {
  const them = peer();
  const name = queueName(world);
  const queue = open(name, { create: true, exclusive: true, maxmsg: 2, msgsize: 10 });
  await them.call('open_queue', name);
  const ours = queue.receive();
  await them.call('send', name, hex('a'), 1);
  expect(await ours).toEqual({ data: Buffer.from('a'), priority: 1 });
  const theirs = them.call('receive', name);
  await queue.send('b');
  expect(await theirs).toEqual([hex('b'), 0]);
  const sent = ['c', 'd', 'e', 'f'].map((text) => queue.send(text));
  expect(await them.call('receive_all', name, 4)).toEqual(
    ['c', 'd', 'e', 'f'].map((text) => [hex(text), 0]),
  );
  await Promise.all(sent);
});

withPeer('what one refuses the other refuses, too', async () => {
  const them = peer();
  const name = queueName(world);
  const none = 'ExistentialError';
  expect(await them.call('open_queue', name)).toMatchObject({ error: none });
  expect(thrownBy(() => open(name))).toMatchObject({ code: 'ENOENT' });
  const create = { create: true, exclusive: true };
  const queue = open(name, { ...create, maxmsg: 1, msgsize: 10 });
  expect(await them.call('open_queue', name, true, true)).toMatchObject({ error: none });
  expect(thrownBy(() => open(name, create))).toMatchObject({ code: 'EEXIST' });
  await them.call('open_queue', name);
  expect(await them.call('send', name, hex('x'.repeat(11)))).toMatchObject({ error: 'ValueError' });
  await expect(queue.send('x'.repeat(11))).rejects.toMatchObject({ code: 'EMSGSIZE' });
  expect(await them.call('receive', name, 0)).toMatchObject({ error: 'BusyError' });
  await expect(queue.receive({ timeout: 0 })).rejects.toMatchObject({ code: 'EAGAIN' });
  await queue.send('full');
  expect(await them.call('send', name, hex('x'), 0, 0)).toMatchObject({ error: 'BusyError' });
  await expect(queue.send('x', 0, { timeout: 0 })).rejects.toMatchObject({ code: 'EAGAIN' });
  const odd = '/ferripc/two';
  expect(await them.call('open_queue', odd, true)).toMatchObject({ error: 'PermissionsError' });
  expect(thrownBy(() => open(odd, { create: true }))).toMatchObject({ code: 'EACCES' });
});

withPeer('names of odd characters are the same names', async () => {
  const them = peer();
  for (const end of [' a b', '-é€😀', '\n', '\\', '"', '%s', '.', `-${'x'.repeat(200)}`]) {
    const name = `${queueName(world)}${end}`;
    const queue = open(name, { create: true, exclusive: true, maxmsg: 1, msgsize: 10 });
    await queue.send('here');
    await them.call('open_queue', name);
    expect(await them.call('receive', name)).toEqual([hex('here'), 0]);
    await them.call('close', name);
    expect(await them.call('unlink', name)).toBe(true);
    expect(exists(name)).toBe(false);
    queue.close();
  }
});

/** More than a queue holds: over 10 frames. */
const LONG = '}{"é€😀'.repeat(9_000);

describe.each(['AppViewIPC', 'ScopeIPC'])('AppView, %s', (prefix) => {
  withPeer('their tool asks our server', async () => {
    const pid = nobody();
    const server = new AppViewServer({ pid, prefix }).start();
    world.after(() => server.stop());
    const cfg = { current: { text: LONG } };
    server.publish({ viewed: true, cfg });
    const them = peer();
    const ask = (request) => them.call('appview_ask', prefix, pid, JSON.stringify(request));
    const field = prefix === 'ScopeIPC' ? 'scoped' : 'viewed';
    const status = { status: 200, [field]: true };
    expect(await ask({ req: 1 })).toEqual({
      text: JSON.stringify(status),
      metas: [{ status: 200, uniq: 4711, remain: JSON.stringify(status).length }],
    });
    const { text, metas } = await ask({ req: 2 });
    expect(JSON.parse(text)).toEqual({ cfg, status: 200 });
    expect(metas.length).toBeGreaterThan(10);
    expect(metas[0].remain).toBe(Buffer.byteLength(text));
    const changed = new Promise((resolve) => server.once('setConfig', resolve));
    expect((await ask({ req: 3, cfg: { text: LONG } })).text).toBe('{"status":200}');
    expect(await changed).toEqual({ text: LONG });
    expect((await ask({ req: 99 })).text).toBe('{"status":501}');
    expect(left(pid, prefix)).toEqual([]);
  });

  withPeer('our client asks their process', async () => {
    const pid = nobody();
    const client = new AppViewClient(pid, { prefix, timeout: 60_000 });
    const them = peer();
    const answer = { status: 200, text: LONG };
    const served = them.call('appview_serve', prefix, pid, JSON.stringify(answer));
    expect((await client.request(77, { text: LONG })).body).toEqual(answer);
    const { request, metas, sizes } = await served;
    expect(JSON.parse(request)).toEqual({ req: 77, text: LONG });
    expect(metas.length).toBeGreaterThan(10);
    expect(metas[0]).toEqual({ req: 1, uniq: metas[0].uniq, remain: Buffer.byteLength(request) });
    expect(metas.at(-1).req).toBe(0);
    expect(sizes).toEqual([10, 8192, 10, 8192]);
    expect(left(pid, prefix)).toEqual([]);
  });
});
