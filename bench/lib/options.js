'use strict';

// The command line of run.js.

const { parseArgs } = require('util');
const { DEFAULT_PEERS, loadPeer, peerNames } = require('../peers/index.js');
const { findWorkloads, workloads, workloadNames } = require('../workloads/index.js');

const ROUNDS = 5;
const QUICK_ROUNDS = 1;

const USAGE = `usage: npm run bench -- [options]

  --quick              smaller counts and ${QUICK_ROUNDS} round, less than two minutes: for checking a change,
                       not for citing
  --rounds N           samples per peer and workload (default ${ROUNDS})
  --only a,b           workloads: ${workloadNames.join(', ')}
  --peers a,b          peers: ${peerNames.join(', ')}
                       (default ${DEFAULT_PEERS.join(',')})
  --pin                every workload also with both processes on one core
  --no-save            do not write bench/results
  --help`;

function list(value) {
  return value.split(',').filter((item) => item !== '');
}

/** Throws an Error with a message for the user when the arguments make no sense. */
function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      pin: { type: 'boolean', default: false },
      'no-save': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });

  const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error('--rounds takes a positive whole number');
  }
  const selected = values.only && new Set(list(values.only).flatMap(findWorkloads));
  const peers = values.peers ? [...new Set(list(values.peers))] : DEFAULT_PEERS;
  peers.forEach(loadPeer);

  return {
    help: values.help,
    quick: values.quick,
    rounds,
    workloads: selected ? workloads.filter((w) => selected.has(w)) : workloads,
    peers,
    pin: values.pin,
    save: !values['no-save'],
    /** A run with everything in it, the only kind whose results are worth keeping. */
    full: !values.quick && !values.only && !values.peers && rounds >= ROUNDS,
  };
}

module.exports = { parseOptions, USAGE };
