'use strict';
// `npm run test:runtimes`: plays the conformance checks (__test__/conformance) on every runtime that ferripc
// is to work on, and prints a Markdown table. Exits with 1 if something fails that is not known to.
//
//   npm run test:runtimes                       Node 18 to 26, Bun and Deno
//   npm run test:runtimes -- bun node-18        these only
//   npm run test:runtimes -- here               this Node alone, with the binary that is there: nothing is installed or built
//   npm run test:runtimes -- --jest             the jest suite instead, on each Node
//   npm run test:runtimes -- --jest deno        the same on Deno (Bun has no jest)
//
// The runtimes are npm packages, pinned and verified by the lock file in __test__/conformance/runtimes. They
// are installed (about 1 GB, without install scripts) to node_modules/.cache/ferripc-runtimes, or to the directory that
// FERRIPC_RUNTIMES names, and used again while the lock file stays the same.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { play } = require('../__test__/conformance/report');

const root = path.join(__dirname, '..');
const pinned = path.join(root, '__test__', 'conformance', 'runtimes');
const caches = path.join(root, 'node_modules', '.cache');
const cache = process.env.FERRIPC_RUNTIMES || path.join(caches, 'ferripc-runtimes');

const NODES = ['node-18', 'node-20', 'node-22', 'node-24', 'node-26'];
const ALL = [...NODES, 'bun', 'deno'];

/** What the others talk to in the checks with two runtimes. */
const PEER = 'node-20';

const NPM_CI = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix'];

/**
 * Puts what the lock file in `from` names into the folder `to`, or the one of that name in the cache, unless it is
 * there. Returns the path of its node_modules.
 */
function installPinned(from, to) {
  const into = path.resolve(caches, to);
  const files = ['package.json', 'package-lock.json'];
  const read = (folder, name) => fs.readFileSync(path.join(folder, name), 'utf8');
  const modules = path.join(into, 'node_modules');
  const isThere = fs.existsSync(path.join(modules, '.package-lock.json'));
  if (isThere && files.every((name) => read(from, name) === read(into, name))) return modules;
  console.error(`installing to ${into} …`);
  fs.mkdirSync(into, { recursive: true });
  for (const name of files) fs.copyFileSync(path.join(from, name), path.join(into, name));
  // What npm says of its progress is not part of the report.
  const options = { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  execFileSync('npm', [...NPM_CI, into], options);
  return modules;
}

const installRuntimes = () => installPinned(pinned, cache);

/** The command of a runtime on this platform, or null if it has no package for it. */
function commandOf(name) {
  const { platform, arch } = process;
  const exe = platform === 'win32' ? '.exe' : '';
  const system = platform === 'win32' && name.startsWith('node') ? 'win' : platform;
  const bunSystem = platform === 'win32' ? 'windows' : platform;
  const file = {
    bun: `@oven/bun-${bunSystem}-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun${exe}`,
    deno: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}/deno${exe}`,
  }[name];
  const program = path.join(
    cache,
    'node_modules',
    file ?? `${name}-${system}-${arch}/bin/node${exe}`,
  );
  if (!fs.existsSync(program)) return null;
  return name === 'deno' ? [program, 'run', '-A'] : [program];
}

/** One line of a table; a cell may have several entries. */
function row(cells) {
  const text = (cell) => (Array.isArray(cell) ? cell.join('<br>') || '-' : String(cell));
  return `| ${cells.map((cell) => text(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}

const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** Plays the checks on each runtime; whether none failed that was to pass. */
async function conformance(runtimes) {
  const peer = commandOf(PEER)?.[0];
  const env = peer ? { FERRIPC_CONFORMANCE_PEER: peer } : {};
  const rows = [];
  const failures = [];
  for (const [name, command] of runtimes) {
    console.error(`${name} …`);
    const { runtime, version, driver, results } = await play(command, env);
    const having = (status) => results.filter((result) => result.status === status);
    const named = (status) => having(status).map((each) => `${each.name}: ${each.reason}`);
    const failed = having('failed');
    failures.push(...failed.map((each) => `\n${name}: ${each.name}\n${each.reason}`));
    rows.push([
      ...[runtime ?? name, version ?? '?', driver ?? '?', having('passed').length],
      failed.map((each) => each.name),
      [...named('known'), ...named('fixed').map((text) => `PASSES NOW: ${text}`)],
      named('unsupported'),
    ]);
  }
  const head = [
    'runtime',
    'version',
    'driver',
    'passed',
    'failed',
    'known failures',
    'not supported',
  ];
  console.log(table(head, rows));
  for (const failure of failures) console.log(failure);
  return failures.length === 0;
}

/** Runs the jest suite on each runtime; whether all of it passed everywhere. */
function suite(runtimes) {
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-runtimes-'));
  const rows = [];
  const failures = [];
  for (const [name, [program, ...first]] of runtimes) {
    console.error(`${name} …`);
    const output = path.join(folder, `${name}.json`);
    const args = [jest, '__test__/[^/]+$', '--json', '--outputFile', output, '--silent'];
    spawnSync(program, [...first, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'ignore'] });
    const result = fs.existsSync(output) ? JSON.parse(fs.readFileSync(output, 'utf8')) : null;
    const failed = result === null ? ['jest itself'] : [];
    for (const file of result?.testResults ?? []) {
      const where = path.basename(file.name);
      const tests = file.assertionResults.filter(({ status }) => status === 'failed');
      failed.push(...tests.map(({ fullName }) => `${where}: ${fullName}`));
      if (tests.length === 0 && file.status === 'failed') failed.push(where);
      if (file.status === 'failed') failures.push(`\n${name}: ${file.message}`);
    }
    if (result === null) failures.push(`\n${name}: jest gave no results`);
    const version = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0];
    rows.push([name, version, result?.numPassedTests ?? 0, result?.numPendingTests ?? 0, failed]);
  }
  fs.rmSync(folder, { recursive: true });
  console.log(table(['runtime', 'version', 'passed', 'skipped', 'failed'], rows));
  for (const failure of failures) console.log(failure);
  return failures.length === 0;
}

async function main() {
  const args = process.argv.slice(2);
  if (args.join() === 'here') {
    process.exitCode = (await conformance([['node', [process.execPath]]])) ? 0 : 1;
    return;
  }
  const withJest = args.includes('--jest');
  const wanted = args.filter((arg) => arg !== '--jest');
  const possible = withJest ? ALL.filter((name) => name !== 'bun') : ALL;
  const unknown = wanted.filter((name) => !possible.includes(name));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}. Known: ${possible.join(', ')}`);
    process.exitCode = 1;
    return;
  }
  require('./build')({ ifStale: true });
  installRuntimes();
  const names = wanted.length > 0 ? wanted : withJest ? NODES : ALL;
  const runtimes = names.map((name) => [name, commandOf(name)]);
  for (const [name, command] of runtimes) {
    if (command === null) console.error(`${name}: no package for this platform, left out`);
  }
  const here = runtimes.filter(([, command]) => command !== null);
  const ok = here.length > 0 && (withJest ? suite(here) : await conformance(here));
  process.exitCode = ok ? 0 : 1;
}

module.exports = { NODES, commandOf, installPinned, installRuntimes };

if (require.main === module) main();
