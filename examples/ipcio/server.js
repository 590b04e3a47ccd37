'use strict';
// Adds numbers for two clients. When one of them has left, the other one may go too.

const { Server } = require('ferripc/ipcio');

const server = new Server(
  { domain: 'example', socketRoot: process.env.EXAMPLE_SOCKET_ROOT },
  {
    // What a handler returns is the feedback of `deliver`.
    sum({ name, data }) {
      console.log(`${name} wants the sum of ${data.join(' and ')}`);
      return data.reduce((total, number) => total + number, 0);
    },
  },
);

const clients = new Set();

server.on('connect', ({ name }) => {
  clients.add(name);
  if (clients.size === 2) server.broadcast('ready', [...clients].sort());
});

server.on('disconnect', ({ name }) => {
  clients.delete(name);
  server.broadcast('goodbye', name);
  if (clients.size === 0) server.stop();
});

server.start();
