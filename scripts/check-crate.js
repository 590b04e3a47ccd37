'use strict';
// Whether the crate can be published: `npm run test:crate`. It is linted in its smallest shape, its package builds without the rest of the repository, its documents build
// as on docs.rs without a warning, and, where there was a release, its interface is what the version says
// (cargo-semver-checks, which scripts/install-tools.js installs). Used by the workflow ci.yml. Takes some minutes.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { optionsOf } = require('./usage');

optionsOf(__filename);

const root = path.join(__dirname, '..');
const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');

function cargo(words, env = {}) {
  console.log(`cargo ${words.join(' ')}`);
  execFileSync('cargo', words, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
}

/** The features that docs.rs builds with. */
const [, list] = /^\[package\.metadata\.docs\.rs\][^[]*?^features = \[([^\]]*)\]$/m.exec(manifest);
const features = JSON.parse(`[${list}]`).join();

/** The tag of the last release; undefined before the first. */
function lastRelease() {
  const tags = execFileSync('git', ['tag', '--list', 'v*', '--sort=-v:refname'], { cwd: root });
  return String(tags).split('\n').find(Boolean);
}

// The fewest features, which `npm test` does not build.
cargo(['clippy', '--locked', '--lib', '--no-default-features', '--', '-D', 'warnings']);
cargo(['publish', '--dry-run', '--locked', '--no-default-features', '--features', features]);
cargo(['doc', '--locked', '--no-deps', '--no-default-features', '--features', features], {
  RUSTDOCFLAGS: '-D warnings',
});
const release = lastRelease();
if (release === undefined) console.log('There is no release yet to compare the interface with');
else
  cargo([
    'semver-checks',
    '--baseline-rev',
    release,
    '--only-explicit-features',
    '--features',
    features,
  ]);
