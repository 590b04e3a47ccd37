'use strict';
// Greets, shows the reply and leaves.

const ipc = require('ferripc');

ipc.config.id = 'hello';
ipc.config.retry = 50; // milliseconds between attempts: the server may start after the client
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

// The callback runs at once, before there is a connection: the place to add handlers.
ipc.connectTo('world', () => {
  ipc.of.world.on('connect', () => {
    console.log('connected');
    ipc.of.world.emit('greeting', { from: ipc.config.id, text: 'hello, world' });
  });

  ipc.of.world.on('reply', (data) => {
    console.log(`the server says "${data.text}"`);
    ipc.disconnect('world'); // for good; without it, the client would reconnect when it has to
  });

  ipc.of.world.on('destroy', () => console.log('disconnected'));
});
