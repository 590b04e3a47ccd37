'use strict';
// Does the work that would make windows stutter, and reports to the main process (index.js).

const crypto = require('node:crypto');
const ipc = require('ferripc');

const [path] = process.argv.slice(2);

ipc.config.id = 'helper';
ipc.config.stopRetrying = true; // no main process, no helper
ipc.config.silent = true;

ipc.connectTo('main', path, () => {
  const { main } = ipc.of;

  // A utility process does not end by itself.
  main.socket.once('close', () => process.exit());

  main.on('connect', () => main.emit('ready'));

  main.on('work', (files) => {
    files.forEach((file, index) => {
      crypto.createHash('sha256').update(file).digest(); // stands for the real work
      main.emit('progress', { file, done: index + 1 });
    });
    ipc.disconnect('main'); // sends what waits, then closes
  });
});
