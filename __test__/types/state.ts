// Public state: what a program reads and writes on the objects.

import type dgram = require('dgram');
import type net = require('net');
import ipc from 'ferripc';
import type { Client, Config, IpcSocket, Queue, Server, StopOptions } from 'ferripc';
import { expectType, type Equal, type Expect } from './expect.js';

// ------------------------------------------------------------------------------------ ipc.server

// Without a check.
ipc.server.start();
ipc.server.stop();
ipc.server.on('start', () => {}).on('app.message', () => {});
ipc.server.broadcast('x');
const unchecked: Server = ipc.server;
const either: Server | false = ipc.server;

// With one, in any form.
if (ipc.server) ipc.server.stop();
if (ipc.server !== false) ipc.server.start();
ipc.server && ipc.server.stop();
void ipc.server?.stop({ disconnect: true });
if (!ipc.server) {
  ipc.serve();
  ipc.server.start();
}
if (ipc.server === false) {
  ipc.serve('/tmp/x');
  ipc.server.start();
} else {
  expectType<Server>()(ipc.server);
}
const running: boolean = !!ipc.server;

// It can be reset, and replaced.
ipc.server = false;
ipc.server = unchecked;
ipc.server.start();
// @ts-expect-error nothing else goes there
ipc.server = true;
// @ts-expect-error
ipc.server.listen();

type _Start = Expect<Equal<ReturnType<Server['start']>, Promise<void>>>;
type _Stop = Expect<Equal<ReturnType<Server['stop']>, Promise<void>>>;
type _StopOptions = Expect<Equal<NonNullable<Parameters<Server['stop']>[0]>, StopOptions>>;
unchecked.stop({});
unchecked.stop(undefined);
// @ts-expect-error
unchecked.stop({ disconnected: true });

expectType<IpcSocket[]>()(unchecked.sockets);
expectType<net.Server | false>()(unchecked.server);
expectType<string>()(unchecked.path);
expectType<number | undefined>()(unchecked.port);
expectType<boolean>()(unchecked.udp4);
expectType<boolean>()(unchecked.udp6);
expectType<Config>()(unchecked.config);
if (unchecked.server) {
  unchecked.server.address();
  unchecked.server.getConnections((error, count) => count.toFixed(error ? 0 : 1));
  const listening: boolean = unchecked.server.listening;
  const udp = unchecked.server as unknown as dgram.Socket;
  udp.setBroadcast(listening);
}

// -------------------------------------------------------------------------------------- sockets

const first = unchecked.sockets[0]!;
const asSocket: net.Socket = first;
first.write('raw');
first.id = 'me';
first.userName = 'anyone';
asSocket.on('close', (hadError) => hadError === true);
const byId = new Map<string, IpcSocket>();
byId.set(first.id, first);
const users = new Map<net.Socket, string>([[first, 'name']]);

// ---------------------------------------------------------------------------------------- ipc.of

ipc.of.world!.on('x', () => {});
ipc.of['world']!.emit('x');
const world: Client = ipc.of.world!;
delete ipc.of.world;
for (const [id, client] of Object.entries(ipc.of)) {
  if (client.id === id) client.socket.destroy();
}
if ('world' in ipc.of) ipc.disconnect('world');
expectType<string>()(world.id);
expectType<string>()(world.path);
expectType<number | undefined>()(world.port);
expectType<Config>()(world.config);
expectType<Queue>()(world.queue);
expectType<IpcSocket>()(world.socket);
expectType<number>()(world.retriesRemaining);
expectType<boolean>()(world.explicitlyDisconnected);
expectType<void>()(world.connect());
world.queue.clear();
world.queue.add(() => {});
const waiting: number = world.queue.contents.length;
const sent: number = world.socket.bytesWritten;

// ------------------------------------------------------------------------------------------- log

ipc.log('text', 1, { any: 'thing' }, undefined);
ipc.log();
const { log, serve, serveNet } = ipc;
log(serve === serveNet);

export { either, running, sent, users, waiting };
