'use strict';
// Starts the workers and owns the socket file: removes one left over from before, and its own.

const cluster = require('node:cluster');
const fs = require('node:fs');
const path = require('node:path');
const { WORKERS, socketPath } = require('./settings');

fs.rmSync(socketPath, { force: true });

cluster.setupPrimary({ exec: path.join(__dirname, 'worker.js') });
for (let number = 1; number <= WORKERS; number++) cluster.fork({ WORKER_NUMBER: number });

// A worker passes on that the client is done.
cluster.on('message', () => {
  for (const worker of Object.values(cluster.workers)) worker.send('stop');
});

let ended = 0;
cluster.on('exit', (worker, code) => {
  if (code !== 0) process.exitCode = 1;
  ended++;
  if (ended < WORKERS) return;
  fs.rmSync(socketPath, { force: true });
  console.log(`${ended} workers have ended`);
});
