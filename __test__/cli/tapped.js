'use strict';
// A server with a tap, for tap.test.js and tap-server.test.js: stops when it is told to, or with 'unref' no longer keeps its process
// alive; or a cluster of two. Arguments: [path, 'cluster' or 'unref'].

const cluster = require('node:cluster');
const ipc = require('../..');

const [path, kind] = JSON.parse(process.argv[2]);
Object.assign(ipc.config, { silent: true, tap: true, unlink: kind !== 'cluster' });

if (kind === 'cluster' && cluster.isPrimary) {
  let listening = 0;
  for (let i = 0; i < 2; i++) cluster.fork();
  cluster.on('message', () => {
    if (++listening === 2) console.log(JSON.stringify(path));
  });
} else {
  ipc.serve(path);
  ipc.server.on('who', (data, socket) => ipc.server.emit(socket, `from ${cluster.worker.id}`));
  ipc.server.start().then(() => {
    if (process.send) process.send('listening');
    else console.log(JSON.stringify(path));
  });
  if (cluster.isPrimary) {
    process.stdin.once('data', () => {
      process.stdin.destroy();
      if (kind === 'unref') ipc.server.server.unref();
      else ipc.server.stop({ disconnect: true });
    });
  }
}
