'use strict';
// Packages that suites install on their first run, from a registry. For that a machine may have set NODE_EXTRA_CA_CERTS: up
// to Node 20 each process that starts with it reads all certificates, which doubles the time that it takes. So other
// programs of the tests start without it.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const KEPT = 'FERRIPC_TESTS_CA_CERTS';

/** Takes the variable from this process, and all that it starts. Called by jest.config.js. */
function keepCertificatesApart() {
  const { NODE_EXTRA_CA_CERTS: file } = process.env;
  if (file) process.env[KEPT] = file;
  delete process.env.NODE_EXTRA_CA_CERTS;
}

/** Runs npm in `folder`. */
function npm(folder, ...args) {
  const env = { ...process.env };
  if (env[KEPT]) env.NODE_EXTRA_CA_CERTS = env[KEPT];
  execFileSync('npm', args, {
    cwd: folder,
    env,
    stdio: 'pipe',
    shell: process.platform === 'win32',
  });
}

/** Installs what the lock file of `folder` names, without scripts, unless it is there. */
function install(folder, ...options) {
  const changed = (file) =>
    fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.mtimeMs || 0;
  if (changed('node_modules/.package-lock.json') > changed('package-lock.json')) return;
  npm(folder, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', ...options);
}

module.exports = { install, keepCertificatesApart, npm };
