'use strict';
// Starts the other process of a benchmark of queues. Used by bench/queues.js and bench/appview.js.

const { fork } = require('child_process');
const path = require('path');

/** Another process, and the next thing that it says. `wrap`: the command that runs it, if it is not to be run as it is. */
async function start(args, wrap = []) {
  const [execPath, ...execArgv] = [...wrap, process.execPath];
  const child = fork(path.join(__dirname, 'peer.js'), args.map(String), { execPath, execArgv });
  const next = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`peer.js ended with ${code}`)));
    });
  await next();
  const end = () => {
    child.removeAllListeners('exit');
    child.disconnect();
  };
  return { child, next, end };
}

module.exports = { start };
