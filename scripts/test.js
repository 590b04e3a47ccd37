'use strict';
// `npm test`: everything, set-up included, on a fresh clone: Rust format, lints and builds beside JavaScript lints and
// type checks; then the tests in Rust beside jest. Stops at the first step that fails. With FERRIPC_TESTS=all, as each
// night, suites with many combinations play all of them, and the second driver gets all suites and transports.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const everything = require('../__test__/helpers/everything');
const { forRust, orEnd, requireRust, systems, targetFolder, whole } = require('./cargo');
const { env: python } = require('./python');
const { optionsOf } = require('./usage');

optionsOf(__filename); // there are none: a name of a suite is for jest itself

const root = path.join(__dirname, '..');
const windows = process.platform === 'win32';
const npm = windows ? 'npm.cmd' : 'npm';
const bin = (name) => path.join(root, 'node_modules', '.bin', windows ? `${name}.cmd` : name);

// Suites that choose the drivers themselves, or do without connections: they are not run once more.
const neutral = [
  'binary',
  'build',
  'codes',
  'conformance',
  'doctor',
  'fallback',
  'faults',
  'leaving',
  'js-codec',
  'js-socket-file',
  'native',
  'nested-loop',
  'no-binary',
  'supply-chain',
  'usage',
  'workflows',
];
// Suites of TLS, which one and the same driver moves always (tls.test is run all the same), and of what lies above both
// drivers. They are run once more each night.
const above = [
  'diagnostics',
  'envelope',
  'events',
  'hostile',
  'kept-strings',
  'misuse',
  'other-realm',
  'pipes',
  'places',
  'preload',
  'promises',
  'protocols-on-top',
  'single-instance',
  'stand-ins',
  'tls-.*',
  'wrong-arguments',
];
const skipped = [...neutral, ...(everything ? [] : above)].join('|');

/** Each night the benchmarks, and the peers that take long to build. */
const more = everything
  ? ['--features', 'codec_bench/bench,ipc2_tests/bench,zmtp_tests/others']
  : [];

/**
 * Has cargo compile the crates of the workspace with clippy's compiler, which is rustc with more lints: so that they need
 * not be checked by `cargo clippy` in a pass of its own, with all that they depend on. It is what that command does, too.
 */
const linted = {
  CARGO_INCREMENTAL: process.env.CARGO_INCREMENTAL ?? '0', // a first build is faster without
  RUSTC_WORKSPACE_WRAPPER: 'clippy-driver',
  CLIPPY_ARGS: '-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__',
};

// Two rows of steps that go side by side: what cargo does, all in one profile, so that most is built only once; and the
// rest, the installation first. Much of a build is the work of one core. The addon is not built together with the tests:
// it would get what they ask of their crates, such as tokio's signals, which the one that is released has not.
const rust = [
  ['rustfmt', 'cargo', ['fmt', '--all', '--check']],
  // What is built is linted as it is built: the addon and, as Rust programs have it, the library and all tests.
  ['addon, clippy and build', 'cargo', ['build', '--locked'], { env: linted }],
  [
    'build',
    process.execPath,
    [path.join(__dirname, 'build.js'), '--if-stale', '--debug', '--verbose'],
    { env: linted },
  ],
  [
    'cargo test, clippy and build',
    'cargo',
    ['test', ...forRust, ...more, '--tests', '--no-run'],
    { env: linted },
  ],
  ...(everything
    ? [
        [
          'clippy, all at once',
          'cargo',
          ['clippy', ...whole, ...more, '--all-targets', '--', '-D', 'warnings'],
        ],
      ]
    : []),
];
const javaScript = [
  // Third-party install scripts stay off; our own `prepare` is the build step above.
  ['install', npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { isDone: isInstalled }],
  ['eslint', bin('eslint'), ['.']],
  ['oxfmt', bin('oxfmt'), ['--check', '.']],
  ['prose', process.execPath, [path.join(__dirname, 'prose.js')]],
  ['types', process.execPath, [path.join(root, '__test__', 'types', 'run.js')]],
  ['brokers', process.execPath, [path.join(__dirname, 'brokers.js')]],
  ['Python packages', process.execPath, [path.join(__dirname, 'python.js')]],
];

// Beside jest: much of it waits for time to pass.
const rustTests = [
  [
    'cargo test',
    'cargo',
    ['test', ...forRust, ...more, '--tests'],
    {
      env: {
        ...linted,
        ...python,
        NODE_EXTRA_CA_CERTS: '', // see __test__/helpers/registry.js
        ...(everything ? {} : { PROPTEST_CASES: '64' }),
      },
    },
  ],
  ['cargo test, documentation', 'cargo', ['test', ...forRust, ...more, '--doc'], { env: linted }],
  [
    'cargo doc',
    'cargo',
    ['doc', '--locked', '--no-deps', ...systems],
    { env: { RUSTDOCFLAGS: '-D warnings' } },
  ],
];

/** So that suites need not ask cargo for what it has built. */
const built = { FERRIPC_PROGRAMS: path.join(targetFolder(), 'debug') };

const suites = [
  ['jest', bin('jest'), [], { env: built }],
  // Once more without the event loop's own driver; the comparison does not depend on the driver.
  [
    'jest, tokio driver',
    bin('jest'),
    [
      `__test__/(?!(${skipped})\\.test)[^/]+$`,
      '__test__/ipcio/',
      ...(everything ? ['__test__/ipc2/semantics'] : []), // half a minute
    ],
    { env: { FERRIPC_DRIVER: 'tokio' } },
  ],
  // And where no binary loads: a selection, of which nightly.yml has the whole.
  [
    'jest, without the binary',
    bin('jest'),
    [
      '__test__/(client|codes|fake-timers|framing|mocked-modules|tls|udp)\\.test',
      '__test__/ipcio/',
    ],
    { env: { FERRIPC_DRIVER: 'js' } },
  ],
];

function isInstalled() {
  const stamp = path.join(root, 'node_modules', '.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  return fs.existsSync(stamp) && fs.statSync(stamp).mtimeMs >= fs.statSync(lock).mtimeMs;
}

const running = new Set();
let passed = 0;

/** Like spawn; on Windows a .cmd file goes through the shell, which wants its words quoted. */
function start(command, args, options) {
  if (!command.endsWith('.cmd')) return spawn(command, args, options);
  const words = [command, ...args].map((word) => `"${word}"`);
  return spawn(words.join(' '), { ...options, shell: true });
}

/** Ends this process, and what it has started, where a step fails. */
async function run([name, command, args, { isDone, env } = {}], isAlone) {
  if (isDone?.()) return;
  const began = Date.now();
  if (isAlone) console.log(`\n=== ${name}`);
  const child = start(command, args, {
    cwd: root,
    stdio: isAlone ? 'inherit' : ['inherit', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const [code, error] = await new Promise((resolve) => {
    child.once('close', (code) => resolve([code]));
    child.once('error', (error) => resolve([1, error]));
  });
  running.delete(child);
  // What goes beside others is shown whole when it ends.
  if (!isAlone) {
    const all = Buffer.concat([Buffer.from(`\n=== ${name}\n`), ...output]);
    await new Promise((resolve) => process.stdout.write(all, resolve));
  }
  if (code !== 0) {
    for (const other of running) other.kill();
    console.error(`=== ${name} failed${error ? `: ${error.message}` : ''}`);
    console.error(`steps: ${passed} passed, 1 failed`);
    process.exit(1);
  }
  console.log(`=== ${name}: ok, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  passed++;
}

async function inOrder(steps, isAlone) {
  for (const step of steps) await run(step, isAlone);
}

async function main() {
  orEnd(requireRust);
  await Promise.all([inOrder(rust, false), inOrder(javaScript, false)]);
  await Promise.all([inOrder(rustTests, false), inOrder(suites, true)]);
  console.log(`\nsteps: ${passed} passed, 0 failed`);
}

main();
