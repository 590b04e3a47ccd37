'use strict';
// The program that bundlers.test.js has bundled to see what imports give: prints it, one line. It opens no socket, so
// it needs no binary. Not run as it is: in Node, `all` has no members of the ipc object.
module.exports = `
import * as all from 'ferripc';
import ipc, { config, IPC, IPCModule, serve } from 'ferripc';
import { server } from 'ferripc';
export * from 'ferripc';

config.silent = true;
const before = server;
all.serve('/never-started');
console.log(
  ...[ipc === all.default, config === ipc.config, serve === all.serve, all.of === ipc.of],
  ...[new IPC() instanceof all.IPC, new IPCModule() instanceof IPC],
  ...[before, server === ipc.server, all.server === ipc.server],
);
`;
