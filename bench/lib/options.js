'use strict';

// The command line of run.js.

const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');
const { DEFAULT_PEERS, loadPeer, OTHER_BUILD, peerNames, SUBJECT } = require('../peers/index.js');
const { findWorkloads, workloads, workloadNames } = require('../workloads/index.js');

const ROUNDS = 5;
const QUICK_ROUNDS = 1;
/** From seven pairs on there is an interval that holds the true ratio in 95 of 100 cases, see against.js. */
const PAIRED_ROUNDS = 7;
/** Where the two processes of a sample run: both on one core, each on a core of its own, or anywhere. */
const LAYOUTS = ['pinned', 'apart', 'free'];
const PAIRED_LAYOUTS = ['pinned', 'apart'];

const USAGE = `usage: npm run bench -- [options]

  --quick              smaller counts and ${QUICK_ROUNDS} round, less than two minutes: for checking a change,
                       not for citing
  --rounds N           samples per peer and workload (default ${ROUNDS})
  --only a,b           workloads: ${workloadNames.join(', ')}
  --growth             instead of the others those that show how costs grow: clients, bytes, types, listeners
  --peers a,b          peers: ${peerNames.join(', ')}
                       (default ${DEFAULT_PEERS.join(',')})
  --busy N             with N other processes for each core that want it all the time
  --pin                every workload also with both processes on one core
  --against FOLDER     this tree beside another build of it, a checkout or an unpacked package: the ratio of each
                       pair of samples, with its interval (at least and by default ${PAIRED_ROUNDS} rounds; only these two unless
                       --peers names more)
  --layout a,b         instead of the workloads' own: ${LAYOUTS.join(', ')} (with --against ${PAIRED_LAYOUTS.join(',')})
  --json               the result as JSON on the standard output, instead of the table
  --no-save            do not write bench/results
  --help`;

function list(value) {
  return value.split(',').filter((item) => item !== '');
}

function selectPeers({ peers, against }) {
  const byDefault = against === undefined ? DEFAULT_PEERS : [];
  const named = peers ? list(peers) : byDefault;
  const selected = [...new Set(against === undefined ? named : [SUBJECT, OTHER_BUILD, ...named])];
  selected.forEach(loadPeer);
  return selected;
}

/** The absolute path of a folder that has a build of this package. */
function anotherBuild(folder) {
  const absolute = path.resolve(folder);
  if (!fs.existsSync(path.join(absolute, 'index.js'))) {
    throw new Error(`--against ${folder}: no index.js there; it takes a checkout or a package`);
  }
  return absolute;
}

/** Throws an Error with a message for the user when the arguments make no sense. */
function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      growth: { type: 'boolean', default: false },
      peers: { type: 'string' },
      busy: { type: 'string', default: '0' },
      pin: { type: 'boolean', default: false },
      against: { type: 'string' },
      layout: { type: 'string' },
      json: { type: 'boolean', default: false },
      'no-save': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });

  const paired = values.against !== undefined;
  const byDefault = paired ? PAIRED_ROUNDS : values.quick ? QUICK_ROUNDS : ROUNDS;
  const rounds = Number(values.rounds ?? byDefault);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error('--rounds takes a positive whole number');
  }
  if (paired && rounds < PAIRED_ROUNDS) {
    throw new Error(`--against takes at least ${PAIRED_ROUNDS} rounds`);
  }
  const busy = Number(values.busy);
  if (!Number.isInteger(busy) || busy < 0) {
    throw new Error('--busy takes a whole number');
  }
  const group = values.growth ? 'growth' : 'messages';
  const selected = values.only
    ? new Set(list(values.only).flatMap(findWorkloads))
    : new Set(workloads.filter((workload) => workload.group === group));
  const peers = selectPeers(values);
  const layouts = values.layout ? list(values.layout) : paired ? PAIRED_LAYOUTS : undefined;
  for (const layout of layouts ?? []) {
    if (!LAYOUTS.includes(layout)) {
      throw new Error(`unknown layout '${layout}'; known: ${LAYOUTS.join(', ')}`);
    }
  }

  return {
    help: values.help,
    quick: values.quick,
    rounds,
    workloads: workloads.filter((workload) => selected.has(workload)),
    growth: values.growth,
    peers,
    busy,
    pin: values.pin,
    layouts,
    against: paired ? anotherBuild(values.against) : undefined,
    json: values.json,
    save: !values['no-save'],
    /** A run with all of its group in it, the only kind whose results are worth keeping. */
    full: !values.quick && !busy && !values.only && !values.peers && !layouts && rounds >= ROUNDS,
  };
}

module.exports = { parseOptions, USAGE };
