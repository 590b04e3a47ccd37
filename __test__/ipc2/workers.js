'use strict';
// Sets of the tests: with workers in Node and in Rust. The Rust programs are those of crates/ipc2_tests, built when
// they are first asked for.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { forRust } = require('../../scripts/cargo');
const { WorkerSet, codec } = require('../../ipc2');
const { Task } = require('./tasks');

const ROOT = path.join(__dirname, '..', '..');
const SCRIPT = path.join(__dirname, '..', 'fixtures', 'ipc2-worker.js');

let built = null;

/** The path of a program of crates/ipc2_tests. */
function program(name) {
  built ??= build();
  return built[name];
}

function build() {
  // As `npm test` has built them already, in another step.
  const args = ['test', ...forRust, '--tests', '--no-run', '--message-format=json'];
  const options = { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 };
  const { status, stdout, stderr, error } = spawnSync('cargo', args, options);
  if (status !== 0) throw error ?? new Error(stderr);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const artifacts = lines
    .map((line) => JSON.parse(line))
    .filter((it) => it.executable && it.target.kind.includes('bin'));
  return Object.fromEntries(artifacts.map((it) => [it.target.name, it.executable]));
}

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
