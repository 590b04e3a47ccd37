'use strict';

// The one way in which the benchmarks drive a package with node-ipc's API, so that all of them are
// driven alike. Used by peers/ferripc.js, peers/achrinza.js and peers/node-ipc-14.js.

const nodePath = require('path');

const EVENT = 'm';
const SERVER_ID = 'bench';

/**
 * @param {() => (object | Promise<object>)} load returns an IPC instance of its own
 * @returns {{serve: Function, connect: Function}} the peer interface, see peers/index.js
 */
function fromIpc(load) {
  async function instance(path) {
    const ipc = await load();
    ipc.config.id = SERVER_ID;
    // node-ipc 14 makes this directory owner-only; the sample's own directory is that already.
    ipc.config.socketRoot = nodePath.dirname(path) + nodePath.sep;
    ipc.config.silent = true;
    // A sample that cannot connect or loses its connection has failed: no second try may hide it.
    ipc.config.stopRetrying = true;
    return ipc;
  }

  async function serve(path, onMessage) {
    const ipc = await instance(path);
    return new Promise((resolve, reject) => {
      ipc.serve(path, () => {
        const { server } = ipc;
        server.on(EVENT, (data, socket) => onMessage(socket, data));
        resolve({
          send: (socket, data) => server.emit(socket, EVENT, data),
          close: () => server.stop(),
        });
      });
      ipc.server.on('error', reject);
      ipc.server.start();
    });
  }

  async function connect(path, onMessage) {
    const ipc = await instance(path);
    return new Promise((resolve, reject) => {
      ipc.connectTo(SERVER_ID, path);
      const client = ipc.of[SERVER_ID];
      client.on(EVENT, (data) => onMessage(data));
      client.on('error', reject);
      client.on('connect', () =>
        resolve({
          send: (data) => client.emit(EVENT, data),
          close: () => ipc.disconnect(SERVER_ID),
        }),
      );
    });
  }

  return { serve, connect };
}

module.exports = { fromIpc };
