'use strict';
// node snapshot.js <bundle> <program> <arguments>: runs a bundle as the programs of pkg do, with its files in the
// folder /snapshot, which exists in memory only, and `program` as the executable. Started by bundlers.test.js.

const fs = require('node:fs');
const vm = require('node:vm');

const [bundle, program, ...args] = process.argv.slice(2);
const filename = '/snapshot/app/main.js';
process.pkg = { entrypoint: filename };
process.execPath = program;
process.argv = [program, filename, ...args];
const script = `(function (require, module, exports, __filename, __dirname) {
${fs.readFileSync(bundle, 'utf8')}
})`;
const module_ = { exports: {} };
const run = vm.runInThisContext(script, { filename });
run(require, module_, module_.exports, filename, '/snapshot/app');
