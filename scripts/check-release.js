'use strict';
// Checks that a release is of one piece: `node scripts/check-release.js [TAG]` compares the versions of
// package.json, package-lock.json, Cargo.toml and Cargo.lock with each other and with TAG (`v1.2.3`), and wants
// CHANGELOG.md to have a section for it. With --dist, also that dist/ holds the package of each platform and the
// main one, in that version, and nothing else. Prints the version. Used by the release workflow.

const fs = require('node:fs');
const path = require('node:path');
const { platforms, packageOf } = require('./platforms');

const root = path.join(__dirname, '..');
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');

/** Everything that is not as it should be, as sentences. */
function problemsOf(version, { tag, dist }) {
  const lock = JSON.parse(read('package-lock.json'));
  const versions = {
    'package-lock.json': lock.version,
    'package-lock.json, packages': lock.packages[''].version,
    'Cargo.toml': /^\[package\][^[]*?^version = "([^"]*)"$/ms.exec(read('Cargo.toml'))?.[1],
    'Cargo.lock': /^name = "ferripc"\nversion = "(.*)"$/m.exec(read('Cargo.lock'))?.[1],
    ...(tag === undefined ? {} : { 'the tag': tag.replace(/^v/, '') }),
  };
  const problems = Object.entries(versions)
    .filter(([, found]) => found !== version)
    .map(([where, found]) => `${where} says ${found}, package.json ${version}`);
  if (tag !== undefined && !tag.startsWith('v')) problems.push(`the tag ${tag} has no v`);
  if (!read('CHANGELOG.md').includes(`\n## [${version}]`))
    problems.push(`CHANGELOG.md has no section [${version}]`);
  if (dist) {
    const wanted = ['ferripc', ...platforms.map(({ name }) => packageOf(name))];
    const expected = wanted.map((name) => `${name}-${version}.tgz`).sort();
    const found = fs.readdirSync(path.join(root, 'dist')).filter((it) => it.endsWith('.tgz'));
    for (const it of expected) if (!found.includes(it)) problems.push(`dist has no ${it}`);
    for (const it of found) if (!expected.includes(it)) problems.push(`dist has ${it}`);
  }
  return problems;
}

const words = process.argv.slice(2);
const { version } = JSON.parse(read('package.json'));
const tag = words.find((it) => !it.startsWith('--'));
const problems = problemsOf(version, { tag, dist: words.includes('--dist') });
for (const it of problems) console.error(`release: ${it}`);
if (problems.length > 0) process.exit(1);
console.log(version);
