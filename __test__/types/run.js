'use strict';

// Compiles the type tests under every set-up in this folder: `node __test__/types/run.js`, or with
// names of configuration files to run only those. TSC=FILE names another version's bin/tsc.

const { spawnSync } = require('node:child_process');
const { readdirSync } = require('node:fs');
const path = require('node:path');

const tsc = process.env.TSC ?? require.resolve('typescript/bin/tsc');
const named = process.argv.slice(2);
const configs = named.length
  ? named
  : readdirSync(__dirname).filter((name) => /^tsconfig.*\.json$/.test(name));

for (const config of configs) {
  const args = [tsc, '-p', path.join(__dirname, config)];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${config}`);
  if (status !== 0) process.exitCode = 1;
}
