'use strict';
// A room for three. Every client is told when the room is full and when somebody leaves.

const ipc = require('ferripc');

const SEATS = 3;

ipc.config.id = 'room';
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

const present = new Set();

ipc.serve(() => {
  // `id` in a message's data becomes the socket's id, which 'socket.disconnected' hands back.
  ipc.server.on('join', ({ id }) => {
    console.log(`${id} joins`);
    present.add(id);
    if (present.size === SEATS) ipc.server.broadcast('full', { present: [...present].sort() });
  });

  ipc.server.on('say', (text, sender) => {
    for (const socket of ipc.server.sockets) {
      if (socket !== sender) ipc.server.emit(socket, 'said', { from: sender.id, text });
    }
  });

  ipc.server.on('socket.disconnected', (socket, id) => {
    console.log(`${id} has left`);
    present.delete(id);
    ipc.server.broadcast('left', { id }); // to those that remain, if there are any
    if (present.size === 0) ipc.server.stop();
  });
});

ipc.server.start();
