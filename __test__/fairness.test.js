'use strict';
// Neither new connections nor long conversations may keep the event loop from everything else.

const { performance } = require('node:perf_hooks');
const { driver } = require('../src/js/engine/engine');
const { createWorld, unixPlace } = require('./helpers/world');

const world = createWorld();

test('a client that connects again and again never has many sockets (F16, K23)', async () => {
  const { most, errors } = await world.child('busy-server.js', [world.socketPath(), 400]).next();
  expect(errors).toEqual([]);
  expect(most).toBeLessThan(100); // usually 3; on a busy machine the peer's end may be heard of later
});

test('a client that comes during a pause of a long conversation is heard at once', async () => {
  const path = world.socketPath();
  // With nothing else to do, which is when a server looks out for the next message.
  await world.child('listen.js', [path]).next();
  const visits = world.child('visits.js', [{ path }, 300, 10]);
  expect(await visits.next()).toEqual({ visits: 10 });
});

// The I/O thread may have the next message ready before the handler returns.
const onLoop = driver() === 'loop' ? test : test.skip;

onLoop(
  'what a handler schedules has its turn before the next message, however long a conversation is',
  async () => {
    const path = world.socketPath();
    await world.child('listen.js', [path]).next();
    const client = await world.connect(unixPlace(path));
    let scheduled = 0;
    let ran = 0;
    const late = [];
    await new Promise((resolve) => {
      client.on('echo', (n) => {
        if (ran !== scheduled) late.push(n);
        scheduled++;
        setImmediate(() => ran++);
        if (n === 1000) resolve();
        else client.emit('echo', n + 1);
      });
      client.emit('echo', 0);
    });
    expect(late).toEqual([]);
  },
);

// Node tells of the events that its loop has handled from 20.18 and 22.8 on.
const counting = driver() === 'loop' && performance.nodeTiming.uvMetricsInfo ? test : test.skip;

counting('thousands that leave at once are not looked at again and again', async () => {
  const [path, count] = [world.socketPath(), 2000];
  const server = world.child('many-ready.js', ['server', path, count]);
  expect(await server.next()).toBe(true);
  const clients = world.child('many-ready.js', ['clients', path, count]);
  expect(await clients.next()).toBe(true);
  expect(await server.next()).toBe(true);
  await clients.kill();
  server.tell('go on');
  expect(await server.next()).toBeLessThan(4 * count);
});
