'use strict';
// An extension of VS Code that has its work done by a process of its own, helper.js. For a package (VSIX) that runs on all
// platforms, both are bundled, without a binary:
//
//   npx esbuild extension.js helper.js --bundle --platform=node --external:vscode --outdir=dist
//
// and the extension's package.json says "main": "./dist/extension.js". Copies of the binaries (ferripc.<platform>.node)
// beside the bundles make it fast on their platforms; on others it works all the same.

const { fork } = require('node:child_process');
const path = require('node:path');
const { IPC } = require('ferripc');
const vscode = require('vscode');

/** Others in the same extension host may use ferripc, too: this is ours alone. */
const ipc = new IPC();

let helper = null;

/** Starts the helper. Resolves with its connection. */
async function startHelper() {
  // A path of its own for each window.
  Object.assign(ipc.config, { id: `words-${process.pid}`, silent: true });
  if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;
  ipc.serve();
  const connected = new Promise((resolve) => ipc.server.on('connect', resolve));
  await ipc.server.start();
  helper = fork(path.join(__dirname, 'helper.js'), [ipc.server.path]);
  return connected;
}

async function activate(context) {
  const socket = await startHelper();
  const count = (text) => {
    const counted = new Promise((resolve) => ipc.server.once('counted', resolve));
    ipc.server.emit(socket, 'count', text);
    return counted;
  };
  const command = vscode.commands.registerCommand('words.count', async (text) => {
    vscode.window.showInformationMessage(`${await count(text)} words`);
  });
  context.subscriptions.push(command);
}

/** The helper ends when its connection does. */
async function deactivate() {
  const ended = new Promise((resolve) => helper.once('exit', resolve));
  await ipc.server.stop({ disconnect: true });
  await ended;
}

module.exports = { activate, deactivate };
