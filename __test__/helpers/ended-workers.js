'use strict';
// Workers (threads) that end with something of the addon's open, for fixtures that run in a process of their own: no
// thread of the addon's may be left.

const { once } = require('node:events');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Names of this process's threads that are the addon's. */
function threads() {
  const names = fs.readdirSync('/proc/self/task').map((id) => {
    try {
      return fs.readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
    } catch {
      return null; // it has ended
    }
  });
  return names.filter((name) => name?.startsWith('ferripc'));
}

/**
 * Has workers run `script` in its modes `terminates`, in which it posts a message when it is to be terminated, and
 * `exits`, and waits until all threads are gone. `args` follow the mode.
 */
async function endWorkers(script, ...args) {
  const start = (mode) => new Worker(script, { argv: [JSON.stringify([mode, ...args])] });
  const terminated = start('terminates');
  await once(terminated, 'message');
  await terminated.terminate();
  await once(start('exits'), 'exit');
  while (threads().length > 0) await turn();
}

module.exports = { endWorkers, threads, turn };
