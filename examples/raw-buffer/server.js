'use strict';
// Prints the records it receives and sends each back with its value doubled.

const ipc = require('ferripc');
const { encode, decoder } = require('./records');

ipc.config.id = 'sensors';
ipc.config.rawBuffer = true;
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

ipc.serve(() => {
  // In raw mode, 'data' is the only message there is: a Buffer and the socket that it came from.
  ipc.server.on('connect', (socket) => {
    socket.decode = decoder((sensor, value) => {
      console.log(`sensor ${sensor}: ${value}`);
      ipc.server.emit(socket, encode(sensor, value * 2));
    });
  });
  ipc.server.on('data', (bytes, socket) => socket.decode(bytes));

  ipc.server.on('socket.disconnected', () => ipc.server.stop());
});

ipc.server.start();
