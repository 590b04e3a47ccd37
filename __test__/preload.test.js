'use strict';
// `ferripc/preload`: afterwards nothing of the package is read any more, whatever a program does.

const { createWorld } = require('./helpers/world');
const { onNative } = require('./helpers/platform');

const world = createWorld();

onNative.test.each(['preload', 'preload, without require', 'nothing'])('after %s', async (what) => {
  const { options: tcp } = await world.place('tcp');
  const child = world.child('preloaded.js', [what, world.socketPath(), tcp]);
  const { loaded, done } = await child.next();
  expect(done).toEqual(['unix', 'tls', 'values', 'udp', 'second']);
  if (what !== 'nothing') expect(loaded).toEqual([]);
  else expect(loaded.length).toBeGreaterThan(20);
});
