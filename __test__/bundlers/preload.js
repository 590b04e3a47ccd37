'use strict';
// A preload script that bundlers.test.js has bundled: gives the page one function, whose answer comes by ferripc.

const { contextBridge } = require('electron');
const { IPC } = require('ferripc');

const ipc = new IPC();
Object.assign(ipc.config, { silent: true, stopRetrying: true });

contextBridge.exposeInMainWorld('service', {
  greet: (names) =>
    new Promise((resolve) => {
      ipc.serve(process.argv[2]);
      ipc.server.on('greet', (all, socket) => ipc.server.emit(socket, 'hi', all.join(' and ')));
      ipc.server.start();
      ipc.connectTo('service', process.argv[2], () => {
        ipc.of.service.emit('greet', names);
        ipc.of.service.on('hi', (text) => {
          ipc.disconnect('service');
          ipc.server.stop();
          resolve({ text });
        });
      });
    }),
});
