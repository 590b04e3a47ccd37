'use strict';
// Sets of the tests: with workers in Node and in Rust. The Rust programs are those of crates/ipc2_tests.

const fs = require('node:fs');
const path = require('node:path');
const { program } = require('../helpers/programs');
const { WorkerSet, codec } = require('../../ipc2');
const { Task } = require('./tasks');

const SCRIPT = path.join(__dirname, '..', 'fixtures', 'ipc2-worker.js');

/** Workers that do the tasks of tasks.js: a builder for each kind. */
const KINDS = {
  Node: (...args) => WorkerSet.builder().workerPath(SCRIPT).args(args),
  Rust: (...args) => WorkerSet.builder().workerPath(program('ipc2_test_worker')).args(args),
};

/** `start(count, configure, kind, ...args)`: a set that is closed after the test. */
function starter(world) {
  return async (builder) => {
    const set = await builder.finish();
    world.after(() => set.close({ timeout: 0 }));
    return set;
  };
}

/** Whether a process has ended: it may still be there for its parent to look at. */
function hasEnded(pid) {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return false;
    return /^State:\tZ/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}

const tasks = (kind, count = 1) =>
  KINDS[kind]().workerCount(count).request(Task).response(codec.u32);

module.exports = { KINDS, SCRIPT, hasEnded, program, starter, tasks };
