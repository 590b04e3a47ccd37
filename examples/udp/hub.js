'use strict';
// Welcomes two peers, tells both to begin, and ends when both have said goodbye.

const ipc = require('ferripc');

const PEERS = 2;
const port = Number(process.argv[3]);

ipc.config.id = 'hub';
ipc.config.silent = true;

const joined = new Set();
const gone = new Set();

ipc.serveNet('127.0.0.1', port, 'udp4', () => {
  console.log('bound');

  // Instead of a socket, handlers get the sender's address and port, and answer to those.
  ipc.server.on('join', ({ name }, peer) => {
    if (!joined.has(name)) console.log(`${name} joins from ${peer.address}`);
    joined.add(name);
    ipc.server.emit(peer, 'welcome', { peers: joined.size });
    if (joined.size === PEERS) ipc.server.broadcast('begin'); // to every peer heard from
  });

  ipc.server.on('goodbye', ({ name }) => {
    if (!gone.has(name)) console.log(`${name} says goodbye`);
    gone.add(name);
    if (gone.size === PEERS) ipc.server.stop();
  });
});

ipc.server.start();
