'use strict';
// The server of the soak, in a process of its own: checks what comes, and answers each message with one of its own.
// Started by run.js with `{place, tls, clients, seed}`.

const { IPC } = require('../..');
const { seeded } = require('../../__test__/helpers/random');
const { Ledger, make, sums } = require('./message');
const { sampled, told } = require('./process');

const { place, tls, clients, seed } = JSON.parse(process.argv[2]);
const random = seeded(seed);
const ipc = new IPC();
Object.assign(ipc.config, {
  id: 'soak',
  silent: true,
  maxConnections: clients + 100,
  tls: tls?.server ?? false,
});

/** Client -> what it has sent, and how many answers it was given. */
const parties = new Map();
const errors = new Map();
const noteError = (error) =>
  errors.set(error.code ?? error.message, (errors.get(error.code ?? error.message) ?? 0) + 1);

if (place.path) ipc.serve(place.path);
else ipc.serveNet(place.host, '0');
const { server } = ipc;
server.on('error', noteError);
server.on('hello', (name, socket) => {
  socket.party = parties.get(name) ?? { ledger: new Ledger(), sent: 0 };
  parties.set(name, socket.party);
  server.emit(socket, 'welcome');
});
server.on('up', (message, socket) => {
  const { party } = socket;
  party.ledger.take(message);
  server.emit(socket, 'down', make(party.sent++, random));
});

async function main() {
  await server.start();
  process.send({ port: server.server.address().port ?? null });
  const counts = () => ({
    connections: server.sockets.length,
    messages: [...parties.values()].reduce((sum, { ledger }) => sum + ledger.next, 0),
  });
  const samples = sampled(counts);
  await told('report');
  global.gc?.();
  const received = sums([...parties.values()].map(({ ledger }) => ledger));
  const sent = [...parties.values()].reduce((sum, party) => sum + party.sent, 0);
  process.send({
    report: { received, sent, errors: [...errors], dropped: server.stats().dropped },
  });
  await told('settle');
  parties.clear(); // ours, not the library's
  global.gc?.();
  samples.sample();
  await told('end');
  samples.stop();
  await server.stop({ disconnect: true });
  process.disconnect();
}

void main();
