'use strict';
// Adds up numbers for whoever connects.

const ipc = require('ferripc');

const port = Number(process.env.EXAMPLE_PORT ?? 8000);

ipc.config.id = 'sums';
ipc.config.silent = true;

// Arguments may be left out from the end: serveNet(port), or serveNet() for 127.0.0.1 and 8000. To
// be reached from other machines, listen on one of this machine's addresses or on '0.0.0.0'.
ipc.serveNet('127.0.0.1', port, () => {
  const { address, family } = ipc.server.server.address();
  console.log(`listening on ${address} (${family})`);

  ipc.server.on('connect', (socket) => console.log(`a client from ${socket.remoteAddress}`));

  ipc.server.on('add', (numbers, socket) => {
    const sum = numbers.reduce((total, number) => total + number, 0);
    ipc.server.emit(socket, 'sum', sum);
  });

  ipc.server.on('socket.disconnected', () => ipc.server.stop());
});

// A port that is in use, for example. Without a handler, errors are ignored.
ipc.server.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});

ipc.server.start();
