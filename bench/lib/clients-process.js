'use strict';

// Some of the many clients of one sample, in a process of their own. Forked by workloads/clients.js.
//
//   clients-process.js <peer> <place as JSON> <clients>
//
// Connects and has each client hear from the server, says `{connected}` with the ms that took, and then for each `{rounds}` has every client send so many
// messages, each when the one before has come back, and says `{times}`: the µs of some of them.

const { makeMessage, isMessage, mismatch } = require('./message.js');
const { loadPeer } = require('../peers/index.js');

const [peerName, placeText, count] = process.argv.slice(2);

/** Connections that are made at once: fewer than any listener lets wait. */
const AT_ONCE = 32;
/** Times that are reported at most. */
const MOST_TIMES = 20000;

const clients = [];

function addClient(connection) {
  const client = { seq: 0, sentAt: 0, left: 0, connection, onTime: null };
  clients.push(client);
  return client;
}

function send(client) {
  client.left--;
  const message = makeMessage(client.seq);
  client.sentAt = performance.now();
  client.connection.send(message);
}

function received(client, data) {
  const time = performance.now() - client.sentAt;
  if (!isMessage(data, client.seq)) throw mismatch(data, client.seq);
  client.seq++;
  const { onTime } = client;
  if (client.left > 0) send(client);
  onTime(time * 1000);
}

async function connectAll() {
  const place = JSON.parse(placeText);
  const peer = loadPeer(peerName);
  // A server that accepts slowly would be overrun by connections that are up before it has heard of them.
  const connectOne = async () => {
    const client = addClient(null);
    client.connection = await peer.connect(place, (data) => received(client, data));
    await echoes(1, [client]);
  };
  const startedAt = performance.now();
  while (clients.length < count) {
    const next = Math.min(AT_ONCE, count - clients.length);
    await Promise.all(Array.from({ length: next }, connectOne));
  }
  return performance.now() - startedAt;
}

/** So many messages of each, one after the other. Resolves with some of the times. */
function echoes(rounds, senders = clients) {
  const times = [];
  let awaited = rounds * senders.length;
  const every = Math.ceil(awaited / MOST_TIMES);
  return new Promise((resolve) => {
    const onTime = (time) => {
      if (awaited % every === 0) times.push(time);
      if (--awaited === 0) resolve(times);
    };
    for (const client of senders) Object.assign(client, { left: rounds, onTime });
    for (const client of senders) send(client);
  });
}

process.on('message', async ({ rounds }) => process.send({ times: await echoes(rounds) }));
process.on('disconnect', () => process.exit(0));
connectAll().then((connected) => process.send({ connected }));
