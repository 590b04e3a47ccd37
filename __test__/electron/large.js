'use strict';
// Started by electron.test.js: sends large values to itself by a server at the path given, and says what arrived.

const crypto = require('node:crypto');
const ipc = require('../..');

const BYTES = crypto.randomBytes(1 << 20);
const TEXT = 'tEXt'.repeat(1 << 20);

ipc.config.silent = true;
ipc.config.serialization = process.argv[3];
ipc.serve(process.argv[2]);
ipc.server.on('large', ({ bytes, text }, socket) =>
  ipc.server.emit(socket, 'back', { bytes, text }),
);
ipc.server.start();
ipc.connectTo('server', process.argv[2], () => {
  const { server } = ipc.of;
  const isText = process.argv[3] === 'json';
  const send = () => server.emit('large', isText ? { text: TEXT } : { bytes: BYTES });
  // One alone may be copied in any case: while another thread still holds the memory that it came in.
  let left = 16;
  let isWhole = true;
  server.on('back', ({ bytes, text }) => {
    isWhole &&= isText ? text === TEXT : BYTES.equals(bytes);
    bytes?.fill(0); // it is ours, and may be written to
    if (--left > 0) {
      send();
      return;
    }
    console.log(isWhole);
    ipc.disconnect('server');
    ipc.server.stop();
  });
  send();
});
