'use strict';

// A program that begins: connects to a server, sends one message and waits for it to come back. Prints the
// milliseconds from the start of the process and from here until then. Started by workloads/start.js.
//
//   first-message-process.js <peer> <place as JSON>

const beganAt = performance.now();
const fs = require('fs');
const { makeMessage, isMessage, mismatch } = require('./message.js');
const { loadPeer } = require('../peers/index.js');

const [peerName, placeText] = process.argv.slice(2);

function received(data) {
  const now = performance.now();
  if (!isMessage(data, 0)) throw mismatch(data, 0);
  fs.writeSync(1, JSON.stringify({ time: now, own: now - beganAt }));
  process.exit();
}

async function main() {
  const connection = await loadPeer(peerName).connect(JSON.parse(placeText), received);
  connection.send(makeMessage(0));
}

main();
