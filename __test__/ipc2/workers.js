'use strict';
// Sets of the tests: with workers in Node and in Rust. The Rust programs are those of crates/ipc2_tests.

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

const tasks = (kind, count = 1) =>
  KINDS[kind]().workerCount(count).request(Task).response(codec.u32);

module.exports = { KINDS, SCRIPT, program, starter, tasks };
