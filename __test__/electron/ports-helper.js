'use strict';
// The helper of ports-main.js: hands what the window asks on to the main process, and the answers back.

const ipc = require('../..');

Object.assign(ipc.config, { silent: true, stopRetrying: true, serialization: 'advanced' });

ipc.connectTo('main', process.argv[2], () => {
  const { main } = ipc.of;
  main.socket.once('close', () => process.exit(7));
  process.parentPort.on('message', ({ data, ports: [port] }) => {
    if (data === 'end') return ipc.disconnect('main');
    port.on('message', ({ data: question }) => main.emit('double', question));
    main.on('doubled', (answer) => port.postMessage(answer));
    return port.start();
  });
});
