'use strict';
// Checks that a release is of one piece: `node scripts/check-release.js [TAG]` compares the versions of
// package.json, package-lock.json, Cargo.toml and Cargo.lock with each other and with TAG (`v1.2.3`), and wants
// CHANGELOG.md to have a section for it. A release, so with a TAG, also needs package.json and Cargo.toml to say where the
// repository is: those links are placeholders (OWNER) until it has its place. With --dist, also that dist/ holds the package of each platform and the
// main one, in that version, and nothing else. Prints the version. Used by the release workflow.

const fs = require('node:fs');
const path = require('node:path');
const { platforms, packageOf } = require('./platforms');

const root = path.join(__dirname, '..');
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');

/** What package.json has for the owner of the repository until there is one. */
const PLACEHOLDER = 'OWNER';

/** What is wrong with the links of package.json, `env` being that of the workflow that publishes. */
function linksOf({ repository, homepage, bugs }, env) {
  const links = { repository: repository?.url, homepage, bugs: bugs?.url };
  const problems = [];
  for (const [name, link] of Object.entries(links)) {
    if (!link) problems.push(`package.json has no ${name}`);
    else if (link.split(/[/:.#]/).includes(PLACEHOLDER))
      problems.push(`package.json has a placeholder as ${name}: ${link}`);
  }
  // npm refuses a statement of origin for another repository than the one that package.json names.
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = env;
  if (problems.length === 0 && server && name && links.repository !== `git+${server}/${name}.git`)
    problems.push(`package.json has the repository ${links.repository}, this is ${server}/${name}`);
  return problems;
}

/** The same for the link of Cargo.toml. */
function crateLinksOf(manifest) {
  const link = /^repository = "(.*)"/m.exec(manifest)?.[1];
  if (!link) return ['Cargo.toml has no repository'];
  const isPlaceholder = link.split('/').includes(PLACEHOLDER);
  return isPlaceholder ? [`Cargo.toml has a placeholder as repository: ${link}`] : [];
}

/** All problems, as sentences. */
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
  if (tag !== undefined) {
    problems.push(...linksOf(JSON.parse(read('package.json')), process.env));
    problems.push(...crateLinksOf(read('Cargo.toml')));
  }
  if (dist) {
    const wanted = ['ferripc', ...platforms.map(({ name }) => packageOf(name))];
    const expected = wanted.map((name) => `${name}-${version}.tgz`).sort();
    const found = fs.readdirSync(path.join(root, 'dist')).filter((it) => it.endsWith('.tgz'));
    for (const it of expected) if (!found.includes(it)) problems.push(`dist has no ${it}`);
    for (const it of found) if (!expected.includes(it)) problems.push(`dist has ${it}`);
  }
  return problems;
}

module.exports = { crateLinksOf, linksOf };

if (require.main === module) {
  const words = process.argv.slice(2);
  const { version } = JSON.parse(read('package.json'));
  const tag = words.find((it) => !it.startsWith('--'));
  const problems = problemsOf(version, { tag, dist: words.includes('--dist') });
  for (const it of problems) console.error(`release: ${it}`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(version);
}
