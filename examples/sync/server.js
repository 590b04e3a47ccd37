'use strict';
// Works on one job for a while and then answers. It needs no setting for that: the client waits.

const crypto = require('node:crypto');
const ipc = require('ferripc');

ipc.config.id = 'worker';
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

ipc.serve(() => {
  ipc.server.on('job', ({ number, password }, socket) => {
    console.log(`job ${number} begins`);
    crypto.pbkdf2(password, 'salt', 10_000, 16, 'sha256', (error, key) => {
      console.log(`job ${number} is done`);
      // A client in sync mode waits for an answer, whatever its type: never leave one out.
      ipc.server.emit(socket, 'result', error ? { number } : { number, key: key.toString('hex') });
    });
  });

  ipc.server.on('socket.disconnected', () => ipc.server.stop());
});

ipc.server.start();
