'use strict';

// What a result has to say about where it was measured, without naming the host, its user or its
// paths. Used by run.js and lib/spawn-sample.js.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const REPOSITORY = path.join(__dirname, '..', '..');

function git(...args) {
  try {
    return execFileSync('git', ['--no-optional-locks', ...args], {
      cwd: REPOSITORY,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined; // not a checkout, or no git: the result says so
  }
}

/** The commit that is measured; `modified` when files outside bench/results differ from it. */
function commit() {
  const hash = git('rev-parse', 'HEAD');
  const changes = hash && git('status', '--porcelain', '--', '.', ':!bench/results');
  return { hash: hash || 'unknown', modified: changes === undefined ? undefined : changes !== '' };
}

function cpuModel() {
  const [cpu] = os.cpus();
  return ((cpu && cpu.model) || 'unknown processor').replace(/\s+/g, ' ').trim();
}

/** A file name part from processor and core count: 'amd-epyc-7b13-2-cores'. */
function machineSlug() {
  const model = cpuModel()
    .toLowerCase()
    .replace(/\((r|tm)\)|@.*$|\b(cpu|processor|\d+-core)\b/g, ' ')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${model || process.arch}-${os.cpus().length}-cores`;
}

/**
 * The cores that this process may use, as taskset takes them; none where that is missing (macOS, Windows).
 * Pinned samples run on the first one.
 */
function pinCores() {
  try {
    const status = fs.readFileSync('/proc/self/status', 'utf8');
    const ranges = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)[1].split(',');
    const cores = ranges.flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
    });
    execFileSync('taskset', ['-c', cores[0], 'true'], { stdio: 'ignore' });
    return cores;
  } catch {
    return [];
  }
}

function environment() {
  const switches = Object.entries(process.env).filter(([name]) => /^FERRIPC_/.test(name));
  return {
    node: process.version,
    v8: process.versions.v8,
    uv: process.versions.uv,
    cpu: cpuModel(),
    cores: os.cpus().length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    commit: commit(),
    switches: Object.fromEntries(switches),
  };
}

/** `text` without what only this machine knows; for error messages that go into a result. */
function anonymous(text) {
  const names = [
    [REPOSITORY, '<repository>'],
    [path.resolve(REPOSITORY), '<repository>'],
    [os.tmpdir(), '<tmp>'],
    [os.homedir(), '<home>'],
    [os.hostname(), '<host>'],
  ];
  return names
    .filter(([name]) => name.length > 1)
    .reduce((result, [name, replacement]) => result.split(name).join(replacement), text);
}

/** A commit as records name it. */
const commitName = ({ hash, modified }) => `${hash.slice(0, 10)}${modified ? ' (modified)' : ''}`;

module.exports = { commitName, environment, machineSlug, pinCores, anonymous };
