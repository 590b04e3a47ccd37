'use strict';
// Queues count against the limit of their user until they are removed, also those of tests that were killed.

const { once } = require('node:events');
const { exists, sweep } = require('../helpers/queues');
const { createWorld } = require('../helpers/world');

const world = createWorld();
const linuxTest = process.platform === 'linux' ? test : test.skip;

linuxTest('queues of a test that was killed are removed when the next begins', async () => {
  const child = world.child(require.resolve('./leftovers-fixture'));
  const name = await child.next();
  sweep();
  expect(exists(name)).toBe(true); // of a process that lives
  child.process.kill('SIGKILL');
  await once(child.process, 'close');
  sweep();
  expect(exists(name)).toBe(false);
});
