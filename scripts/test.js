'use strict';
// `npm test`: everything, set-up included, on a fresh clone: Rust format, lints and tests, then the
// build, JavaScript lints, type checks and jest. Stops at the first step that fails.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { forRust, orEnd, requireRust, systems } = require('./cargo');

const root = path.join(__dirname, '..');
const windows = process.platform === 'win32';
const npm = windows ? 'npm.cmd' : 'npm';
const bin = (name) => path.join(root, 'node_modules', '.bin', windows ? `${name}.cmd` : name);

// Suites that choose the drivers themselves, or do without connections: they are not run once more.
const skipped = [
  'binary',
  'build',
  'codes',
  'conformance',
  'doctor',
  'leaving',
  'native',
  'no-binary',
  'supply-chain',
  'workflows',
].join('|');

const steps = [
  // Third-party install scripts stay off; our own `prepare` is the build step below.
  ['install', npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], isInstalled],
  ['rustfmt', 'cargo', ['fmt', '--all', '--check']],
  ['clippy', 'cargo', ['clippy', '--locked', '--all-targets', '--', '-D', 'warnings']],
  [
    'clippy, engine alone',
    'cargo',
    ['clippy', '--locked', '--all-targets', '--no-default-features', '--', '-D', 'warnings'],
  ],
  [
    'clippy, for Rust programs',
    'cargo',
    ['clippy', ...forRust, '--all-targets', '--', '-D', 'warnings'],
  ],
  ['cargo test', 'cargo', ['test', ...forRust, '--tests']],
  ['cargo test, documentation', 'cargo', ['test', '--locked', ...systems, '--doc']],
  ['build', process.execPath, [path.join(__dirname, 'build.js'), '--if-stale', '--verbose']],
  ['eslint', bin('eslint'), ['.']],
  ['prettier', bin('prettier'), ['--check', '.']],
  ['types', process.execPath, [path.join(root, '__test__', 'types', 'run.js')]],
  ['jest', bin('jest'), []],
  // Once more where the event loop's own driver is not to be had; the comparison is driver-neutral.
  [
    'jest, tokio driver',
    bin('jest'),
    [`__test__/(?!(${skipped})\\.test)[^/]+$`],
    null,
    { FERRIPC_DRIVER: 'tokio' },
  ],
  // And where no binary loads: a selection, of which nightly.yml has the whole.
  [
    'jest, without the binary',
    bin('jest'),
    ['__test__/(client|conformance|framing|server|tls|udp)\\.test'],
    null,
    { FERRIPC_DRIVER: 'js' },
  ],
];

function isInstalled() {
  const stamp = path.join(root, 'node_modules', '.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  return fs.existsSync(stamp) && fs.statSync(stamp).mtimeMs >= fs.statSync(lock).mtimeMs;
}

/** Like spawnSync; on Windows a .cmd file goes through the shell, which wants its words quoted. */
function run(command, args, options) {
  if (!command.endsWith('.cmd')) return spawnSync(command, args, options);
  const words = [command, ...args].map((word) => `"${word}"`);
  return spawnSync(words.join(' '), { ...options, shell: true });
}

orEnd(requireRust);
let passed = 0;
for (const [name, command, args, isDone, env] of steps) {
  if (isDone?.()) continue;
  const started = Date.now();
  console.log(`\n=== ${name}`);
  const { status, error } = run(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    console.error(`=== ${name} failed${error ? `: ${error.message}` : ''}`);
    console.error(`steps: ${passed} passed, 1 failed`);
    process.exit(1);
  }
  console.log(`=== ${name}: ok, ${((Date.now() - started) / 1000).toFixed(1)} s`);
  passed++;
}
console.log(`\nsteps: ${passed} passed, 0 failed`);
