'use strict';
// `npm run faults`: a server and clients while system calls fail, one after the other and by chance (calls.js); while processes
// are killed, stopped, blocked or end (processes.js); with peers that do not do what they should (strangers.js); with
// thousands of clients and hundreds of workers (crowds.js); and while files and the clock change (surroundings.js). The other
// systems: killed processes and strangers (systems.js); stopped processes, collections and the clock (around.js). Linux,
// with a C compiler for the system calls. Exits with 1 if something was lost or changed, hung, or ended a process; or if
// nobody was told.
//
//   npm run faults                     some minutes
//   --thorough                         hundreds of kills, stops and ends, each byte of a handshake: ten minutes on two cores
//   --exhaustive                       also each call that fails, and thousands of the rest: hours
//   --only calls|processes|strangers|crowds|surroundings|systems|around      several times for several
//   --row killedServers              of all but the first, this one; several times for several
//   --transport unix|tcp|tls|udp, of calls also values (memory beside messages), of calls and around also ipcio|ipc2|zmtp|mqueue|appview;
//   --driver loop|tokio  the same
//   --keep                             the results become files in bench/results; otherwise in a temporary folder

const { fork } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { environment } = require('../lib/machine.js');
const { chosen, optionsOf } = require('../../scripts/usage.js');
const { Talker, cases, mixtures, outages, partings, play } = require('./calls');
const { Control, compile } = require('./shim');
const { markdown } = require('./report');
const systems = require('./talk-systems');

const STREAMS = ['unix', 'tcp', 'tls'];
/** Whose system calls fail, too. */
const SYSTEMS = Object.keys(systems);

/** So much is done: usually, and with the option of that name. */
const AMOUNTS = {
  usual: {
    each: 3,
    mixtures: 20,
    kills: 10,
    stops: 30,
    ends: 10,
    peers: 1000,
    seconds: 10,
    step: 7,
    jumps: 50,
    workers: 240,
  },
  thorough: {
    each: 3,
    mixtures: 20,
    kills: 100,
    stops: 200,
    ends: 30,
    peers: 1000,
    seconds: 10,
    step: 1,
    jumps: 200,
    workers: 240,
  },
  exhaustive: {
    each: 1000,
    mixtures: 1000,
    kills: 1000,
    stops: 2000,
    ends: 500,
    peers: 1000,
    seconds: 10,
    step: 1,
    jumps: 5000,
    workers: 1000,
  },
};

/** What is played beside the system calls: `[file, name, what it says, transports, options]`. */
function rows({ kills, stops, ends, peers, seconds, step, jumps, workers }) {
  const tls = ['tls'];
  const processes = [
    [
      'killedServers',
      'SIGKILL of a server in mid-message; the client reconnects',
      STREAMS,
      { times: kills },
    ],
    ['killedClients', 'SIGKILL of a client in mid-message', STREAMS, { times: kills }],
    ['stopped', 'SIGSTOP and SIGCONT of a server in mid-message', STREAMS, { times: stops }],
    ['stoppedClients', 'SIGSTOP and SIGCONT of a client in mid-message', STREAMS, { times: stops }],
    [
      'killedWhileStopped',
      'SIGKILL of a server that is stopped, with messages on the way; the client reconnects',
      STREAMS,
      { times: kills },
    ],
    ['blocked', `event loop of a server blocked for ${seconds} s under load`, STREAMS, { seconds }],
    ['exits', 'process.exit() of a client in mid-message', STREAMS, { times: ends }],
    ['terminated', 'worker.terminate() of a client in mid-message', STREAMS, { times: ends }],
    [
      'collected',
      'forced garbage collections and heap snapshots under traffic',
      STREAMS,
      { times: 10 * ends },
    ],
    [
      'inherited',
      'programs are started while clients come and go: what they have of our sockets',
      STREAMS,
      { times: 10 * ends },
    ],
  ];
  const strangers = [
    ['halves', 'connections with a half of a message', STREAMS, { times: peers }],
    ['deaf', 'peers that never read', STREAMS, { times: 20 }],
    ['stalled', 'TLS handshakes that never end', tls, { times: peers }],
    ['garbage', 'garbage where a TLS handshake should be', tls, { times: 300 }],
    ['cuts', 'TLS handshakes cut or reset at a byte, on either side', tls, { step }],
  ];
  const crowds = [
    ['crowd', 'clients that connect in one turn', ['unix', 'tcp'], { times: 5 * peers }],
    [
      'workers',
      'workers that serve, connect and are ended at random, beside the same without ferripc',
      ['unix'],
      { times: workers },
    ],
  ];
  const surroundings = [
    ['withoutFile', "the socket's file is removed", ['unix'], { times: ends }],
    ['folders', 'folders in which nothing can be made', ['unix'], {}],
    ['clock', 'the wall clock jumps', STREAMS, { times: jumps }],
    ['threads', 'a user may start no more threads', STREAMS, { times: ends }],
  ];
  // Of the other systems: over what each of them has.
  const others = [
    [
      'ipcio',
      'ipcIO: garbage, peers that never read, and killed clients',
      ['unix'],
      { times: ends },
    ],
    ['ipc2', 'ipc2: SIGKILL of workers with a job', ['unix'], { times: ends }],
    [
      'zmtp',
      'ZMTP (PixivUtil2): garbage, silent peers, and killed agents',
      ['tcp'],
      { times: ends },
    ],
    ['mqueue', 'message queues: SIGKILL of a sender and of a receiver', ['unix'], { times: ends }],
    [
      'appview',
      'AppView: killed askers, garbage, and a process that is stopped or killed',
      ['unix'],
      { times: ends },
    ],
  ];
  const around = [
    ['stopped', 'SIGSTOP and SIGCONT of who answers', SYSTEMS, { times: stops }],
    ['collected', 'forced garbage collections and heap snapshots', SYSTEMS, { times: 10 * ends }],
    ['clock', 'the wall clock jumps', SYSTEMS, { times: jumps }],
  ];
  return { processes, strangers, crowds, surroundings, systems: others, around };
}

/** A row in a process of its own. */
function inProcess(file, name, options, { driver, library, folder }) {
  const faults = path.join(folder, 'faults');
  new Control(faults).close();
  const child = fork(path.join(__dirname, 'row.js'), [JSON.stringify([file, name, options])], {
    env: {
      ...process.env,
      FERRIPC_DRIVER: driver === 'tokio' ? 'tokio' : '',
      FERRIPC_FAULTS: faults,
      ...(name === 'clock' ? { LD_PRELOAD: library } : {}),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve) => {
    const limit = 30 * 60_000;
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    let result = { times: 0, wrong: ['it has not told what came of it'] };
    child.on('message', (it) => (result = it));
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) result.wrong.push(`the process has ended with ${code ?? signal}`);
      resolve(result);
    });
  });
}

/** The rows of the system calls for a transport and a driver. */
async function calls(transport, driver, amounts, { library, folder, say }) {
  const talker = new Talker({ library, folder, driver });
  const { counts } = await talker.play({ transport });
  const lists = {
    'system calls that fail, one by one': cases(transport, driver, counts ?? {}, amounts.each),
    'several calls fail, by chance': mixtures(transport, amounts.mixtures, 1),
    'nothing is to be had for 300 ms': outages(transport),
    'the same once both sides are up': outages(transport, 'up'),
    'no memory when a client leaves with something left to send': partings(transport),
  };
  const results = [];
  for (const [what, list] of Object.entries(lists).filter(([, it]) => it.length > 0)) {
    const { wrong, times, codes, ...ways } = await play(talker, list, (fault, is) =>
      say(fault, is),
    );
    const held = Object.entries(ways)
      .filter(([, count]) => count > 0)
      .map(([way, count]) => `${count} ${way}`)
      .join(', ');
    results.push({ what, transport, driver, times, held, told: [...codes], wrong });
  }
  talker.end();
  return results;
}

/** `save` is called with the results so far: a run that is cut short leaves them. */
async function run({ only, row, transports, drivers, amounts }, { library, missing, base, save }) {
  const results = [];
  const note = (result) => {
    results.push(result);
    save(results, false);
    const { what, transport, driver, times, wrong } = result;
    console.log(
      `${what}, ${transport}, ${driver}: ${times}${wrong.length > 0 ? `, WRONG: ${JSON.stringify(wrong).slice(0, 2000)}` : ''}`,
    );
  };
  const say = (fault, is) =>
    console.error(`${JSON.stringify(fault).slice(0, 200)}: ${is.slice(0, 600)}`);
  if (missing) console.log(`left out: ${missing}`);
  const order = ({ driver }) => drivers.indexOf(driver);
  const ofDriver = async (driver) => {
    const folder = fs.mkdtempSync(path.join(base, `${driver}-`));
    for (const [file, list] of Object.entries(rows(amounts))) {
      if (!only.includes(file)) continue;
      for (const [name, what, kinds, options] of list) {
        if (name === 'clock' && missing) continue;
        if (row && !row.includes(name)) continue;
        for (const kind of kinds.filter((it) => transports.includes(it))) {
          const result = await inProcess(
            file,
            name,
            { kind, ...options },
            { driver, library, folder },
          );
          note({ what, transport: kind, driver, ...result });
        }
      }
    }
    if (!only.includes('calls') || missing) return;
    for (const transport of transports)
      for (const result of await calls(transport, driver, amounts, { library, folder, say }))
        note(result);
  };
  // The drivers have nothing in common: side by side where there is a core for each.
  if (os.availableParallelism?.() > 1) await Promise.all(drivers.map(ofDriver));
  else for (const driver of drivers) await ofDriver(driver);
  return results.sort((one, other) => order(one) - order(other));
}

function readOptions() {
  const several = (names) => ({ type: 'string', multiple: true, default: names });
  const [parts, all, both] = [
    ['processes', 'strangers', 'crowds', 'surroundings', 'systems', 'around', 'calls'],
    [...STREAMS, 'values', 'udp', ...SYSTEMS],
    ['loop', 'tokio'],
  ];
  const { values } = optionsOf(__filename, {
    options: {
      thorough: { type: 'boolean', default: false },
      exhaustive: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      only: several(parts),
      row: { type: 'string', multiple: true },
      transport: several(all),
      driver: several(both),
    },
  });
  const { row, keep } = values;
  const amount = ['exhaustive', 'thorough'].find((it) => values[it]) ?? 'usual';
  return {
    only: chosen(__filename, values, 'only', parts),
    row,
    transports: chosen(__filename, values, 'transport', all),
    drivers: chosen(__filename, values, 'driver', both),
    keep,
    amount,
    amounts: AMOUNTS[amount],
  };
}

async function main() {
  const options = readOptions();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-faults-'));
  const started = Date.now();
  const facts = { date: new Date().toISOString(), environment: environment() };
  const place = options.keep
    ? path.join(__dirname, '..', 'results')
    : fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-faults-'));
  const part = options.only.length === 1 ? `-${options.only[0]}` : '';
  const amount = `${part}${options.amount === 'usual' ? '' : `-${options.amount}`}`;
  const base = path.join(place, `${facts.date.slice(0, 10)}-faults${amount}`);
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const save = (results, isComplete) => {
    const report = { ...facts, seconds: seconds(), isComplete, results };
    fs.writeFileSync(`${base}.json`, `${JSON.stringify(report)}\n`);
    fs.writeFileSync(`${base}.md`, markdown(report));
  };
  const results = await run(options, { ...compile(folder), base: folder, save });
  save(results, true);
  fs.rmSync(folder, { recursive: true, force: true });
  const wrong = results.filter((it) => it.wrong.length > 0);
  console.log(`${base}.json, .md`);
  console.log(
    `faults: ${results.length} rows in ${seconds()} s, ${wrong.length} of them with something wrong`,
  );
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

if (require.main === module) void main();
