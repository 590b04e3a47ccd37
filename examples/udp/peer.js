'use strict';
// Joins the hub, waits for its word to begin and says goodbye.

const ipc = require('ferripc');

const [name, port, hubPort] = process.argv.slice(2);
const hub = { address: '127.0.0.1', port: Number(hubPort) };

ipc.config.id = name;
ipc.config.silent = true;

// To receive anything, a peer needs a port of its own.
ipc.serveNet('127.0.0.1', Number(port), 'udp4', () => {
  // A datagram may be lost, and at the start nobody may be there to receive it: ask again until
  // there is an answer. The hub may so be asked twice.
  const join = () => ipc.server.emit(hub, 'join', { name });
  const again = setInterval(join, 50);
  join();

  ipc.server.once('welcome', () => {
    console.log('welcome');
    clearInterval(again);
  });

  ipc.server.once('begin', (data, peer) => {
    console.log(`${peer.port === hub.port ? 'the hub' : `port ${peer.port}`} says: begin`);
    ipc.server.emit(hub, 'goodbye', { name });
    ipc.server.stop(); // what was emitted before is still sent
  });
});

ipc.server.start();
