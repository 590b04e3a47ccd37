'use strict';
// POSIX message queues, and AppView's two sides on them.

const assert = require('node:assert/strict');
const { check, Unsupported } = require('../harness');
const { AppViewClient, AppViewServer } = require('../../../appview');
const mqueue = require('../../../mqueue');
const { left } = require('../../appview/peers');
const { nobody, queueName } = require('../../helpers/queues');

const TEXT = '}{"é€😀'.repeat(10_000); // more frames than a queue holds

function needQueues() {
  if (!mqueue.isSupported) throw new Unsupported('only Linux has message queues');
}

check('message queues: order, priorities, waiting for a message and for room', async (world) => {
  needQueues();
  const queue = mqueue.open(queueName(world), { create: true, exclusive: true, maxmsg: 3 });
  world.after(() => queue.close());
  await queue.send('second', 1);
  await queue.send('first', 2);
  assert.equal(String((await queue.receive()).data), 'first');
  assert.equal(String((await queue.receive()).data), 'second');
  const received = [];
  const all = (async () => {
    for await (const { data } of queue) if (received.push(String(data)) === 100) break;
  })();
  await Promise.all(Array.from({ length: 100 }, (_, i) => queue.send(String(i))));
  await all;
  assert.deepEqual(
    received,
    Array.from({ length: 100 }, (_, i) => String(i)),
  );
  const heard = new Promise((resolve) => queue.once('message', resolve));
  await queue.send('heard');
  assert.equal(String(await heard), 'heard');
  await assert.rejects(queue.receive({ timeout: 5 }), { code: 'ETIMEDOUT' });
});

check('AppView: what is published, new configurations, commands', async (world) => {
  needQueues();
  const pid = nobody();
  const server = new AppViewServer({ pid }).start();
  world.after(() => server.stop());
  server.publish({ viewed: true, cfg: { text: TEXT } });
  server.handle(6, async ({ text }) => ({ text }));
  const client = new AppViewClient(pid, { timeout: 60_000 });
  assert.deepEqual(await client.status(), { status: 200, viewed: true });
  assert.equal((await client.config()).cfg.current.text, TEXT);
  const changed = new Promise((resolve) => server.once('setConfig', resolve));
  await client.setConfig({ text: TEXT });
  assert.deepEqual(await changed, { text: TEXT });
  assert.equal((await client.request(6, { text: TEXT })).body.text, TEXT);
  assert.equal((await client.request(99)).status, 501);
  assert.deepEqual(left(pid), []);
});
