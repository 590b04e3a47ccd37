'use strict';

// The server process of one sample. Forked by sample.js, which is the client; ends when that one does.
//
//   server-process.js <workload> <peer> <socket path>
//
// The channel of fork() carries only what is outside the timed part: ready, CPU time, the final report.

const { findWorkloads } = require('../workloads/index.js');
const { loadPeer } = require('../peers/index.js');

const [workloadName, peerName, path] = process.argv.slice(2);

function fail(error) {
  process.send({ failed: error.message });
}

process.on('uncaughtException', fail);
process.on('disconnect', () => process.exit(0));

async function main() {
  const [workload] = findWorkloads(workloadName);
  const peer = {};
  const handler = workload.server({ send: (conn, data) => peer.send(conn, data), fail });
  Object.assign(peer, await loadPeer(peerName).serve(path, handler.onMessage));

  process.on('message', ({ id, ask }) => {
    const { user, system } = process.cpuUsage();
    const answers = {
      cpu: () => user + system,
      report: () => ({ ...handler.report(), maxRssKb: process.resourceUsage().maxRSS }),
    };
    process.send({ id, answer: answers[ask]() });
  });
  process.send({ ready: true });
}

main().catch(fail);
