'use strict';
// Answers one greeting and ends when the client is gone.

const ipc = require('ferripc');

ipc.config.id = 'world'; // the socket's path is socketRoot + appspace + id: /tmp/app.world
ipc.config.silent = true; // without it, the library logs what it does
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

// The callback runs when the server listens.
ipc.serve(() => {
  console.log('listening');

  ipc.server.on('greeting', (data, socket) => {
    console.log(`${data.from} says "${data.text}"`);
    ipc.server.emit(socket, 'reply', { text: `hello, ${data.from}` });
  });

  ipc.server.on('socket.disconnected', () => {
    console.log('the client has left');
    ipc.server.stop();
  });
});

ipc.server.start();
