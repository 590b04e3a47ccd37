'use strict';
// `npm run lint:platforms [-- PLATFORM…]`: clippy, and so a type check, of the Rust sources and their tests for each platform
// of platforms.js, or for those named: what differs there is compiled nowhere else before a release. Nothing is linked.
//
// Needs Rust with these targets (`rustup target add`) or with its component rust-src: then the standard library is built from
// its sources. No C compiler: lints need nothing of what it would make, so a stub takes its place.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { platformOf } = require('./build-release');
const { systems } = require('./cargo');
const { platforms } = require('./platforms');

const root = path.join(__dirname, '..');

/** Makes each file that it is asked for, empty. */
const STUB = `#!/bin/sh
for word; do case $word in -out:*) : >"\${word#-out:}" ;; *.a | *.lib) : >"$word" ;; esac; done
`;

/** What the addon is built from, and what Rust programs use besides. */
const features = systems.filter((it) => it !== '--no-default-features');
const CLIPPY = ['clippy', '--quiet', '--locked', '--package', 'ferripc', '--all-targets'];

const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { cwd: root, encoding: 'utf8' });
const inRust = (...names) => fs.existsSync(path.join(sysroot.trim(), 'lib', 'rustlib', ...names));

/** The standard library, where it is not there for `target`. */
const fromSources = (target) =>
  inRust(target, 'lib')
    ? {}
    : { RUSTC_BOOTSTRAP: '1', CARGO_UNSTABLE_BUILD_STD: 'std,panic_unwind,proc_macro,test' };

function isClean({ name, target }, stub) {
  process.stderr.write(`clippy for ${name}\n`);
  const env = {
    ...process.env,
    ...fromSources(target),
    TARGET_CC: stub,
    TARGET_AR: stub,
    SDKROOT: path.dirname(stub), // or the crate cc asks for Apple's
  };
  const args = [...CLIPPY, ...features, '--target', target, '--', '-D', 'warnings'];
  return spawnSync('cargo', args, { cwd: root, stdio: 'inherit', env }).status === 0;
}

function main(names) {
  const chosen = names.length > 0 ? names.map(platformOf) : platforms;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-lint-'));
  const stub = path.join(folder, 'cc');
  try {
    fs.writeFileSync(stub, STUB, { mode: 0o755 });
    const failed = chosen.filter((platform) => !isClean(platform, stub)).map(({ name }) => name);
    console.log(failed.length > 0 ? `failed: ${failed.join(', ')}` : `${chosen.length} are clean`);
    process.exitCode = failed.length > 0 ? 1 : 0;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

main(process.argv.slice(2));
