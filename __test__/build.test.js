'use strict';
// `npm run build`, `demo` and `pack:local` where something is missing, and what they print while they build: by copies
// of the checkout, with commands in the place of cargo and rustc.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { each } = require('./helpers/combinations');
const { ROOT, built } = require('./helpers/installed');
const { onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const OLDEST = /^rust-version = "(.*)"$/m.exec(
  fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'),
)[1];
const COMMANDS = ['build', 'demo', 'pack'];

/** A checkout without a binary. */
function checkout() {
  const home = world.file('checkout');
  for (const name of ['Cargo.toml', 'Cargo.lock', 'build.rs', 'package.json', 'scripts', 'src'])
    fs.cpSync(path.join(ROOT, name), path.join(home, name), { recursive: true });
  return home;
}

/** Runs a script of `home` with these commands (name -> text of a shell script) alone. */
function run(home, script, commands, ...args) {
  const bin = world.file('bin');
  fs.rmSync(bin, { recursive: true, force: true });
  fs.mkdirSync(bin);
  for (const [name, text] of Object.entries(commands))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const own = { PATH: bin, CARGO_TARGET_DIR: world.file('target'), RUSTC: '' };
  const env = { ...process.env, ...own, ANDROID_NDK_HOME: '/ndk' };
  const command = [path.join(home, 'scripts', `${script}.js`), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const tool = (name, version) =>
  `[ "$1" = --version ] && echo "${name} ${version} (0123abcd 2026-01-01)" && exit 0`;
const cargo = (then, version = OLDEST) => ({
  cargo: `${tool('cargo', `${version}.0`)}\n${then}`,
  rustc: tool('rustc', `${OLDEST}.0`),
});
const failing = (text) =>
  cargo(`/bin/cat >&2 <<'END'\n   Compiling libc v0.2.1\n${text}\nEND\nexit 101`);
const mentionsOldest = new RegExp(`\\b${OLDEST.replace('.', '\\.')} or later`);

const CASES = [
  ['no cargo', {}, [/^build: cargo is missing/, mentionsOldest, /rustup\.rs/]],
  [
    'no rustc',
    { cargo: tool('cargo', OLDEST) },
    [/^build: rustc is missing/, mentionsOldest, /rustup\.rs/],
  ],
  [
    'a cargo that is too old',
    cargo('exit 1', '1.70'),
    [/^build: cargo is from Rust 1\.70\.0/, mentionsOldest, /rustup update/],
  ],
  [
    'a rustup without a toolchain',
    {
      cargo:
        'echo "error: rustup could not choose a version of cargo to run, because no default is configured." >&2; exit 1',
    },
    [/^build: cargo does not run/, /rustup default stable/],
  ],
  [
    'no C compiler',
    failing('error: linker `cc` not found\n  |\n  = note: No such file or directory (os error 2)'),
    [/^build: A C compiler is missing/, /gcc or clang/],
  ],
  [
    'no C compiler for the C code of a crate',
    failing(
      '  error occurred in cc-rs: failed to find tool "cc": No such file or directory (os error 2)',
    ),
    [/^build: A C compiler is missing/],
  ],
  [
    'a compiler that is too old for the code',
    failing(
      'error: package `ferripc v0.1.0` cannot be built because it requires rustc 1.89 or newer, while …',
    ),
    [/^build: Rust is too old/, mentionsOldest],
  ],
  [
    'a full disk',
    failing('error: No space left on device (os error 28)'),
    [/^build: The disk is full/],
  ],
];

onUnix.test.each(
  each({ script: COMMANDS, case: CASES }).map(({ script, case: it }) => [script, ...it]),
)('%s, %s: one line says so, and what to do', (script, _, commands, patterns) => {
  const { status, stdout, stderr } = run(checkout(), script, commands);
  expect(status).toBe(1);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  for (const pattern of patterns) expect(stderr).toMatch(pattern);
  expect(['', 'building, a minute or two\n']).toContain(stdout);
});

onUnix.describe('the output of cargo', () => {
  const library = process.platform === 'darwin' ? 'libferripc.dylib' : 'libferripc.so';
  const lines = Array.from({ length: 55 }, (_, i) => `   Compiling crate-${i} v1.0.0`).join('\n');
  const said = `/bin/cat >&2 <<'END'\n${lines}\nEND`;
  const succeeding = cargo(
    `${said}\n/bin/mkdir -p "$CARGO_TARGET_DIR/release" && echo made > "$CARGO_TARGET_DIR/release/${library}"`,
  );

  test('is not shown if the build works, except that it takes a while', () => {
    const home = checkout();
    const { status, stdout, stderr } = run(home, 'build', succeeding);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^building, a minute or two\nbuilt in \d+ s\n$/);
    expect(fs.readFileSync(path.join(home, built), 'utf8')).toBe('made\n');
    // Nothing at all is said where nothing is to be done.
    expect(run(home, 'build', {}, '--if-stale')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('is shown with --verbose, and where it says why it failed', () => {
    const home = checkout();
    expect(run(home, 'build', succeeding, '--verbose').stderr).toContain('Compiling crate-54');
    const broken = cargo(`${said}\necho "error[E0308]: mismatched types" >&2; exit 101`);
    const { status, stdout, stderr } = run(home, 'build', broken);
    expect([status, stdout]).toEqual([1, 'building, a minute or two\n']);
    expect(stderr).toContain('Compiling crate-54');
    expect(stderr).toMatch(
      /E0308.*\nbuild: cargo could not build: it ended with 101; its output is above\.\n$/,
    );
    const offline = failing(
      'error: failed to download from the registry\n  [6] Could not resolve host',
    );
    expect(run(home, 'build', offline).stderr).toMatch(
      /Could not resolve host\nbuild: The crates cannot/,
    );
  });
});

onUnix.test('the release binary for Android is linked by the NDK, for pages of 16 KiB', () => {
  const home = checkout();
  const { cargo: building } = cargo(`[ "$1" = metadata ] && echo '{"packages":[]}' && exit 0
made="$CARGO_TARGET_DIR/aarch64-linux-android/release"
/bin/mkdir -p "$made" && echo made > "$made/libferripc.so"
echo "$CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER $CARGO_ENCODED_RUSTFLAGS" > "$CARGO_TARGET_DIR/asked"`);
  const commands = { cargo: building, rustc: `${tool('rustc', OLDEST)}\necho /sysroot` };
  const { status } = run(home, 'build', commands, '--target', 'android-arm64');
  expect(status).toBe(0);
  expect(fs.readFileSync(path.join(home, 'ferripc.android-arm64.node'), 'utf8')).toBe('made\n');
  const asked = fs.readFileSync(world.file('target/asked'), 'utf8');
  expect(asked).toMatch(/^\/ndk\/.*\/bin\/aarch64-linux-android24-clang /);
  expect(asked.trim().split('\x1f')).toContain('-Clink-arg=-Wl,-z,max-page-size=16384');
});
