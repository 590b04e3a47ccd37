'use strict';
// `ferripc doctor`: what there is on this machine, whether it works, and what to do if it does not. Loaded by
// bin/ferripc.js alone. The probes are in doctor-probes.js.

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const engine = require('../engine/engine');
const native = require('../engine/native');
const { Defaults } = require('../node-ipc/config');
const { runProbes } = require('./doctor-probes');
const { defaultPath } = require('../node-ipc/paths');
const { systemPath } = require('../sockets/paths');

const HOME = path.join(__dirname, '..', '..', '..');

/** Bytes of a socket's path at most; on Windows characters of a pipe's name. */
const LONGEST_PATH = { linux: 107, android: 107, win32: 256 }[process.platform] ?? 103;

/** Releases of node-ipc that do harm: docs/supply-chain.md has what each of them did. */
const HARMFUL = {
  malware: ['9.1.6', '9.2.3', '10.1.1', '10.1.2', '12.0.1'],
  /** A package that writes files into the user's folders. */
  peacenotwar: ['9.2.2', '11.0.0', '11.1.0'],
};

const NAMES = ['node-ipc', '@achrinza/node-ipc', 'ferripc'];
const MOST_FOLDERS = 20_000;

function attempt(act, otherwise = null) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

const readJson = (file) => attempt(() => JSON.parse(fs.readFileSync(file, 'utf8')));

function runtime() {
  const { node, uv, v8, electron, bun, deno } = process.versions;
  return { node, uv, v8, electron, bun, deno };
}

function binary() {
  try {
    native.load();
  } catch (error) {
    return { error: error.message, code: error.code ?? null };
  }
  const { file, version } = native.loaded();
  const bytes = attempt(() => fs.readFileSync(file));
  const sha256 = bytes && crypto.createHash('sha256').update(bytes).digest('hex');
  return { file, size: bytes && bytes.length, sha256, version };
}

/** `{name, why}`. */
function driver() {
  const name = engine.driver();
  const { bun, deno } = process.versions;
  if (name === 'loop') return { name, why: "this thread's event loop has libuv" };
  if (process.env.FERRIPC_DRIVER === 'tokio') return { name, why: 'FERRIPC_DRIVER=tokio' };
  if (process.platform === 'win32') return { name, why: 'as always on Windows' };
  if (bun || deno) return { name, why: 'this runtime has no libuv' };
  return { name, why: 'the functions of libuv were not found' };
}

function openFiles() {
  return native.fromReport(({ userLimits }) => {
    const { soft, hard } = userLimits.open_files;
    return { soft, hard };
  }, null);
}

function isWritable(directory) {
  return attempt(() => {
    fs.accessSync(directory, fs.constants.W_OK);
    return true;
  }, false);
}

function limits() {
  const config = new Defaults();
  const file = systemPath(defaultPath(config, config.id));
  const root = config.socketRoot;
  return {
    longestPath: LONGEST_PATH,
    defaultPath: file,
    defaultPathLength: Buffer.byteLength(file),
    socketRoot: root,
    socketRootWritable: process.platform === 'win32' ? null : isWritable(root), // pipes are no files
    temporary: os.tmpdir(),
    temporaryWritable: isWritable(os.tmpdir()),
    openFiles: openFiles(),
    somaxconn: attempt(() => Number(fs.readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))),
  };
}

/** ferripc, and what it replaces, in the node_modules of this folder and those above it. */
function packages(from) {
  const found = [];
  const seen = new Set();
  let left = MOST_FOLDERS;
  const visit = (folder) => {
    const real = attempt(() => fs.realpathSync(folder));
    if (real === null || seen.has(real) || left-- <= 0) return;
    seen.add(real);
    const { name, version } = readJson(path.join(real, 'package.json')) ?? {};
    if (NAMES.includes(name)) {
      const malware = name === 'node-ipc' ? malwareIn(version) : null;
      found.push({ name, version: version ?? null, path: folder, malware });
    }
    list(path.join(real, 'node_modules'));
  };
  const list = (modules) => {
    for (const name of attempt(() => fs.readdirSync(modules), [])) {
      const folder = path.join(modules, name);
      if (name === '.pnpm') {
        for (const one of attempt(() => fs.readdirSync(folder), [])) {
          list(path.join(folder, one, 'node_modules'));
        }
      } else if (name.startsWith('@')) {
        for (const one of attempt(() => fs.readdirSync(folder), [])) visit(path.join(folder, one));
      } else if (!name.startsWith('.')) {
        visit(folder);
      }
    }
  };
  for (let at = from; ; at = path.dirname(at)) {
    list(path.join(at, 'node_modules'));
    if (at === path.dirname(at)) break;
  }
  return found;
}

function malwareIn(version) {
  return Object.keys(HARMFUL).find((kind) => HARMFUL[kind].includes(version)) ?? null;
}

/** Variables that change what ferripc does; null: not set. By name, so that a reader of the source sees which. */
function environment() {
  return {
    FERRIPC_DRIVER: process.env.FERRIPC_DRIVER ?? null,
    NAPI_RS_NATIVE_LIBRARY_PATH: process.env.NAPI_RS_NATIVE_LIBRARY_PATH ?? null,
    NODE_DEBUG: process.env.NODE_DEBUG ?? null,
    NODE_OPTIONS: process.env.NODE_OPTIONS ?? null,
    NODE_TLS_REJECT_UNAUTHORIZED: process.env.NODE_TLS_REJECT_UNAUTHORIZED ?? null,
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? null,
    NODE_UNIQUE_ID: process.env.NODE_UNIQUE_ID ?? null,
    TMPDIR: process.env.TMPDIR ?? null,
  };
}

async function examine() {
  const { version } = readJson(path.join(HOME, 'package.json')) ?? native;
  const found = binary();
  const works = !found.error;
  const report = {
    ferripc: { version, path: HOME },
    runtime: runtime(),
    platform: {
      platform: process.platform,
      arch: process.arch,
      libc: native.libc() || null,
      release: os.release(),
    },
    binary: found,
    driver: works ? driver() : null,
    environment: environment(),
    limits: limits(),
    packages: packages(attempt(() => process.cwd(), HOME)),
    probes: works ? await runProbes() : [],
  };
  report.problems = problemsOf(report);
  report.ok = report.problems.length === 0;
  return report;
}

/** What is wrong, each with what to do. */
function problemsOf({ ferripc, binary, limits, packages, probes }) {
  const problems = [];
  if (binary.error) problems.push(binary.error);
  if (ferripc.version !== native.VERSION) {
    problems.push(
      `package.json says ${ferripc.version}, but the code is of ${native.VERSION}: ` +
        'remove node_modules and install again.',
    );
  }
  for (const { name, version, path: where, malware } of packages) {
    if (!malware) continue;
    problems.push(
      `${name} ${version} in ${where} carries ${malware}: remove it, and look at what it has done to this machine.`,
    );
  }
  if (limits.defaultPathLength > limits.longestPath) {
    problems.push(
      `The default path ${limits.defaultPath} is longer than a socket's may be: set config.id, config.socketRoot or a path.`,
    );
  }
  for (const { title, ok, error } of probes) {
    if (!ok) problems.push(`${title} does not work: ${error}. ${adviceFor(error)}`);
  }
  return problems;
}

function adviceFor(error) {
  if (/EACCES|EPERM|EROFS/.test(error)) {
    return 'Something forbids it: file permissions, a sandbox, or a security policy.';
  }
  if (/EMFILE|ENFILE/.test(error)) return 'Raise the limit for open files (ulimit -n).';
  if (/EADDRNOTAVAIL|ENETUNREACH/.test(error)) return 'The loopback interface is not up.';
  return 'Try again with NODE_DEBUG=ferripc, and add what it prints to a bug report.';
}

// ---- for people -----------------------------------------------------------------------------------

const digits = (number) => (number < 10 ? number.toFixed(2) : number.toFixed(0));
const amount = (number) => number.toLocaleString('en-US');

function describe(report) {
  const { ferripc, runtime, platform, binary, driver, environment, limits, probes } = report;
  const lines = [];
  const row = (name, ...rest) => {
    rest.forEach((text, i) => lines.push(`  ${(i === 0 ? name : '').padEnd(12)} ${text}`));
  };
  const versions = Object.entries(runtime).filter(([, version]) => version);
  row('ferripc', `${ferripc.version}, ${ferripc.path}`);
  row('runtime', versions.map(([name, version]) => `${name} ${version}`).join(', '));
  row('platform', Object.values(platform).filter(Boolean).join(', '));
  if (binary.error) {
    row('binary', 'none that loads, see below');
  } else {
    const size = binary.size === null ? 'cannot be read' : `${amount(binary.size)} bytes`;
    row('binary', binary.file, `${size}, version ${binary.version}`, `sha256 ${binary.sha256}`);
    row('driver', `${driver.name}: ${driver.why}`);
  }
  const set = Object.entries(environment).filter(([, value]) => value !== null);
  row('environment', ...(set.length > 0 ? set.map((pair) => pair.join('=')) : ['nothing set']));
  const { openFiles } = limits;
  const writable = (yes) => (yes ? 'writable' : 'NOT writable');
  row(
    'limits',
    `path: ${limits.defaultPathLength} of ${limits.longestPath} bytes, ${limits.defaultPath}`,
    ...(limits.socketRootWritable === null
      ? []
      : [`${limits.socketRoot}: ${writable(limits.socketRootWritable)}`]),
    `${limits.temporary}: ${writable(limits.temporaryWritable)}`,
    ...(openFiles ? [`open files: ${openFiles.soft} (at most ${openFiles.hard})`] : []),
    ...(limits.somaxconn ? [`waiting connections: ${limits.somaxconn}`] : []),
  );
  const listed = report.packages.map(({ name, version, path: where, malware }) => {
    return `${name} ${version}${malware ? ` (${malware.toUpperCase()})` : ''}, ${where}`;
  });
  row('packages', ...(listed.length > 0 ? listed : ['none in node_modules']));
  for (const { title, ok, error, connectMs, roundTripUs } of probes) {
    const times = () => `ok, up in ${digits(connectMs)} ms, round trip ${digits(roundTripUs)} µs`;
    row(title, ok ? times() : `FAILED: ${error}`);
  }
  lines.push('');
  if (report.ok) lines.push('All is well.');
  for (const problem of report.problems) lines.push(`Problem: ${problem}`);
  return lines.join('\n');
}

/** Examines, prints, and sets the exit code. */
async function run({ json }) {
  const report = await examine();
  process.exitCode = report.ok ? 0 : 1;
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : describe(report)}\n`);
  setTimeout(() => process.exit(), 1000).unref(); // whatever a failed probe has left
}

module.exports = { HARMFUL, run };
