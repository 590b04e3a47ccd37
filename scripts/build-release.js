'use strict';
// Builds the release binary of one platform, the same bytes on every machine that has the versions of
// scripts/toolchain.json. Called by `node scripts/build.js --target <platform>`, so by the release workflow,
// and by scripts/reproduce.js. docs/supply-chain.md says what a user does with it.
//
// - Linux and FreeBSD: by cargo-zigbuild, whose linker asks for no newer glibc than the table says, on any machine.
// - Android: by cargo and the NDK's clang, whose folder ANDROID_NDK_HOME (or ANDROID_NDK_LATEST_HOME) names.
//   Before its release 28, the NDK would by itself align for pages of 4 KiB.
// - No path of this machine gets into the binary: each is given a fixed name (--remap-path-prefix).
// - cargo-auditable puts the list of crates into the binary, so that `cargo audit bin <file>` works on it.
//
// Beside the binary goes `ferripc.<platform>.build.json`: which commit and which tools made it.

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { platforms, fileOf } = require('./platforms');
const toolchain = require('./toolchain.json');

const ROOT = path.join(__dirname, '..');

/** The oldest Android whose system calls the binary may make: Android 7. */
const ANDROID_API = 24;

/** Systems that zig links for. */
const byZig = ({ os }) => os === 'linux' || os === 'freebsd';

/** What cargo has to know about the NDK, which is for an x64 machine. */
function ndk(target, env) {
  const home = env.ANDROID_NDK_HOME || env.ANDROID_NDK_LATEST_HOME;
  if (!home) throw new Error('the NDK is missing: ANDROID_NDK_HOME has to name its folder');
  const host = { darwin: 'darwin-x86_64', win32: 'windows-x86_64' }[process.platform];
  const tools = path.join(home, 'toolchains', 'llvm', 'prebuilt', host ?? 'linux-x86_64', 'bin');
  const clang = path.join(tools, `${target}${ANDROID_API}-clang`);
  const [upper, lower] = [target.toUpperCase(), target].map((it) => it.replaceAll('-', '_'));
  return {
    [`CARGO_TARGET_${upper}_LINKER`]: clang,
    [`CC_${lower}`]: clang,
    [`AR_${lower}`]: path.join(tools, 'llvm-ar'),
  };
}

/** The file beside the binary that says what made it. */
const recordOf = (name) => fileOf(name).replace(/node$/, 'build.json');

const sha256 = (file) => crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/**
 * What `cargo auditable` sets for the cargo that it runs, except for the wrapper's name: cargo mixes that into the
 * names of symbols, and it would be the path of the tool.
 */
const AUDITABLE = {
  RUSTC_WORKSPACE_WRAPPER: 'cargo-auditable',
  CARGO_AUDITABLE_ORIG_ARGS: '{"offline":false,"locked":true,"frozen":false,"config":[]}',
};

/** The platform of that name. */
function platformOf(name) {
  const platform = platforms.find((it) => it.name === name);
  if (platform) return platform;
  const names = platforms.map((it) => it.name).join(', ');
  throw new TypeError(`no platform ${JSON.stringify(name)}: it is one of ${names}`);
}

/** How a build of `platform` from the sources in `root` calls its tools. */
class Build {
  constructor(platform, root, env) {
    Object.assign(this, { platform, root, env });
  }

  output(command, ...args) {
    const { root: cwd, env } = this;
    const options = { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 };
    return execFileSync(command, args, options).trim();
  }

  /** `[from, to]` for each place of this machine that sources are read from. */
  places() {
    const only = ['--filter-platform', this.platform.target];
    const metadata = this.output('cargo', 'metadata', '--format-version=1', '--locked', ...only);
    // All crates of a registry lie in one directory, which has another name where a mirror is used.
    const crates = JSON.parse(metadata)
      .packages.filter(({ source }) => source)
      .map((crate) => path.dirname(path.dirname(crate.manifest_path)));
    const [hash] = /(?<=^commit-hash: )\w+/m.exec(this.output('rustc', '-vV')) ?? ['unknown'];
    const sysroot = this.output('rustc', '--print', 'sysroot');
    return [
      [this.root, '/ferripc'],
      ...[...new Set(crates)].map((directory) => [directory, '/crates']),
      // Only there with the component rust-src.
      [path.join(sysroot, 'lib', 'rustlib', 'src', 'rust'), `/rustc/${hash}`],
    ];
  }

  /** The compiler's flags, after those of the user's environment. */
  flags() {
    const { name, os, libc, page } = this.platform;
    const { CARGO_ENCODED_RUSTFLAGS: encoded, RUSTFLAGS: plain } = this.env;
    const flags = encoded ? encoded.split('\x1f') : (plain ?? '').split(/\s+/).filter(Boolean);
    for (const [from, to] of this.places()) flags.push(`--remap-path-prefix=${from}=${to}`);
    if (libc === 'musl') flags.push('-Ctarget-feature=-crt-static'); // or there is no cdylib
    if (page) flags.push(`-Clink-arg=-Wl,-z,max-page-size=${page}`);
    // By default, the name of a library is the path that it was built at.
    if (os === 'darwin') flags.push(`-Clink-arg=-Wl,-install_name,@rpath/${fileOf(name)}`);
    // Without a C runtime that would have to be installed, and without a time stamp.
    if (os === 'win32') flags.push('-Ctarget-feature=+crt-static', '-Clink-arg=/Brepro');
    return flags;
  }

  /** Versions of the tools, as they report them; cargo-auditable does not. */
  tools() {
    const tools = {
      rust: this.output('rustc', '--version'),
      cargo: this.output('cargo', '--version'),
    };
    if (byZig(this.platform)) {
      tools['cargo-zigbuild'] = this.output('cargo-zigbuild', '--version');
      tools.ziglang = this.output('python3', '-m', 'ziglang', 'version');
    }
    return tools;
  }

  /** The commit, with a remark if it is not what is built; null outside of a checkout. */
  commit() {
    if (!fs.existsSync(path.join(this.root, '.git'))) return null;
    const changes = this.output('git', 'status', '--porcelain', '--untracked-files=no');
    return this.output('git', 'rev-parse', 'HEAD') + (changes ? ', changed' : '');
  }

  run(target) {
    const command = byZig(this.platform) ? 'zigbuild' : 'build';
    const env = {
      ...this.env,
      ...(this.platform.os === 'android' ? ndk(target, this.env) : {}),
      ...AUDITABLE,
      CARGO_ENCODED_RUSTFLAGS: this.flags().join('\x1f'),
      CARGO_INCREMENTAL: '0',
      SOURCE_DATE_EPOCH: '0', // nothing is known to need the time; if something does, it gets this one
      ZERO_AR_DATE: '1',
    };
    const args = [command, '--release', '--locked', '--target', target];
    execFileSync('cargo', args, { cwd: this.root, stdio: 'inherit', env });
  }
}

/** Warns of tools that are not those of the table: the binary works, but its bytes differ. */
function warn(tools) {
  for (const [name, found] of Object.entries(tools)) {
    const pinned = toolchain[name];
    if (pinned && !found.split(' ').includes(pinned))
      console.error(`build: ${name} is ${found}, releases are built with ${pinned}`);
  }
}

/**
 * Builds the binary of the platform `name` from the sources in `root` (default: this checkout), into `root`.
 * Needs Rust with that target, cargo-auditable and, for Linux, cargo-zigbuild with ziglang. Returns the
 * record that it writes beside the binary.
 */
function buildRelease(name, { root = ROOT, env = process.env } = {}) {
  const platform = platformOf(name);
  const build = new Build(platform, root, env);
  const tools = build.tools();
  warn(tools);
  const glibc = platform.glibc ?? toolchain.glibc;
  const target = platform.target + (platform.libc === 'glibc' ? `.${glibc}` : '');
  build.run(target);
  const library = { win32: 'ferripc.dll', darwin: 'libferripc.dylib' };
  const targets = path.resolve(root, env.CARGO_TARGET_DIR ?? 'target');
  const made = path.join(
    targets,
    platform.target,
    'release',
    library[platform.os] ?? 'libferripc.so',
  );
  const file = path.join(root, fileOf(name));
  // Renamed into place: a process that has the old one mapped keeps it whole.
  fs.copyFileSync(made, `${file}.new`);
  fs.renameSync(`${file}.new`, file);
  const record = { platform: name, target, sha256: sha256(file), commit: build.commit(), tools };
  fs.writeFileSync(path.join(root, recordOf(name)), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

module.exports = { buildRelease, byZig, platformOf, sha256 };
