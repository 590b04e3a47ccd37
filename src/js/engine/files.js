'use strict';
// Node's own `fs`, although a test of somebody's program may have put a mock in its place (jest.mock('fs'), memfs): for
// our own binary, and for sockets, which are in the system's folders in any case. The files that a program's settings
// name are read through the `fs` that the program sees.

const Module = require('node:module');

// The first since Node 20.16 and 22.3.
const own = process.getBuiltinModule ?? Module._load;

module.exports = typeof own === 'function' ? own('fs') : require('node:fs');
