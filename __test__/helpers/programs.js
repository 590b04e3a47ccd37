'use strict';
// The Rust programs of crates/*_tests and of examples: `program(name)` is the path of one. `npm test` has built them in a
// step of its own, and says where; otherwise they are built when they are first asked for.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { forRust } = require('../../scripts/cargo');

const ROOT = path.join(__dirname, '..', '..');

let built = null;

function program(name) {
  const folder = process.env.FERRIPC_PROGRAMS;
  const file = folder && path.join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  if (file && fs.existsSync(file)) return file;
  built ??= build();
  return built[name];
}

function build() {
  // As `npm test` has built them already, in another step.
  const args = ['test', ...forRust, '--tests', '--no-run', '--message-format=json'];
  const options = { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 };
  const { status, stdout, stderr, error } = spawnSync('cargo', args, options);
  if (status !== 0) throw error ?? new Error(stderr);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const artifacts = lines
    .map((line) => JSON.parse(line))
    .filter((it) => it.executable && it.target.kind.includes('bin') && !it.profile.test);
  return Object.fromEntries(artifacts.map((it) => [it.target.name, it.executable]));
}

module.exports = { program };
