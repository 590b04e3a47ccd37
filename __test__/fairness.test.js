'use strict';
// New connections must not keep the event loop from everything else, such as the end of old ones.

const { createWorld } = require('./helpers/world');

const world = createWorld();

test('a client that comes one visit at a time never has many sockets (F16, K23)', async () => {
  const { most, errors } = await world.child('busy-server.js', [world.socketPath(), 400]).next();
  expect(errors).toEqual([]);
  expect(most).toBeLessThan(20);
});

test('who comes when a long conversation pauses is heard at once', async () => {
  const path = world.socketPath();
  // With nothing else to do, which is when a server looks out for the next message.
  await world.child('listen.js', [path]).next();
  const visits = world.child('visits.js', [{ path }, 300, 10]);
  expect(await visits.next()).toEqual({ visits: 10 });
});
