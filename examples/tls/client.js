'use strict';
// Tries the settings of a stage one after the other and shows which of them reach the server.

const { IPC } = require('ferripc');
const settings = require('./stages');

const [stage, certificates] = process.argv.slice(3);
const port = Number(process.env.EXAMPLE_PORT ?? 8000);

/** Resolves with the server's reply, or with undefined if one side refuses the other. */
function greet(tls) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'client', silent: true, retry: 50, tls });

  return new Promise((resolve) => {
    ipc.connectToNet('vault', '127.0.0.1', port);
    const { vault } = ipc.of;
    let starting = true;

    const leave = (reply) => {
      resolve(reply);
      ipc.disconnect('vault');
    };

    // Until the server listens, attempts are refused by the system; then the client tries again.
    vault.on('error', ({ code }) => (starting = code === 'ECONNREFUSED'));
    vault.on('connect', () => {
      starting = false;
      vault.emit('greeting', 'hello');
    });
    vault.on('reply', leave);
    vault.on('disconnect', () => {
      if (!starting) leave();
    });
  });
}

async function main() {
  for (const [who, tls] of Object.entries(settings(stage, JSON.parse(certificates)).clients)) {
    const reply = await greet(tls);
    console.log(`${who}: ${reply ? `"${reply}"` : 'refused'}`);
  }
}

main();
