'use strict';
// Connects again and again until every worker has answered once, then has them stopped.

const ipc = require('ferripc');
const { WORKERS, socketPath } = require('./settings');

ipc.config.id = 'client';
ipc.config.retry = 50;
ipc.config.silent = true;

const met = new Set();

function meet() {
  ipc.connectTo('cluster', socketPath, () => {
    const { cluster } = ipc.of;
    cluster.on('connect', () => cluster.emit('who'));
    cluster.on('me', ({ number }) => {
      if (!met.has(number)) console.log(`met worker ${number}`);
      met.add(number);
      if (met.size < WORKERS) cluster.on('destroy', () => setImmediate(meet));
      else cluster.emit('done');
      ipc.disconnect('cluster');
    });
  });
}

meet();
