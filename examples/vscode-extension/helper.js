'use strict';
// Does the work of extension.js, which starts it.

const { IPC } = require('ferripc');

const [path] = process.argv.slice(2);

const ipc = new IPC();
Object.assign(ipc.config, { id: 'helper', silent: true, maxRetries: 0 });
ipc.connectTo('extension', path, () => {
  const { extension } = ipc.of;
  extension.on('count', (text) => extension.emit('counted', text.split(/\s+/).length));
  extension.on('disconnect', () => ipc.disconnect('extension')); // and so this process ends
});
