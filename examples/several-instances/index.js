'use strict';
// node examples/several-instances
// Two servers with settings of their own in one process: `new ipc.IPC()`. `require('ferripc')` is one
// such instance, made for the whole program; an instance has its own config, server and clients.

const ipc = require('ferripc');

function instance(config) {
  const made = new ipc.IPC();
  Object.assign(made.config, { silent: true, retry: 50 }, config);
  if (process.env.EXAMPLE_SOCKET_ROOT) made.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;
  return made;
}

/** Messages in JSON, for other programs of ours. */
const commands = instance({ id: 'commands' });

/** Bare lines of text, for programs that know nothing of ipc libraries. */
const lines = instance({ id: 'lines', rawBuffer: true });

/** A client's instance may talk to any number of servers that share its settings. */
const json = instance({ id: 'json client' });
const raw = instance({ id: 'raw client', rawBuffer: true });

commands.serve(() => {
  commands.server.on('shout', (text, socket) => {
    commands.server.emit(socket, 'shouted', text.toUpperCase());
  });
});

lines.serve(() => {
  lines.server.on('data', (bytes, socket) => {
    lines.server.emit(socket, Buffer.from(bytes.toString().toUpperCase()));
  });
});

async function main() {
  // start() returns a promise that tells when the server listens, or why it cannot.
  await Promise.all([commands.server.start(), lines.server.start()]);

  json.connectTo('commands');
  const shouted = new Promise((resolve) => json.of.commands.on('shouted', resolve));
  json.of.commands.emit('shout', 'as json');
  console.log(`commands: ${await shouted}`);

  raw.connectTo('lines');
  const line = new Promise((resolve) => raw.of.lines.on('data', resolve));
  raw.of.lines.emit('as bytes');
  console.log(`lines: ${(await line).toString()}`);

  console.log(`the singleton has no server: ${ipc.server === false}`);

  json.disconnect('commands');
  raw.disconnect('lines');
  await Promise.all([commands.server.stop(), lines.server.stop()]);
}

main();
