'use strict';
// Emits three jobs in a row. One is sent; the others wait here, each for the answer to the one before.

const ipc = require('ferripc');

const PASSWORDS = ['first', 'second', 'third'];

ipc.config.id = 'customer';
ipc.config.sync = true;
ipc.config.retry = 50;
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

ipc.connectTo('worker', () => {
  const { worker } = ipc.of;

  worker.on('connect', () => {
    PASSWORDS.forEach((password, index) => worker.emit('job', { number: index + 1, password }));
    console.log(`${PASSWORDS.length} jobs emitted`);
  });

  worker.on('result', ({ number, key }) => {
    console.log(`result ${number}: ${key}`);
    if (number === PASSWORDS.length) ipc.disconnect('worker');
  });
});
