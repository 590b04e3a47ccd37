'use strict';
// node examples/vscode-extension [folder]
// Plays the part of VS Code: activates the extension in `folder` (this one, or that of its bundles), runs its command
// and deactivates it.

const Module = require('node:module');
const path = require('node:path');

const commands = new Map();

/** The part of VS Code's API that the extension uses. */
const vscode = {
  commands: {
    registerCommand(name, act) {
      commands.set(name, act);
      return { dispose: () => commands.delete(name) };
    },
  },
  window: {
    showInformationMessage: (text) => console.log(`message: ${text}`),
  },
};

const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));

async function main() {
  const folder = path.resolve(process.argv[2] ?? __dirname);
  const extension = require(path.join(folder, 'extension.js'));
  const context = { subscriptions: [] };
  await extension.activate(context);
  console.log('activated');
  await commands.get('words.count')('the quick brown fox');
  for (const it of context.subscriptions) it.dispose();
  await extension.deactivate();
  console.log(`deactivated, ${commands.size} commands left`);
}

main();
