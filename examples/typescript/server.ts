// Adds up the sizes of files that the client reports.

import ipc, { IPC, type IpcError } from 'ferripc';
import type { ToClient, ToServer } from './events.js';

const server = new IPC<ToServer, ToClient>(); // what arrives here, what is sent from here
server.config.id = 'sizes';
server.config.silent = true;
server.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT ?? ipc.config.socketRoot;

const sizes = new Map<string, number>();

server.serve(() => {
  server.server.on('file.size', ({ name, bytes }, socket) => {
    sizes.set(name, bytes);
    server.server.emit(socket, 'file.noted', { name });
    // server.server.emit(socket, 'file.noted', { nmae: name }); does not compile
  });

  server.server.on('finish', (_, socket) => {
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    server.server.emit(socket, 'total', { files: sizes.size, bytes });
  });

  server.server.on('socket.disconnected', () => void server.server.stop());
});

server.server.start().catch((error: IpcError) => {
  console.error(`cannot start: ${error.code}`);
  process.exitCode = 1;
});
