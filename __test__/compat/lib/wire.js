// A relay that records what both sides put on the wire, per connection and direction.
// Called by run.js for scenarios with `wire: true`; its record is compared like a transcript.
'use strict';

const net = require('node:net');
const { describe } = require('./describe.js');

function address(endpoint) {
  return endpoint.path ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
}

async function startRelay(from, to) {
  const connections = [];
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ ...address(to), allowHalfOpen: true });
    const record = { sent: [], answered: [] };
    connections.push(record);
    near.on('data', (chunk) => record.sent.push(chunk));
    far.on('data', (chunk) => record.answered.push(chunk));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroySoon());
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address(from), resolve);
  });
  return {
    record: () =>
      connections.flatMap(({ sent, answered }, index) => [
        `${index} client>server ${describe(Buffer.concat(sent).toString('latin1'))}`,
        `${index} server>client ${describe(Buffer.concat(answered).toString('latin1'))}`,
      ]),
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

module.exports = { startRelay, address };
