'use strict';
// `npm run bench:appview`: how soon AppView's server answers while its JavaScript thread is blocked, and what it costs
// while nobody asks. On Linux.
//
// What is measured. A request, on queues that were just made, from sending it to having its answer; the server's
// process does nothing else for 10 s, and before that sleeps for as long. Where the user may (root), that is done in
// turns with queues mounted, so that the system tells the server of new ones, and with none, so that it has to look;
// elsewhere as it is.
//
//   npm run bench:appview -- --rounds 3 --seconds 10 --no-save
//
// Results go to bench/results/<date>-appview-<machine>-node<major>.json and .md; with options, `-partial` is in the
// name, which git ignores.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { open } = require('../mqueue.js');
const { numberOf, optionsOf } = require('../scripts/usage.js');
const { commitName, environment } = require('./lib/machine.js');
const { save, table } = require('./lib/record.js');
const { quantile } = require('./lib/stats.js');
const { start } = require('./queues/start.js');

/** What is said for requests of AppView, in ms: see docs/appview.md. */
const PROMISE = 2;

let last = 0;

/** Commands that run a process where queues are mounted in `folder`, and where they are not. */
function wraps(folder) {
  const none =
    'for it in $(awk \'$3 == "mqueue" { print $2 }\' /proc/mounts); do umount "$it"; done';
  const there = `mount -t mqueue mqueue '${folder}'`;
  const shell = (script) => ['unshare', '--mount', 'sh', '-c', `${script}; exec "$@"`, 'sh'];
  return { told: shell(`${none}; ${there}`), looks: shell(none) };
}

/** The ms that each answer of a blocked process took, and the part of a processor that it takes while nobody asks. */
async function measure(wrap, ms) {
  const pid = 2 ** 31 - 1 - last++;
  const peer = await start(['appview', pid], wrap);
  const said = (what) => {
    const answer = peer.next();
    peer.child.send(what);
    return answer;
  };
  const idle = await said(ms);
  await said('block');
  const over = peer.next();
  const text = '{"req":2}';
  const frame = `{"req":0,"uniq":1,"remain":${text.length}}\0${text}\0`;
  const names = ['In', 'Out'].map((side) => `/AppViewIPC${side}.${pid}`);
  const took = [];
  const end = performance.now() + ms * 0.95;
  while (performance.now() < end) {
    const [input, output] = names.map((name) => open(name, { create: true, exclusive: true }));
    const started = performance.now();
    input.send(frame);
    const { data } = await output.receive();
    took.push(performance.now() - started);
    if (!data.includes('"status":200}')) throw new Error(`another answer: ${data}`);
    for (const queue of [input, output]) {
      queue.unlink();
      queue.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 1)); // who asks next comes at any time
  }
  await over;
  peer.end();
  return { idle, took };
}

/** A row of all samples of one kind. */
function row(kind, samples) {
  const took = samples.flatMap((sample) => sample.took);
  const within = took.filter((ms) => ms <= PROMISE).length / took.length;
  const times = [0.5, 0.99, 0.999, 1].map((q) => quantile(took, q).toFixed(2));
  const idle = samples.reduce((sum, sample) => sum + sample.idle, 0) / samples.length;
  const shares = [`${(within * 100).toFixed(2)} %`, `${(idle * 100).toFixed(2)} %`];
  return [kind, String(took.length), ...times, ...shares];
}

const HEAD = [
  'server',
  'requests',
  'p50, ms',
  'p99',
  'p99.9',
  'most',
  `within ${PROMISE} ms`,
  'idle',
];

function markdown({ date, environment: where, load, rounds, seconds, table: rows }) {
  const { node, cpu, cores, os: system, commit } = where;
  return `# AppView's server, ${date.slice(0, 10)}

${cores} cores of ${cpu}, ${system}, Node ${node}; commit ${commitName(commit)}. ${rounds} rounds of ${seconds} s with a blocked JavaScript
thread, in turns; load average ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after, of which up to 2 are the benchmark's own.
\`npm run bench:appview\`; bench/appview.js says what is measured.

${rows}
`;
}

async function main() {
  const { values } = optionsOf(__filename, {
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      'no-save': { type: 'boolean', default: false },
    },
  });
  const [rounds, seconds] = ['rounds', 'seconds'].map((it) => numberOf(__filename, values, it));
  const date = new Date().toISOString();
  const before = os.loadavg()[0];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-bench-'));
  const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
  const kinds = mayMount ? Object.entries(wraps(folder)) : [['as it is', []]];
  const samples = kinds.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, [, wrap]] of kinds.entries())
      samples[i].push(await measure(wrap, seconds * 1e3));
  }
  fs.rmdirSync(folder);
  const load = { before, after: os.loadavg()[0] };
  const result = { date, environment: environment(), rounds, seconds, load };
  result.table = table(
    HEAD,
    kinds.map(([kind], i) => row(kind, samples[i])),
  );
  result.samples = Object.fromEntries(kinds.map(([kind], i) => [kind, samples[i]]));
  console.log(result.table);
  const isFull = rounds >= 3 && seconds === 10;
  if (!values['no-save']) save('appview', result, markdown(result), isFull);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
