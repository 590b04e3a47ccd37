'use strict';
// Names of message queues and numbers of processes that no other test has, and what is left of them.

const { spawnSync } = require('node:child_process');
const mqueue = require('../../mqueue');

let last = 0;

/** A number. All queues of a user count together, those of other tests too: where that is allowed, there is no limit. */
function next() {
  if (last === 0) {
    spawnSync('prlimit', ['--pid', String(process.pid), '--msgqueue=unlimited:unlimited']);
  }
  return ++last;
}

/** A name for a queue, which is gone after the test. */
function queueName(world) {
  const name = `/ferripc-${process.pid}-${next()}`;
  world.after(() => remove(name));
  return name;
}

/** A number that no process has. */
function nobody() {
  return 2 ** 30 + (process.pid % 2 ** 20) * 512 + next();
}

function remove(name) {
  try {
    mqueue.unlink(name);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Whether there is a queue of this name. */
function exists(name) {
  try {
    mqueue.open(name).close();
    return true;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return false;
  }
}

module.exports = { exists, nobody, queueName, remove };
