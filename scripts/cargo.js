'use strict';
// Runs cargo for build.js, and says in one line what is missing where it cannot run: Rust, a newer Rust, a C compiler.
// scripts/test.js asks for Rust before its first step. What other scripts tell cargo is here, too.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** The features for Rust programs: the engine and the systems, without Node. */
const systems = [
  '--no-default-features',
  '--features',
  'ferripc/ipc2,ferripc/appview,ferripc/node-ipc,ferripc/pixivutil2,ferripc/zmtp',
];

/** The whole workspace. The tests of ipc2 are for Unix. */
const workspace = [
  '--locked',
  '--workspace',
  ...(process.platform === 'win32' ? ['--exclude', 'ipc2_tests'] : []),
];

/** The same with these features, as `npm test` builds it. */
const forRust = [...workspace, ...systems];

/** The same with all features, including the addon. */
const whole = [...workspace, ...systems.filter((it) => it !== '--no-default-features')];

/** Where cargo puts what it builds. */
const targetFolder = () => process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');

/** This machine's triple: with `--target`, flags are not for build scripts and procedural macros. */
const hostTriple = () => /host: (.*)/.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))[1];

/** Something is missing on this machine. The message says everything, so it is printed without a stack. */
class Missing extends Error {}

/** The oldest Rust that can build this, from Cargo.toml: `1.89`. */
function oldest() {
  return /^rust-version = "(.*)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
}

function isOlder(version, wanted) {
  const [a, b] = [version, wanted].map((text) => text.split('.').map(Number));
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}

const INSTALL = 'install it by https://rustup.rs or with your system, then try again';

/** Throws a Missing unless there are a cargo and a rustc that are new enough. */
function requireRust() {
  const wanted = oldest();
  for (const tool of ['cargo', process.env.RUSTC || 'rustc']) {
    const { status, stdout, stderr, error } = spawnSync(tool, ['--version'], {
      cwd: root, // a rust-toolchain file may choose another
      encoding: 'utf8',
    });
    if (error)
      throw new Missing(
        `${tool} is missing, a part of Rust. Rust ${wanted} or later is needed: ${INSTALL}.`,
      );
    if (status !== 0) {
      const [why] = stderr.trim().split('\n');
      const advice = /no default/.test(stderr)
        ? ' Run `rustup default stable`, then try again.'
        : '';
      throw new Missing(`${tool} does not run: ${why}${advice}`);
    }
    const [, version] = /^\S+ (\d+\.\d+\S*)/.exec(stdout) ?? [];
    if (version && isOlder(version, wanted)) {
      throw new Missing(
        `${tool} is from Rust ${version}, and ${wanted} or later is needed: run \`rustup update\`, or ${INSTALL}.`,
      );
    }
  }
}

/** What a failed build lacks, by cargo's output: `[pattern, sentence]`. */
const LACKS = [
  [
    /requires rustc [\d.]+ or newer|lock ?file version|feature `edition2024` is required/,
    () => `Rust is too old: ${oldest()} or later is needed: run \`rustup update\`, or ${INSTALL}.`,
  ],
  [
    /linker `?link\.exe`? not found/,
    () =>
      'The linker of Visual Studio is missing: install its Build Tools with "Desktop development with C++", then try again.',
  ],
  [
    /linker `?[^`\s]+`? not found|failed to find tool|is `(cc|gcc|clang|musl-gcc)` (not )?installed|xcrun: error/i,
    () =>
      'A C compiler is missing, which Rust links with: install gcc or clang (Debian and Ubuntu: build-essential, ' +
      'Fedora: gcc, Alpine: build-base, macOS: `xcode-select --install`), then try again.',
  ],
  [
    /No space left on device|os error 28\b/,
    () => 'The disk is full: a build takes about 1 GB in `target` (or CARGO_TARGET_DIR).',
  ],
  [
    /could not resolve host|couldn't resolve|failed to (download|fetch|query)|network failure|attempting to make an HTTP request, but --offline/i,
    () =>
      'The crates cannot be downloaded: a first build needs a network. See the output of cargo above.',
    'show',
  ],
];

/** Runs `cargo build` with these arguments. Its output is shown if it fails, or at once if `verbose`. */
function cargoBuild(args, { verbose = false } = {}) {
  requireRust();
  if (!verbose) console.log('building, a minute or two');
  const started = Date.now();
  const { status, signal, stdout, stderr, error } = spawnSync('cargo', ['build', ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: verbose ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) {
    console.log(`built in ${((Date.now() - started) / 1000).toFixed(0)} s`);
    return;
  }
  const said = `${stdout ?? ''}${stderr ?? ''}`;
  const [, sentence, show] = LACKS.find(([pattern]) => pattern.test(said)) ?? [];
  if (!verbose && (!sentence || show)) process.stderr.write(said);
  if (sentence) throw new Missing(sentence());
  const how = error ? error.message : `it ended with ${status ?? signal}`;
  throw new Missing(`cargo could not build: ${how}; its output is above.`);
}

/** Calls `act`; if something is missing, prints the one line for it, and ends this process with 1. */
function orEnd(act) {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.error(`build: ${error.message}`);
    process.exit(1);
  }
}

module.exports = {
  cargoBuild,
  forRust,
  hostTriple,
  orEnd,
  requireRust,
  systems,
  targetFolder,
  whole,
};
