'use strict';
// The programs `nats-server` and `redis-server`, which the tests of ferripc/scale run: those that are installed, or else
// Debian's packages, unpacked below node_modules without any right to install. Run by `npm test` before jest; the tests
// ask it where they are.
//
//   node scripts/brokers.js     gets what is not there, if that can be done, and says what is
//
// With FERRIPC_BROKERS=required, as in ci.yml, it fails on Linux and macOS if one cannot be had; otherwise the tests
// are skipped, and say why.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const PROGRAMS = ['nats-server', 'redis-server'];
const CACHE = path.join(__dirname, '..', 'node_modules', '.cache', 'ferripc-brokers');
const UNPACKED = path.join(CACHE, 'root');

/** Whether the tests must not be skipped. */
const isRequired =
  process.env.FERRIPC_BROKERS === 'required' && ['linux', 'darwin'].includes(process.platform);

/** All files below a folder. */
function filesBelow(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

/** `{command, env}` to run a program with, or null if it is not there. */
function find(program) {
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    '/usr/sbin',
    '/usr/local/bin',
  ];
  const installed = folders.map((folder) => path.join(folder, program)).find(isFile);
  if (installed) return { command: installed, env: {} };
  const own = ['usr/bin', 'usr/sbin'].map((it) => path.join(UNPACKED, it, program)).find(isFile);
  if (!own) return null;
  const libraries = filesBelow(path.join(UNPACKED, 'usr', 'lib')).filter((it) => /\.so/.test(it));
  const places = [...new Set(libraries.map((file) => path.dirname(file)))];
  return { command: own, env: { LD_LIBRARY_PATH: places.join(':') } };
}

const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile();

/** apt with lists of its own, where those of the system are empty: they need no rights. */
function apt(args, ownLists) {
  const lists = path.join(CACHE, 'lists');
  const cache = path.join(CACHE, 'archives');
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  fs.mkdirSync(path.join(lists, 'partial'), { recursive: true });
  fs.mkdirSync(path.join(cache, 'archives', 'partial'), { recursive: true });
  return execFileSync('apt-get', [...(ownLists ? own : []), ...args], {
    cwd: CACHE,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  });
}

/** The packages that installing these would bring, by name. */
function packagesFor(programs, ownLists) {
  const args = ['install', '--print-uris', '--no-install-recommends', '-qq', ...programs];
  const lines = apt(args, ownLists).split('\n');
  return lines.map((line) => line.split(' ')[1]?.split('_')[0]).filter(Boolean);
}

function download(programs) {
  fs.mkdirSync(CACHE, { recursive: true });
  let ownLists = false;
  let packages;
  try {
    packages = packagesFor(programs, ownLists);
  } catch {
    ownLists = true;
    apt(['update', '-qq'], ownLists);
    packages = packagesFor(programs, ownLists);
  }
  apt(['download', '-qq', ...packages], ownLists);
  for (const name of fs.readdirSync(CACHE).filter((it) => it.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', path.join(CACHE, name), UNPACKED]);
    fs.rmSync(path.join(CACHE, name));
  }
}

function main() {
  let problem = 'it is not installed';
  for (let attempt = 1; attempt <= 2 && process.platform === 'linux'; attempt++) {
    const wanted = PROGRAMS.filter((program) => find(program) === null);
    if (wanted.length === 0) break;
    try {
      download(wanted);
    } catch (error) {
      const lines = String(error.stderr || error.message)
        .trim()
        .split('\n');
      problem = lines.at(-1);
    }
  }
  for (const program of PROGRAMS) {
    const found = find(program);
    console.log(`${program}: ${found?.command ?? `none (${problem})`}`);
    if (found === null && isRequired) process.exitCode = 1;
  }
}

if (require.main === module) main();

module.exports = { find, isRequired };
