'use strict';
// New connections must not keep the event loop from everything else, such as the end of old ones.

const { createWorld } = require('./helpers/world');

const world = createWorld();

test('a client that comes one visit at a time never has many sockets (F16, K23)', async () => {
  const { most, errors } = await world.child('busy-server.js', [world.socketPath(), 400]).next();
  expect(errors).toEqual([]);
  expect(most).toBeLessThan(20);
});
