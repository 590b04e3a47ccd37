'use strict';
// Run by bursts.test.js in a process of its own, with [the root of sockets, how many messages, their length].

const { Client } = require('../../ipcio');

const [socketRoot, count, length] = JSON.parse(process.argv[2]);
const client = new Client({ socketRoot, name: 'exits' });
client.connect().then(() => {
  for (let i = 0; i < count; i++) client.send('m', `${i} ${'x'.repeat(length)}`);
  process.exit();
});
