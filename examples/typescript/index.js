'use strict';
// node examples/typescript
// A server and a client with checked message types. Compiles them with the installed TypeScript into
// the ignored folder `target`, then runs both.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const run = require('../lib/run');
const tool = require('../lib/tool');

const tsc = tool('TypeScript', 'typescript/bin/tsc');
const compiled = path.join(__dirname, '..', '..', 'target', 'examples', 'typescript');

execFileSync(process.execPath, [tsc, '-p', __dirname, '--outDir', compiled], { stdio: 'inherit' });
run(compiled, ['server'], ['client']);
