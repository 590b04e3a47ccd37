'use strict';
// The two compilers for TypeScript: version 7, which is a native program and takes a tenth of the time, and version 5, for
// what 7 has no more (`moduleResolution: 'node10'`, `esModuleInterop: false`).

const path = require('node:path');

const native = path.join(require.resolve('typescript-7/package.json'), '..', 'bin', 'tsc');
const old = require.resolve('typescript/bin/tsc');

/** The `tsc` to run for these options of a compiler. */
const tscFor = ({ moduleResolution, esModuleInterop }) =>
  /^node(10)?$/.test(moduleResolution) || esModuleInterop === false ? old : native;

module.exports = { native, old, tscFor };
