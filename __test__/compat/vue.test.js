// Proof with a real program: two packages of Vue CLI, unchanged, with npm `overrides` that put
// ferripc in the place of @achrinza/node-ipc. Run by jest; installs vue/ on the first run, from its
// lock file, without scripts. FERRIPC_COMPAT_PAIRINGS=9-9 limits the pairings.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { defineScenario } = require('./lib/suite.js');

const FOLDER = path.join(__dirname, 'vue');
const INSTALL = ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'];

function changed(file) {
  return fs.statSync(path.join(FOLDER, file), { throwIfNoEntry: false })?.mtimeMs || 0;
}

beforeAll(() => {
  if (changed('node_modules/.package-lock.json') > changed('package-lock.json')) return;
  const options = { cwd: FOLDER, stdio: 'pipe', shell: process.platform === 'win32' };
  execFileSync('npm', INSTALL, options);
}, 180_000);

defineScenario(path.join(FOLDER, 'scenario.js'));
