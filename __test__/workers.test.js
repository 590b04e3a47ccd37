'use strict';
// Worker threads: each has the library to itself, and may be stopped at any moment (design: lifetimes).

const { onLinux } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const run = (mode) => world.child('workers.js', [mode, world.socketPath()]).exited;

test('several at once exchange messages with each other', async () => {
  expect(await run('exchange')).toEqual({
    code: 0,
    signal: null,
    lines: [{ results: [true, true, true, true], codes: [0, 0, 0, 0] }],
    stderr: '',
  });
});

test('terminate() in full traffic, several times, and the process goes on', async () => {
  expect(await run('terminate')).toEqual({
    code: 0,
    signal: null,
    lines: ['survived'],
    stderr: '',
  });
});

test('process.exit() in a worker ends the worker', async () => {
  expect(await run('exit')).toEqual({ code: 0, signal: null, lines: [5], stderr: '' });
});

onLinux.test('workers leave no descriptor and no thread behind, however they end', async () => {
  expect(await run('cycles')).toEqual({
    code: 0,
    signal: null,
    lines: ['nothing left'],
    stderr: '',
  });
});
