'use strict';
// Has three numbers added up.

const ipc = require('ferripc');

const port = Number(process.env.EXAMPLE_PORT ?? 8000);

ipc.config.id = 'calculator';
ipc.config.retry = 50;
ipc.config.silent = true;

ipc.connectToNet('sums', '127.0.0.1', port, () => {
  const { sums } = ipc.of;
  sums.emit('add', [1, 2, 39]); // kept until the connection is there

  sums.on('sum', (sum) => {
    console.log(`1 + 2 + 39 = ${sum}`);
    ipc.disconnect('sums');
  });
});
