'use strict';
// Started by electron.test.js, with shell.js: a main process that serves at the path given. A window has one end of a
// channel, and a helper the other; the window asks the helper, which asks this process by ferripc.

const path = require('node:path');
const { MessageChannelMain, utilityProcess } = require('electron');
const ipc = require('../..');

const COUNT = 200;

ipc.config.silent = true;
ipc.config.serialization = 'advanced';

async function main() {
  ipc.serve(process.argv[2]);
  ipc.server.on('double', ({ id, bytes, when }, socket) => {
    const doubled = Buffer.concat([bytes, bytes]);
    ipc.server.emit(socket, 'doubled', { id, bytes: doubled, when });
  });
  await ipc.server.start();

  const { port1: window, port2 } = new MessageChannelMain();
  const helper = utilityProcess.fork(path.join(__dirname, 'ports-helper.js'), [ipc.server.path]);
  helper.postMessage('a window', [port2]);
  const answers = [];
  window.on('message', ({ data }) => {
    answers.push(data);
    if (answers.length === COUNT) helper.postMessage('end');
  });
  const closed = new Promise((resolve) => window.on('close', resolve));
  window.start();
  for (let id = 0; id < COUNT; id++)
    window.postMessage({ id, bytes: new Uint8Array(id), when: new Date(id) });

  const code = await new Promise((resolve) => helper.once('exit', resolve));
  await ipc.server.stop({ disconnect: true });
  await closed;
  const right = answers.filter(
    (it, i) => it.id === i && it.bytes.length === 2 * i && it.when.getTime() === i,
  );
  console.log(code, answers.length, right.length);
}

main();
