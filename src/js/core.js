'use strict';
// Node's own modules, although a test of somebody's program may have put a mock in the place of one: `jest.mock('util',
// () => ({ promisify }))`, memfs. Such a test is not about connections, and node-ipc went on.
//
//   const path = core('path');
//
// Files require those modules that act for the program, as they did in node-ipc, so that a mock of them shows: `net`,
// `tls`, `dgram`, `os`, `child_process`, and `fs` for the files that settings name. eslint.config.js knows the list.

const Module = require('node:module');

// The first since Node 20.16 and 22.3.
const load = process.getBuiltinModule ?? Module._load;

/** The module of Node's of this name, without `node:`. */
const core = (name) => load(name);

module.exports = core;
