'use strict';
// `npm run fuzz` fuzzes the code that reads a peer's bytes, in Rust (fuzz/, with libFuzzer); streams and datagrams between
// ferripc and Node's own modules, against a reference (__test__/fuzz/wire); calls on live endpoints
// (__test__/fuzz/api), of node-ipc's API and of the other systems'; messages of ipcIO (__test__/fuzz/ipcio). Not a part of `npm test`, which plays what is
// committed. Exits with 1 if something was found.
//
//   npm run fuzz -- --minutes 10       so long in all (default 6): a fifth for each of the five
//   --only rust|wire|api|systems|ipcio         one of them, for all of the time; several times for several
//   --target NAME                      of the Rust targets this one only
//
// Some of ipc2's workers, in `systems`, are in C: without a C compiler those of JavaScript take their place, and that is said.
// The Rust targets want cargo-fuzz (`cargo install --locked cargo-fuzz`) and a compiler that takes unstable options,
// which RUSTC_BOOTSTRAP makes of any. What libFuzzer learns is kept in fuzz/work; a failing input is copied to
// fuzz/regressions, and of the others to __test__/fuzz/regressions. `npm test` plays both.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const build = require('./build');
const { chosen, numberOf, optionsOf } = require('./usage');

const root = path.join(__dirname, '..');
const fuzz = path.join(root, 'fuzz');
const LONGEST_INPUT = 4096;

/** Runs a program in the foreground. Returns whether it succeeded. */
function run(command, args, { cwd = root, env } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) console.error(`${command}: ${error.message}`);
  return status === 0;
}

/** The Rust targets, from their manifest. */
function targets() {
  const manifest = fs.readFileSync(path.join(fuzz, 'Cargo.toml'), 'utf8');
  return [...manifest.matchAll(/^name = "(.*)"\npath = "fuzz_targets/gm)].map(([, name]) => name);
}

/** Makes regressions of the inputs that libFuzzer has saved for failures. */
function keep(target) {
  const artifacts = path.join(fuzz, 'artifacts', target);
  if (!fs.existsSync(artifacts)) return;
  const regressions = path.join(fuzz, 'regressions', target);
  fs.mkdirSync(regressions, { recursive: true });
  for (const name of fs.readdirSync(artifacts)) {
    fs.renameSync(path.join(artifacts, name), path.join(regressions, name));
    console.error(`fuzz: ${target} fails with fuzz/regressions/${target}/${name}`);
  }
}

function rust(seconds, only) {
  const env = { RUSTC_BOOTSTRAP: '1' };
  const names = targets().filter((name) => !only || name === only);
  if (names.length === 0)
    throw new TypeError(`there is no target ${only}: ${targets().join(', ')}`);
  if (!run('cargo-fuzz', ['build', ...(only ? [only] : [])], { cwd: fuzz, env })) return false;
  let well = true;
  for (const name of names) {
    const folders = ['work', 'corpus', 'regressions'].map((it) => path.join(it, name));
    for (const folder of folders) fs.mkdirSync(path.join(fuzz, folder), { recursive: true });
    const options = [
      `-max_total_time=${Math.ceil(seconds / names.length)}`,
      `-max_len=${LONGEST_INPUT}`,
      '-timeout=25',
      '-rss_limit_mb=2048',
      '-print_funcs=0',
      '-print_final_stats=1',
    ];
    console.log(`\n=== ${name}`);
    if (!run('cargo-fuzz', ['run', name, ...folders, '--', ...options], { cwd: fuzz, env })) {
      well = false;
      keep(name);
    }
  }
  return well;
}

/** Runs a program of __test__/fuzz with each driver, for half of the time each. */
function both(name, seconds, options = []) {
  build({ ifStale: true });
  const program = path.join(root, '__test__', 'fuzz', name, 'run.js');
  const minutes = String(seconds / 120);
  return ['', 'tokio'].every((driver) => {
    console.log(`\n=== ${name}, ${driver || 'loop'} driver`);
    return run(process.execPath, [program, '--minutes', minutes, ...options], {
      env: { FERRIPC_DRIVER: driver },
    });
  });
}

const PARTS = {
  rust,
  wire: (seconds) => both('wire', seconds),
  api: (seconds) => both('api', seconds),
  systems: (seconds) => both('api', seconds, ['--systems']),
  ipcio: (seconds) => both('ipcio', seconds),
};

function main() {
  const { values } = optionsOf(__filename, {
    options: {
      minutes: { type: 'string', default: '6' },
      only: { type: 'string', multiple: true, default: Object.keys(PARTS) },
      target: { type: 'string' },
    },
  });
  const named = chosen(__filename, values, 'only', Object.keys(PARTS));
  const only = values.target ? ['rust'] : named;
  const seconds = (numberOf(__filename, values, 'minutes') * 60) / only.length;
  const failed = only.filter((it) => !PARTS[it](seconds, values.target));
  console.log(
    failed.length === 0 ? '\nfuzz: nothing found' : `\nfuzz: found by ${failed.join(', ')}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

main();
