'use strict';
// A server or client of node-ipc 9, for talk.test.js. Arguments: [serve or connect, path].

const ipc = require('node-ipc-9');

const [role, path] = JSON.parse(process.argv[2]);
const report = (value) => console.log(JSON.stringify(value));

Object.assign(ipc.config, { silent: true, stopRetrying: true });
if (role === 'serve') {
  ipc.serve(path, () => report('listening'));
  ipc.server.on('greeting', ({ name }, socket) =>
    ipc.server.emit(socket, 'reply', `Hello, ${name}`),
  );
  ipc.server.start();
} else {
  ipc.connectTo('world', path, () => {
    ipc.of.world.on('connect', () => ipc.of.world.emit('greeting', { name: 'Alice' }));
    ipc.of.world.on('greeting', (data) => {
      report(data);
      ipc.disconnect('world');
    });
  });
}
