'use strict';

// Compiles the type tests under the set-ups in this folder: `node __test__/types/run.js`, or with
// names of configuration files to run only those. TSC=FILE names another version's bin/tsc. With
// FERRIPC_TESTS=all it is every set-up, and version 5 of TypeScript compiles all of them, too.

const { spawnSync } = require('node:child_process');
const { readdirSync } = require('node:fs');
const path = require('node:path');
const everything = require('../helpers/everything');
const { old, tscFor } = require('../helpers/tsc');

/** For the night: version 5 takes seconds, and of what this one asks for, each part is in another one. */
const NIGHTLY = ['tsconfig.node10.json'];

const named = process.argv.slice(2);
const all = readdirSync(__dirname).filter((name) => /^tsconfig.*\.json$/.test(name));
const due = everything ? all : all.filter((name) => !NIGHTLY.includes(name));
const configs = named.length ? named : due;

/** With those of what it extends. */
function optionsOf(config) {
  const { compilerOptions, extends: base } = require(path.join(__dirname, config));
  return { ...(base ? optionsOf(base) : {}), ...compilerOptions };
}

function compilersOf(config) {
  if (process.env.TSC) return [process.env.TSC];
  const usual = tscFor(optionsOf(config));
  return everything && usual !== old ? [usual, old] : [usual];
}

for (const config of configs) {
  for (const tsc of compilersOf(config)) {
    const args = [tsc, '-p', path.join(__dirname, config)];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${config}`);
    if (status !== 0) process.exitCode = 1;
  }
}
