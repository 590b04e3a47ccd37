'use strict';
// Answers one greeting over TLS and ends when the client that sent it is gone.

const ipc = require('ferripc');
const settings = require('./stages');

const [stage, certificates] = process.argv.slice(3);
const port = Number(process.env.EXAMPLE_PORT ?? 8000);

ipc.config.id = 'vault';
ipc.config.silent = true;
ipc.config.tls = settings(stage, JSON.parse(certificates)).server; // all it takes

ipc.serveNet('127.0.0.1', port, () => {
  ipc.server.on('greeting', (text, socket) => {
    console.log(`"${text}", says ${socket.remoteAddress}`);
    ipc.server.emit(socket, 'reply', 'come in');
    ipc.server.on('socket.disconnected', () => ipc.server.stop());
  });
});

ipc.server.start();
