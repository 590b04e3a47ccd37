'use strict';
// One of several processes that serve the same path. Each connection goes to one of them.

const ipc = require('ferripc');
const { socketPath } = require('./settings');

const number = Number(process.env.WORKER_NUMBER);

ipc.config.id = 'cluster';
ipc.config.unlink = false; // the socket file belongs to the primary
ipc.config.silent = true;

ipc.serve(socketPath, () => {
  ipc.server.on('who', (data, socket) => ipc.server.emit(socket, 'me', { number }));
  ipc.server.on('done', () => process.send('done'));
});

ipc.server.start();

process.on('message', () => {
  ipc.server.stop();
  process.disconnect();
});
