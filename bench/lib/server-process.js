'use strict';

// The server process of one sample. Forked by sample.js, which is the client; ends when that one does.
//
//   server-process.js <workload> <peer> <place as JSON>

const { openControl } = require('./control.js');
const { findWorkloads } = require('../workloads/index.js');
const { loadPeer } = require('../peers/index.js');

const [workloadName, peerName, placeText] = process.argv.slice(2);

const answers = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  report: () => ({
    ...handler.report(),
    rssKb: process.memoryUsage.rss() / 1024,
    maxRssKb: process.resourceUsage().maxRSS,
  }),
};

const channel = openControl(process, ({ id, ask }) => channel.send({ id, answer: answers[ask]() }));

function fail(error) {
  channel.send({ failed: error.message });
}

process.on('uncaughtException', fail);
process.on('disconnect', () => process.exit(0));

const peer = {};
const [workload] = findWorkloads(workloadName);
const handler = workload.server({
  send: (conn, data) => peer.send(conn, data),
  broadcast: (data) => peer.broadcast(data),
  fail,
});

async function main() {
  const place = { ...JSON.parse(placeText), channel };
  Object.assign(peer, await loadPeer(peerName).serve(place, handler.onMessage));
  channel.send({ ready: true });
}

main().catch(fail);
