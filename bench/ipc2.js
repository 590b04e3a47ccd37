'use strict';
// `npm run bench:ipc2`: jobs for worker processes, ferripc's ipc2 beside what people use instead: child_process.fork
// with a map of promises, piscina (worker threads), workerpool (with processes); and Rust programs beside the same
// written straightforwardly with tokio and bincode 1.3.3.
//
// What is measured. A small job adds two numbers; a large one sends a megabyte there and back. `p50` and `p99` are how
// long a job takes of one worker that gets one after the other; `jobs/s` how many two workers do that have one each at
// all times. Each sample has a fresh host and fresh workers; warm-up is not timed; every answer is checked. The peers
// take turns within a round, in another order in each. Processes run where the system places them.
//
//   npm run bench:ipc2 -- --rounds 5 --no-save
//   --peers 'a;b'    of peers.js, only these
//   --scale N        N times as many jobs in a sample
//
// How to read the table. A cell is the median of the samples and, in parentheses, the smallest and the largest. A
// difference within the ranges does not count.
//
// Results go to bench/results/<date>-ipc2-<machine>-node<major>.json (every sample) and .md (the table); with options,
// `-partial` is in the name, which git ignores.

const { execFileSync, spawn } = require('child_process');
const os = require('os');
const path = require('path');
const { numberOf, optionsOf, refuse } = require('../scripts/usage.js');
const peers = require('./ipc2/peers.js');
const { commitName, environment } = require('./lib/machine.js');
const { cell, save, table } = require('./lib/record.js');

const REPOSITORY = path.join(__dirname, '..');
const SIZES = [
  { job: 'small', times: 10_000 },
  { job: 'large', times: 400 },
];

/** The program of the Rust ends. */
function build() {
  const args = ['build', '--release', '--locked', '--package', 'ipc2_tests', '--bin', 'ipc2_bench'];
  const options = {
    cwd: REPOSITORY,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  };
  const lines = execFileSync('cargo', [...args, '--message-format=json'], options).split('\n');
  const built = lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : {}));
  return built.find((it) => it.executable && it.target.name === 'ipc2_bench').executable;
}

/** Runs one sample: what the host prints. */
function take(program, peer, job, lanes, times) {
  const { rust } = peers[peer];
  const args = [job, String(lanes), String(times)];
  const [file, ...all] = rust
    ? [program, 'host', rust, ...args]
    : [process.execPath, path.join(__dirname, 'ipc2', 'host.js'), peer, ...args];
  const env = { ...process.env, IPC2_BENCH: program };
  const child = spawn(file, all, { env, stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000 });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`${peer}, ${job}: ended with ${code ?? signal}`));
    });
  });
}

/** In another order in each round: back and forth, and rotated by one after each pair. */
function orderOfRound(names, round) {
  const shift = (round >> 1) % names.length;
  const rotated = [...names.slice(shift), ...names.slice(0, shift)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}

async function takeAll(program, { names, rounds, scale }) {
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    for (const { job, times } of SIZES) {
      for (const peer of orderOfRound(names, round)) {
        const count = times * scale;
        const { p50, p99 } = await take(program, peer, job, 1, count);
        const { rate } = await take(program, peer, job, 2, count / 2);
        samples.push({ round, job, peer, p50, p99, rate });
        const text = `p50 ${p50.toFixed(1)} µs, p99 ${p99.toFixed(1)} µs, ${rate.toFixed(0)} jobs/s`;
        console.error(`round ${round + 1}  ${job}  ${peer}: ${text}`);
      }
    }
  }
  return samples;
}

const METRICS = [
  { key: 'p50', title: 'p50, µs' },
  { key: 'p99', title: 'p99, µs' },
  { key: 'rate', title: 'jobs/s' },
];

function tableOf(samples, names) {
  const title = (name) => `${name} ${peers[name].version?.() ?? ''}`.trim();
  const head = ['job', 'host and workers', ...METRICS.map((metric) => metric.title)];
  const rows = SIZES.flatMap(({ job }) =>
    names.map((peer) => {
      const own = samples.filter((sample) => sample.job === job && sample.peer === peer);
      return [job, title(peer), ...METRICS.map(({ key }) => cell(own, key))];
    }),
  );
  return table(head, rows);
}

function markdown({ date, environment: where, load, rounds, table: text }) {
  const { node, cpu, cores, os: system, rust, commit } = where;
  return `# Jobs for worker processes, ${date.slice(0, 10)}

${cores} cores of ${cpu}, ${system}, Node ${node}, ${rust}; commit ${commitName(commit)}. Medians of ${rounds} samples
(smallest–largest), taken in turns; load average ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after, of which
up to 3 are the benchmark's own. \`npm run bench:ipc2\`; bench/ipc2.js says what is measured.

${text}
`;
}

async function main() {
  const { values } = optionsOf(__filename, {
    options: {
      rounds: { type: 'string', default: '5' },
      peers: { type: 'string' },
      scale: { type: 'string', default: '1' },
      'no-save': { type: 'boolean', default: false },
    },
  });
  const known = Object.keys(peers);
  const names = values.peers?.split(/;\s*/) ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    refuse(__filename, `--peers ${unknown}: ${known.join('; ')}`);
  }
  const [rounds, scale] = ['rounds', 'scale'].map((it) => numberOf(__filename, values, it));

  const program = build();
  const date = new Date().toISOString();
  const rust = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' (')[0];
  const versions = Object.fromEntries(known.map((name) => [name, peers[name].version?.()]));
  const before = os.loadavg()[0];
  const samples = await takeAll(program, { names, rounds, scale });
  const load = { before, after: os.loadavg()[0] };
  const where = { ...environment(), rust };
  const result = { date, environment: where, versions, rounds, scale, load, samples };
  result.table = tableOf(samples, names);
  console.log(result.table);
  const isFull = names.length === known.length && rounds >= 5 && scale === 1;
  if (!values['no-save']) save('ipc2', result, markdown(result), isFull);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
