'use strict';
// Builds the native addon of this checkout: `cargo build --release --locked`, then a copy beside
// package.json under the name that src/js/engine/places.js looks for. Called by `npm run build`, by
// `prepare` (checkouts and git dependencies; never for registry users) and by scripts/test.js,
// scripts/demo.js and scripts/pack.js.
//
//   --if-stale   do nothing while the addon is newer than every source file
//   --debug      a debug build, as `npm test` makes: in a fraction of the time, slow, with overflow checks and
//                assertions. It is stale for all that do not say so.
//   --verbose    cargo's output as it comes; otherwise it is shown only if the build fails
//   --target P   instead of all this, the release binary of a platform of scripts/platforms.js: portable,
//                reproducible, and with more tools needed, see build-release.js

const fs = require('node:fs');
const path = require('node:path');
const { candidates, libc } = require('../src/js/engine/platform');
const { cargoBuild, orEnd, targetFolder } = require('./cargo');
const { optionsOf } = require('./usage');

const root = path.join(__dirname, '..');

function newest(entry) {
  const stat = fs.statSync(entry);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...fs.readdirSync(entry).map((name) => newest(path.join(entry, name))));
}

/** The file that marks an addon as a debug build. */
const markOf = (addon) => `${addon}.debug`;

function isFresh(addon, debug) {
  if (!fs.existsSync(addon) || (!debug && fs.existsSync(markOf(addon)))) return false;
  const sources = [
    'Cargo.toml',
    'Cargo.lock',
    'build.rs',
    'src/lib.rs',
    'src/engine',
    'src/binding',
    'src/protocols',
  ];
  const changed = Math.max(...sources.map((name) => newest(path.join(root, name))));
  return fs.statSync(addon).mtimeMs > changed;
}

/** The addon's file name for the C library this machine has. */
function addonName() {
  const [first, musl] = candidates();
  if (!musl) return first;
  return libc().startsWith('glibc') ? first : musl;
}

/** Builds the addon. Returns its path. If something is missing, says so in one line and ends this process. */
function build({ ifStale = false, debug = false, verbose = false } = {}) {
  const addon = path.join(root, addonName());
  if (ifStale && isFresh(addon, debug)) return addon;
  const profile = debug ? 'debug' : 'release';
  const args = ['--locked', ...(debug ? [] : ['--release'])];
  orEnd(() => cargoBuild(args, { verbose }));
  const library = {
    win32: 'ferripc.dll',
    darwin: 'libferripc.dylib',
  }[process.platform];
  // Renamed into place: a process that has the old addon mapped keeps it whole.
  fs.copyFileSync(path.join(targetFolder(), profile, library ?? 'libferripc.so'), `${addon}.new`);
  if (debug) fs.writeFileSync(markOf(addon), '');
  fs.renameSync(`${addon}.new`, addon);
  if (!debug) fs.rmSync(markOf(addon), { force: true });
  return addon;
}

module.exports = Object.assign(build, { addonName });

if (require.main === module) {
  const on = { type: 'boolean' };
  const { values } = optionsOf(__filename, {
    options: { 'if-stale': on, debug: on, verbose: on, target: { type: 'string' } },
  });
  const { 'if-stale': ifStale, target, ...options } = values;
  if (target === undefined) build({ ifStale, ...options });
  else console.log(require('./build-release').buildRelease(target));
}
