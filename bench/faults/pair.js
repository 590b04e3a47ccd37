'use strict';
// A server that answers, and a client that is connected to it, in one process. Used by surroundings.js and threadless.js.

const { once } = require('node:events');
const { IPC } = require('../..');

function make(config) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'here', silent: true, retry: 20, ...config });
  return ipc;
}

async function pair(place, config) {
  const [here, there] = [make(config), make(config)];
  place.serve(here);
  here.server.on('error', () => {});
  here.server.on('ask', (data, socket) => here.server.emit(socket, 'answer', data));
  await here.server.start();
  place.connectTo(there, 'server');
  const client = there.of.server;
  await once(client, 'connect');
  return { here, there, client };
}

module.exports = { make, pair };
