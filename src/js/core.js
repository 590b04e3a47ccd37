'use strict';
// What the package takes of Node, as Node has it. A test of somebody's program may have put something else in its place:
// mocks of modules (`jest.mock('util', ...)`, memfs), stubs of functions (`sinon.stub(fs, 'readFileSync')`), another
// `process.platform`, fake timers and clocks, even before the package is loaded (jest's `enableGlobally`). Such tests are
// not about connections, and node-ipc goes on beside them. eslint.config.js sees to it that other files take these things
// from here.

/**
 * The module of Node's of this name, without `node:`. Files `require` those that act for the program, as they did in
 * node-ipc, so that a mock of them shows: `net`, `tls`, `dgram`, `os`, `child_process`, and `fs` for the files that
 * settings name.
 */
const core = process.getBuiltinModule ?? require('node:module')._load; // before Node 20.16 and 22.3

/**
 * What `get` requires of Node, which is its module `name`. In the package each `require` of such a module is within a call
 * of this (scripts/join.js): in an ES module of esbuild's none works.
 */
function node(name, get) {
  try {
    return get();
  } catch (error) {
    if (!process.getBuiltinModule || !/^Dynamic require of /.test(error.message)) throw error;
    return process.getBuiltinModule(name);
  }
}

const { clearImmediate, clearTimeout, setImmediate, setTimeout } = core('timers');
const util = core('util');

/** A test may have put a copy with few properties in its place later. */
const own = process;
const { arch, hrtime, platform } = process;
const microtask = queueMicrotask;

const fs = core('fs');
const path = core('path');

/** Functions of `fs` by which Node loads files, and this package finds its binary; of `path`, all may be. */
const LOADERS =
  'closeSync fstatSync lstatSync openSync readFileSync readSync realpathSync statSync'.split(' ');

/** The same, as it is when the package is loaded. */
const kept = [
  ...LOADERS.map((key) => ({ from: fs, key, value: fs[key] })),
  ...Object.keys(path).map((key) => ({ from: path, key, value: path[key] })),
];

const put = (all) => all.forEach(({ from, key, value }) => Reflect.set(from, key, value));

/** Calls `act`, with no stubs in the place of these. */
function unstubbed(act) {
  const stubbed = kept.filter(({ from, key, value }) => from[key] !== value);
  const stubs = stubbed.map(({ from, key }) => ({ from, key, value: from[key] }));
  put(stubbed);
  try {
    return act();
  } finally {
    put(stubs);
  }
}

/** A function that gives what `get` does, and calls it when that is needed. */
function onDemand(get) {
  let it;
  return () => (it ??= unstubbed(() => telling(get)));
}

/** Those that `lazily` has made. */
const pending = new Set();

/** As `onDemand`, for a `get` that requires a file of the package and does no more. */
function lazily(get) {
  const load = onDemand(get);
  pending.add(load);
  return load;
}

/**
 * Calls all that `lazily` has made, and makes meanwhile. That a file is loaded is not enough everywhere: when a test file of
 * jest has ended, `require` gives nothing any more, not even that.
 */
function loadAll() {
  for (const load of pending) load();
}

/** Where no descriptor is left, Node 22 and later say that a package.json is invalid. The system says what is wrong. */
function telling(get) {
  try {
    return get();
  } catch (error) {
    if (error.code === 'ERR_INVALID_PACKAGE_CONFIG') fs.closeSync(fs.openSync(own.execPath));
    throw error;
  }
}

/** Whole ms since the process began. */
const now = () => Math.ceil(own.uptime() * 1000);

/** ms with fractions. A reading costs a tenth of what a message costs in all, and is the cheapest that Node has. */
const clock = isFake(hrtime)
  ? () => core('perf_hooks').performance.now() // which takes milliseconds to load
  : () => {
      const [seconds, nanoseconds] = hrtime();
      return seconds * 1e3 + nanoseconds / 1e6;
    };

/** Those of jest, Vitest and Sinon have this property. */
function isFake(it) {
  return it.clock !== undefined;
}

let settled = null;

/** Not made within `later`: it would keep the first `act`. */
const nothing = async () => {};

/**
 * Calls `act` when the code that runs now has ended, promise continuations included, before the event loop goes on. What
 * it throws is an uncaught exception.
 */
function later(act) {
  settled ??= util.callbackify(nothing);
  settled(() => act());
}

/** Makes `error` an uncaught exception when the code that runs now has ended. */
function raise(error) {
  const act = () => {
    throw error;
  };
  if (isFake(microtask)) later(act);
  else microtask(act);
}

/** Calls both, whatever the first one throws. If both throw, each is an uncaught exception, in that order. */
function both(first, second) {
  let failed = false;
  let error;
  try {
    first();
  } catch (thrown) {
    failed = true;
    error = thrown;
  }
  try {
    second();
  } catch (thrown) {
    if (!failed) throw thrown;
    raise(error);
    raise(thrown);
    return;
  }
  if (failed) throw error;
}

module.exports = {
  arch,
  both,
  clearImmediate,
  clearTimeout,
  clock,
  core,
  later,
  lazily,
  loadAll,
  node,
  now,
  onDemand,
  platform,
  process: own,
  raise,
  setImmediate,
  setTimeout,
  unstubbed,
};
