'use strict';
// Serves, connects and gets an answer with the package in a folder; prints the files of it that were loaded, as JSON.
//
//   loaded.js <folder> <beginning of the socket's path>

const path = require('node:path');

const [folder, socketRoot] = process.argv.slice(2);
const ipc = require(folder);

Object.assign(ipc.config, { id: 'loaded', silent: true, socketRoot });
ipc.serve(() => {
  ipc.connectTo('loaded', () => {
    ipc.of.loaded.on('answer', () => {
      const files = Object.keys(require.cache).filter((it) => it.startsWith(folder));
      process.stdout.write(JSON.stringify(files.map((it) => path.relative(folder, it))), () =>
        process.exit(),
      );
    });
    ipc.of.loaded.emit('question');
  });
});
ipc.server.on('question', (data, socket) => ipc.server.emit(socket, 'answer'));
ipc.server.start();
