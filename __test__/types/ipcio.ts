// `ferripc/ipcio`: options, handlers, and maps of commands.

import { Client, Server } from 'ferripc/ipcio';
import type { Container, Discovery, IpcioError } from 'ferripc/ipcio';
import type { Server as NetServer, Socket } from 'node:net';
import { expectType } from './expect';

type Commands = { sum: [number, number]; text: string };

const server = new Server<Commands>(
  { verbose: false, domain: 'd', socketRoot: '/run/x', handshakeTimeout: 0 },
  {
    sum({ data: [a, b], name, uuid, socket, server: listener }) {
      expectType<number>()(a);
      expectType<string>()(name);
      expectType<string>()(uuid);
      expectType<boolean>()(socket.writeCommand('text', 'x', (error) => error?.message));
      expectType<NetServer | null>()(listener);
      this.emit(name, 'text', 'from this');
      return a + b;
    },
  },
);
expectType<Server<Commands>>()(server.start());
server.addHandlers({ text: ({ data }) => data.length }).broadcast('text', 'x', 'not to me');
// @ts-expect-error the data are a string
server.addHandlers({ text: ({ data }) => data.toFixed() });
// @ts-expect-error no such command
server.addHandlers({ other() {} });
// @ts-expect-error no function
server.addHandlers({ text: 5 });
// @ts-expect-error a client's option
new Server({ name: 'x' });
// @ts-expect-error no such encoding
new Client({ encoding: 'utf9' });
server.on('connect', ({ socket }) => expectType<boolean>()(socket.destroyed));
server.once('error', (error) => expectType<IpcioError>()(error));
// @ts-expect-error no such event
server.on('connection', () => {});

async function use() {
  await server.ready();
  const client = new Client<Commands>({ name: 'c', reconnectDelay: 10, maxMessageBytes: 1 });
  expectType<Client<Commands>>()(await client.connect());
  // As 0.4 has it.
  client.connect().emit('text', 'x').emit('sum', [1, 2]);
  expectType<void>()(await client.send('text', 'x'));
  expectType<void>()(await client.emit('other', 'text', 'x'));
  expectType<void>()(await client.broadcast('text'));
  expectType<Discovery>()(await client.discover());
  expectType<number>()(await client.deliver<number>('sum', [1, 2], { timeout: 5 }));
  expectType<string>()(await client.deliver<string>('other', 'text', 'x', { timeout: 5 }));
  expectType<string>()(await client.deliver<string>(null, 'text', { timeout: 5 }));
  // @ts-expect-error ms
  client.deliver('sum', [1, 2], { timeout: '5' });
  await client.disconnect();
  await server.stop();
}

// What is sent, by the commands of the other side.
type OfClients = { progress: string };
async function checked() {
  const host = new Server<Commands, OfClients>({}, { sum: ({ data: [a, b] }) => a + b });
  host.broadcast('progress', 'x', null).emit('c', 'progress').emit('c', 'progress', 'x');
  // @ts-expect-error the data are a string
  host.emit('c', 'progress', 5);
  // @ts-expect-error clients have no such command
  host.broadcast('sum', [1, 2]);
  const guest = new Client<OfClients, Commands>({}, { progress: ({ data }) => data.length });
  guest.connect().emit('text', 'x').emit('sum', [1, 2]);
  expectType<Client<OfClients, Commands>>()(await guest.connect());
  await guest.send('sum', [1, 2]);
  // @ts-expect-error the data are two numbers
  guest.send('sum', '12');
  // @ts-expect-error the server has no such command
  guest.send('progress', 'x');
  // @ts-expect-error the data are a string
  guest.connect().emit('text', 5);
  expectType<number>()(await guest.deliver<number>('sum', [1, 2], { timeout: 5 }));
  // @ts-expect-error the data are two numbers
  guest.deliver('sum', 5);
  expectType<string>()(await guest.deliver<string>('other', 'anything', 5));
}

// Any data with any command, if no map is given.
const open = new Server({}, { any: (container: Container) => container.data.whatever });
open.emit('c', 'any');
export const sockets: (container: Container) => Socket = ({ socket }) => socket;
export { checked, use };
