'use strict';

// The workloads by name, in the order of the tables. Used by run.js, sample.js and
// lib/server-process.js.
//
// A workload is one question that a sample answers with a few numbers. Its file exports (string.js
// exports a list of them)
//
//   name, title        what --only and the tables call it
//   metrics            [{ key, title, unit, better: 'lower' | 'higher', target, over }], keys of the client's
//                      result; `target`, optional: how many times better ferripc is meant to be than
//                      the best of the peers `over`, which by default are all others
//   reference          optional, { key, of, title }: a value of each sample that has nothing to do with
//                      its peer, and the metric that the report compares with it
//   transport, use     what the peer must have, see peers/index.js; default 'unix' and 'messages'
//   group              'growth': a run of its own, see options.js; default 'messages'
//   large              whether its messages are of many kB, for a peer with a choice
//   connections        0 if the client connects by itself; default 1
//   modes              ['pinned', 'free'] or ['free']: which processor layouts a full run takes;
//                      --pin adds 'pinned' to all
//   count, quickCount  operations that are timed per sample
//   timeLimitMs        a sample that takes longer is over
//   limits             optional, { peerName: { rounds, quickRounds, why } }: fewer samples for a peer
//                      that would take minutes; for it, reaching the time limit is a result and no
//                      failure
//   server(api)        runs in the server process; api = { send(conn, data), broadcast(data),
//                      fail(error) }; returns { onMessage(conn, data), report() }; what report()
//                      returns is what the server saw
//   client(ctx)        runs in the client process: warms up, measures, checks; returns the numbers.
//                      ctx is described in sample.js. A value that is not a number is kept, too, but is
//                      in no table
//   alone(spec)        instead of these two, of a workload without a server process:
//                      spec = { peerName, count }

const pingpong = require('./pingpong.js');
const oneway = require('./oneway.js');

const isUnix = (workload) => workload.transport === undefined;
const isNet = (workload) => !isUnix(workload);

const workloads = [
  ...pingpong.filter(isUnix),
  ...oneway.filter(isUnix),
  require('./echo64.js'),
  require('./request.js'),
  require('./json680k.js'),
  ...require('./string.js'),
  ...require('./buffer.js'),
  ...require('./raw.js'),
  require('./broadcast.js'),
  ...require('./clients.js'),
  ...require('./bytes.js'),
  ...pingpong.filter(isNet),
  ...oneway.filter(isNet),
  require('./idle.js'),
  require('./import.js'),
  require('./start.js'),
].map((workload) => ({ transport: 'unix', use: 'messages', group: 'messages', ...workload }));

const workloadNames = workloads.map((workload) => workload.name);

/** `string` selects all of string-1m, string-32m and string-128m. */
function findWorkloads(name) {
  const found = workloads.filter((w) => w.name === name || w.name.startsWith(`${name}-`));
  if (found.length === 0) {
    throw new Error(`unknown workload '${name}'; known: ${workloadNames.join(', ')}`);
  }
  return found;
}

module.exports = { workloads, workloadNames, findWorkloads };
