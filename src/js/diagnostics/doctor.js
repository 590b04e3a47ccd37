'use strict';
// `ferripc doctor`: what is on this machine, whether it works, and what to do if it does not. Loaded by
// bin/ferripc.js alone. Each part is printed as soon as it is known, and everything that needs no binary is printed
// before the binary is loaded. doctor-machine.js and doctor-binary.js examine, doctor-probes.js tests,
// doctor-advice.js advises.

const path = require('node:path');
const engine = require('../engine/engine');
const { isForced, isTold } = require('../engine/fallback');
const { VERSION } = require('../engine/native');
const { problemsOf } = require('./doctor-advice');
const binaries = require('./doctor-binary');
const machine = require('./doctor-machine');
const { runProbes } = require('./doctor-probes');

const HOME = path.join(__dirname, '..', '..', '..');

/** `{name, why}`, or `{error, code}`; null where there is no engine at all. */
function driver() {
  let name;
  try {
    name = engine.driver();
  } catch ({ message, code }) {
    return code === 'ERR_FERRIPC_NO_BINARY' ? null : { error: message, code: null };
  }
  if (name === 'js') return { name, why: isForced() ? 'FERRIPC_DRIVER=js' : 'no binary loads' };
  const { bun, deno } = process.versions;
  if (name === 'loop') return { name, why: "this thread's event loop has libuv" };
  if (process.env.FERRIPC_DRIVER === 'tokio') return { name, why: 'FERRIPC_DRIVER=tokio' };
  if (process.platform === 'win32') return { name, why: 'as always on Windows' };
  if (bun || deno) return { name, why: 'this runtime has no libuv' };
  return { name, why: 'the functions of libuv were not found' };
}

/** Looks at everything, one part after the other; `show(part, value)` is called with each. Resolves with all. */
async function examine(show) {
  const report = {};
  const add = (part, value) => {
    report[part] = value;
    show(part, value);
  };
  const { version } = machine.readJson(path.join(HOME, 'package.json')) ?? { version: VERSION };
  add('ferripc', { version, path: HOME });
  add('runtime', machine.runtime());
  add('platform', machine.platform());
  add('environment', machine.environment());
  add('limits', machine.limits());
  add('packages', machine.packages(machine.attempt(() => process.cwd(), HOME)));
  const found = binaries.find();
  show('found', found);
  add('binary', binaries.load(found));
  add('driver', report.binary.changed ? null : driver());
  report.probes = [];
  if (report.driver !== null) {
    for await (const probe of runProbes()) {
      report.probes.push(probe);
      show('probe', probe);
    }
  }
  add('problems', problemsOf(report));
  report.ok = report.problems.length === 0;
  return report;
}

// ---- for people -----------------------------------------------------------------------------------

const digits = (number) => (number < 10 ? number.toFixed(2) : number.toFixed(0));
const amount = (number) => number.toLocaleString('en-US');
const writable = (yes) => (yes ? 'writable' : 'NOT writable');

/** The lines of a row with a name. */
const row = (name, ...rest) =>
  rest.map((text, i) => `  ${(i === 0 ? name : '').padEnd(12)} ${text}`);

const rows = {
  ferripc: (its) => row('ferripc', `${its.version}, ${its.path}`),

  runtime(versions) {
    const known = Object.entries(versions).filter(([, version]) => version);
    return row('runtime', known.map(([name, version]) => `${name} ${version}`).join(', '));
  },

  platform: (its) => row('platform', Object.values(its).filter(Boolean).join(', ')),

  environment(variables) {
    const set = Object.entries(variables).filter(([, value]) => value !== null);
    const lines = set.length > 0 ? set.map((pair) => pair.join('=')) : ['nothing set'];
    return row('environment', ...lines);
  },

  limits(limits) {
    const { openFiles } = limits;
    return row(
      'limits',
      `path: ${limits.defaultPathLength} of ${limits.longestPath} bytes, ${limits.defaultPath}`,
      ...(limits.socketRootWritable === null
        ? []
        : [`${limits.socketRoot}: ${writable(limits.socketRootWritable)}`]),
      `${limits.temporary}: ${writable(limits.temporaryWritable)}`,
      ...(openFiles ? [`open files: ${openFiles.soft} (at most ${openFiles.hard})`] : []),
      ...(limits.somaxconn ? [`waiting connections: ${limits.somaxconn}`] : []),
    );
  },

  packages(packages) {
    const listed = packages.map(({ name, version, path: where, malware }) => {
      return `${name} ${version}${malware ? ` (${malware.toUpperCase()})` : ''}, ${where}`;
    });
    return row('packages', ...(listed.length > 0 ? listed : ['none in node_modules']));
  },

  /** The binary as it lies there: printed before it is loaded. */
  found(found) {
    if (found === null) return row('binary', 'none');
    if (found.size === null) return row('binary', found.file, `cannot be read: ${found.fault}`);
    const size = `${amount(found.size)} bytes${found.built ? `, for ${found.built}` : ''}`;
    const fault = found.fault ? [`FAULTY: ${found.fault}`] : [];
    return row('binary', found.file, size, `sha256 ${found.sha256}`, ...fault);
  },

  binary({ error, version }) {
    const why = isForced() ? 'left out: FERRIPC_DRIVER=js' : 'does not load, see below';
    return row('', error ? why : `version ${version}`);
  },

  driver(driver) {
    if (driver === null) return [];
    return row(
      'driver',
      driver.error ? `FAILED: ${driver.error}` : `${driver.name}: ${driver.why}`,
    );
  },

  probe({ title, ok, error, connectMs, roundTripUs }) {
    const times = () => `ok, up in ${digits(connectMs)} ms, round trip ${digits(roundTripUs)} µs`;
    return row(title, ok ? times() : `FAILED: ${error}`);
  },

  problems(problems) {
    if (problems.length === 0) return ['', 'All is well.'];
    return ['', ...problems.map((it) => `Problem: ${it}`)];
  },
};

const print = (text) => process.stdout.write(`${text}\n`);

/** Examines, prints, and sets the exit code. */
async function run({ json }) {
  isTold(); // by what follows
  const report = await examine((part, value) => {
    const lines = json ? [] : rows[part](value);
    if (lines.length > 0) print(lines.join('\n'));
  });
  process.exitCode = report.ok ? 0 : 1;
  if (json) print(JSON.stringify(report, null, 2));
  setTimeout(() => process.exit(), 1000).unref(); // whatever a failed probe has left
}

module.exports = { run };
