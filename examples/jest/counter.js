'use strict';
// The code under test: a counter that any number of processes share.

const { IPC } = require('ferripc');

/** Serves a counter at `path`. Resolves with `stop()` when it can be used; rejects if it cannot. */
async function startCounter(path) {
  const ipc = new IPC(); // an instance per counter: nothing is left in the singleton between tests
  ipc.config.silent = true;
  ipc.config.unlink = 'stale'; // take over from a counter that crashed, not from one that runs
  let value = 0;

  ipc.serve(path);
  ipc.server.on('add', (amount) => {
    value += amount;
    ipc.server.broadcast('value', value);
  });
  await ipc.server.start();

  return { stop: () => ipc.server.stop({ disconnect: true }) };
}

/** Connects to the counter at `path`: `add(amount)`, `next()` for its next value, `close()`. */
async function connectCounter(path) {
  const ipc = new IPC();
  ipc.config.silent = true;
  ipc.connectTo('counter', path);
  const { counter } = ipc.of;
  await new Promise((resolve) => counter.once('connect', resolve));
  return {
    add: (amount) => counter.emit('add', amount),
    next: () => new Promise((resolve) => counter.once('value', resolve)),
    close: () => ipc.disconnect('counter'),
  };
}

module.exports = { startCounter, connectCounter };
