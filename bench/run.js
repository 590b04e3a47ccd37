'use strict';

// `npm run bench`: ferripc beside the packages that it replaces and beside hand-written code. `--help`
// lists the options; bench/sample.js runs one sample alone, for a profile.
//
// What is measured. Two processes on one machine, over a Unix socket where the name of the workload says
// nothing else. Each sample has a fresh server and a fresh client; warm-up is outside the timed part; in
// every sample the receiver checks what arrived (each field of each small message, a hash of the large
// ones, raw bytes one by one), and a sample that fails is reported and makes the run fail. The peers take
// turns within a round, and the order changes from round to round, so that a slow minute of the machine
// does not fall on one of them. A peer that cannot do a workload is left out of it.
//
// How to read the table. A cell is the median of the samples and, in parentheses, the smallest and the
// largest; ×N after it says how many times better ferripc is, whichever direction is the better one for
// that row. A difference within the ranges does not count. `one core` has both processes on the same core: the
// sum of the work on both sides, with little noise. `free` lets the system place them: what a user
// sees, with the cost of waking up another core in it. On a busy machine the system may put both on one
// core for a whole sample; the round trip then shows the `one core` time, and the range gives it away.
// The last columns name the best of the other peers, say where ferripc loses, and what it is meant to do.
//
// `--against <folder>` puts another build of ferripc beside this one, sample by sample: lib/against.js says
// how its table is made.
//
// Results go to bench/results/<date>-<machine>-node<major>.json (every sample) and .md (the table). Runs
// that leave something out have `-quick`, `-partial` or `-against` in the name, which git ignores: only full runs are
// to be kept.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { writeCharts } = require('./charts.js');
const { pairedReport, ratios } = require('./lib/against.js');
const { startBusy } = require('./lib/busy.js');
const { environment, machineSlug, pinCores } = require('./lib/machine.js');
const { parseOptions, USAGE } = require('./lib/options.js');
const { published } = require('./lib/published.js');
const { jsonFile, markdownFile, report } = require('./lib/report.js');
const { killRunningSamples, spawnInTurns, spawnSample } = require('./lib/spawn-sample.js');
const against = require('./peers/against.js');
const ferripc = require('./peers/ferripc.js');
const { canRun, loadPeer, OTHER_BUILD, SUBJECT } = require('./peers/index.js');

const RESULTS = path.join(__dirname, 'results');

/** Every workload in every processor layout that it is to be measured in. */
function selectCases(options, cores) {
  return options.workloads.flatMap((workload) =>
    modesOf(workload, options)
      .filter((mode) => cores.length >= CORES_OF[mode])
      .map((mode) => ({ workload, mode })),
  );
}

/** How many cores the processes of a sample are bound to. */
const CORES_OF = { pinned: 1, apart: 2, free: 0 };

function modesOf({ modes, alone }, { layouts, pin }) {
  if (layouts !== undefined) {
    return layouts.filter((mode) => mode !== 'apart' || !alone);
  }
  return ['pinned', 'free'].filter((mode) => modes.includes(mode) || (mode === 'pinned' && pin));
}

/** The peers in another order in each round: back and forth, and rotated by one after each pair. */
function orderOfRound(peers, round) {
  const shift = (round >> 1) % peers.length;
  const rotated = [...peers.slice(shift), ...peers.slice(0, shift)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}

function versionsOf(peers) {
  return Object.fromEntries(
    peers.map((peer) => {
      try {
        return [peer, loadPeer(peer).version()];
      } catch {
        return [peer, 'not installed']; // its samples will fail and say why
      }
    }),
  );
}

/** What spawn-sample.js has to run; or an empty sample, or undefined, for a peer with fewer rounds. */
function plan({ workload, mode }, peer, round, options, cores) {
  const base = { workload: workload.name, mode, peer, round };
  const limit = workload.limits?.[peer];
  const rounds = limit ? (options.quick ? limit.quickRounds : limit.rounds) : Infinity;
  if (round >= rounds) {
    // Said once; the rounds after it would only repeat it.
    const sample = { ...base, status: 'skipped', reason: limit.why };
    return round === rounds ? { sample } : {};
  }
  const spec = {
    workload: workload.name,
    peer,
    quick: options.quick,
    cores: cores.slice(0, CORES_OF[mode]),
    timeLimitMs: workload.timeLimitMs,
  };
  const finish = (sample) => {
    if (sample.status === 'time limit' && !limit) {
      const reason = `no result within ${workload.timeLimitMs / 1000} s`;
      return { ...base, ...sample, status: 'failed', reason };
    }
    return { ...base, ...sample };
  };
  return { spec, finish };
}

function progress(sample, workload) {
  const values = workload.metrics.map(
    (m) => sample.values && `${m.title} ${sample.values[m.key].toFixed(2)} ${m.unit}`,
  );
  const outcome =
    sample.status === 'ok' ? values.join(', ') : `${sample.status} ${sample.reason || ''}`;
  console.error(
    `round ${sample.round + 1}  ${workload.name} ${sample.mode}  ${sample.peer}: ${outcome}`,
  );
}

/** The peers that run at the same time, in turns: the two builds, except for a workload that starts processes itself. */
function groupsOf(peers, { workload }, { against }) {
  if (against === undefined || workload.alone) return peers.map((peer) => [peer]);
  const both = peers.filter((peer) => peer === SUBJECT || peer === OTHER_BUILD);
  return [both, ...peers.filter((peer) => !both.includes(peer)).map((peer) => [peer])];
}

async function takeGroup(plans) {
  const wanted = plans.filter(({ spec }) => spec !== undefined);
  const specs = wanted.map(({ spec }) => spec);
  const taken =
    specs.length > 1
      ? await spawnInTurns(specs)
      : await Promise.all(specs.map((spec) => spawnSample(spec)));
  const skipped = plans.flatMap(({ sample }) => sample ?? []);
  return [...taken.map((sample, i) => wanted[i].finish(sample)), ...skipped];
}

async function takeSamples(cases, options, cores) {
  const samples = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const item of cases) {
      const able = options.peers.filter((peer) => canRun(peer, item.workload));
      for (const peers of groupsOf(orderOfRound(able, round), item, options)) {
        const plans = peers.map((peer) => plan(item, peer, round, options, cores));
        for (const sample of await takeGroup(plans)) {
          samples.push(sample);
          progress(sample, item.workload);
        }
      }
    }
  }
  return samples;
}

/** A name that no earlier run has: a second run of a day with the same Node gets '-2'. */
function resultName(date, options) {
  const kind = options.full
    ? options.growth
      ? '-growth'
      : ''
    : options.quick
      ? '-quick'
      : options.against
        ? '-against'
        : '-partial';
  const node = `node${process.versions.node.split('.')[0]}`;
  const driver = ferripc.isJavaScript ? '-js' : '';
  const base = `${date.slice(0, 10)}-${machineSlug()}-${node}${driver}${kind}`;
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!fs.existsSync(path.join(RESULTS, `${name}.json`))) {
      return name;
    }
  }
}

/** The samples, the table and the charts (which charts.js draws again from the JSON). */
function save(date, options, result) {
  fs.mkdirSync(RESULTS, { recursive: true });
  const name = resultName(date, options);
  fs.writeFileSync(path.join(RESULTS, `${name}.json`), jsonFile(result));
  fs.writeFileSync(path.join(RESULTS, `${name}.md`), markdownFile(result));
  writeCharts(result, path.join(RESULTS, name));
  return path.join('bench', 'results', name);
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const cores = pinCores();
  const cases = selectCases(options, cores);
  if (cores.length === 0) {
    console.error('taskset is not available: nothing is measured on one core');
  }
  process.env[ferripc.VARIABLE] = published(ferripc.folder());
  if (options.against !== undefined) {
    process.env[against.VARIABLE] = published(options.against);
  }

  const date = new Date().toISOString();
  const before = os.loadavg()[0];
  const where = environment();
  const versions = versionsOf(options.peers);
  const endBusy = startBusy(options.busy);
  const samples = await takeSamples(cases, options, cores).finally(endBusy);
  const load = { before, after: os.loadavg()[0] };

  const titles = Object.fromEntries(
    options.peers.map((peer) => [peer, `${loadPeer(peer).title} ${versions[peer]}`]),
  );
  const { peers } = options;
  const pairs = options.against && ratios({ cases, samples, subject: SUBJECT, other: OTHER_BUILD });
  const tables = [];
  if (pairs) tables.push(pairedReport(pairs));
  if (!pairs || peers.length > 2) {
    tables.push(report({ cases, samples, peers, subject: SUBJECT, titles }));
  }
  const table = tables.join('\n\n');
  const { quick, rounds, pin, layouts, busy } = options;
  const settings = { quick, rounds, pin, layouts, busy, peers };
  const head = { date, environment: where, versions, options: settings, load };
  const result = { ...head, ratios: pairs, samples, table };
  console.log(options.json ? jsonFile(result) : table);
  if (options.save) {
    console.error(`\nwritten: ${save(date, options, result)}.{json,md}, with charts (svg)`);
  }

  const failed = samples.filter((sample) => sample.status === 'failed').length;
  if (failed > 0) {
    console.error(`\n${failed} of ${samples.length} samples failed`);
  }
  return failed > 0 ? 1 : 0;
}

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => {
    killRunningSamples();
    process.exit(code);
  });
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    killRunningSamples();
    console.error(error.message);
    process.exitCode = 2;
  },
);
