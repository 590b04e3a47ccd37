'use strict';
// A server whose parser is the program's own, and whose first handler throws. Argument: the socket path. Prints what
// arrives, then what was thrown.

const net = require('node:net');
const { IPC } = require('../..');

const [path] = JSON.parse(process.argv[2]);
const ipc = new IPC();
const got = [];
const thrown = [];
process.on('uncaughtException', (error) => thrown.push(error.message));

Object.assign(ipc.config, { silent: true });
ipc.config.parser = {
  encode: String,
  read(rest, chunk, receive) {
    for (const type of chunk) receive({ type });
    return '';
  },
};
ipc.serve(path, () => {
  net.connect(ipc.server.path).end('abc');
});
ipc.server.on('*', (type) => {
  if (type.length > 1) return;
  got.push(type);
  if (type === 'a') throw new Error('of the handler');
  if (type === 'c') setImmediate(end);
});
ipc.server.start();

function end() {
  console.log(JSON.stringify({ got, thrown }));
  process.exit();
}
