'use strict';

// The workloads by name, in the order of the tables. Used by run.js, sample.js and
// lib/server-process.js.
//
// A workload is one question that a sample answers with a few numbers. Its file exports (string.js
// exports a list of them)
//
//   name, title        what --only and the tables call it
//   metrics            [{ key, title, unit, better: 'lower' | 'higher', target }], keys of the client's
//                      result; `target`, optional: how many times better than the best of the others
//                      ferripc is meant to be
//   transport, use     what the peer must have, see peers/index.js; default 'unix' and 'messages'
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
//                      ctx is described in sample.js. A value that is no number is kept, too, but is
//                      in no table
//   alone(spec)        instead of these two, of a workload without a server process:
//                      spec = { peerName, count }

const workloads = [
  require('./pingpong.js'),
  require('./oneway.js'),
  require('./echo64.js'),
  require('./json680k.js'),
  ...require('./string.js'),
].map((workload) => ({ transport: 'unix', use: 'messages', ...workload }));

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
