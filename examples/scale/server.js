'use strict';
// One of the servers. On another machine it would be the same program, with the address of the NATS server in place of this
// machine's.

const { once } = require('node:events');
const ipc = require('ferripc');
const scale = require('ferripc/scale');

const [, , name] = process.argv;

ipc.config.id = 'chat'; // the same for all servers that are one
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

async function main() {
  ipc.serve(`${ipc.config.socketRoot}chat-${name}`);
  const { server } = ipc;
  const cluster = await scale.join(server, {
    broker: scale.nats({ servers: `127.0.0.1:${process.env.EXAMPLE_PORT ?? '4222'}` }),
    name,
    // Here every name is accepted. A real server would check a token.
    identify: (socket, type, data) => (type === 'hello' ? data.name : undefined),
  });

  server.handle('where', async (who) => {
    const found = () => cluster.clients().find(({ id }) => id === who);
    while (!found()) await once(cluster, 'clientJoin');
    return found().server;
  });
  server.handle('ask', ({ to, question }) =>
    cluster.request(to, 'question', question, { timeout: 5000 }),
  );
  server.on('say', (text, socket) => {
    cluster.broadcast('said', { from: cluster.idOf(socket), text });
  });
  server.on('socket.disconnected', async () => {
    await cluster.close();
    server.stop();
  });

  await server.start();
  console.log('is one of the servers');
}

main();
