// Events with an event map: types and payloads are checked.

import ipc, { IPC, type Client, type IpcSocket, type Server, type UdpPeer } from 'ferripc';
import { expectType, type Equal, type Expect } from './expect.js';

interface ToServer {
  'job.add': { id: number };
  name: string;
  ping: void;
  maybe: number | undefined;
  options: { verbose?: boolean };
}
type ToClient = { 'job.done': { id: number; ok: boolean }; pong: void };

const worker = new IPC<ToClient, ToServer>();
const master = new IPC<ToServer, ToClient>();

type _Of = Expect<Equal<(typeof worker.of)[string], Client<ToClient, ToServer>>>;

// --------------------------------------------------------------------------------------- client

worker.connectTo('master', () => {
  const client = worker.of.master!;
  client.on('job.done', (data) => expectType<{ id: number; ok: boolean }>()(data));
  client.on('job.done', ({ ok }: { ok: boolean }) => ok);
  client.on('job.done', () => {}).once('pong', () => {});
  client.on('connect', () => {}).on('error', (error) => error.code);
  client.on('*', (type, ...args) => args.push(type));
  client.on('job.done', function () {
    this.emit('ping');
  });
  // @ts-expect-error no such message
  client.on('job.gone', () => {});
  // @ts-expect-error it is not sent this way
  client.on('job.add', () => {});
  // @ts-expect-error another payload
  client.on('job.done', (data: string) => data);
  // @ts-expect-error a client's handler gets no socket
  client.on('job.done', (data: { id: number }, socket: IpcSocket) => socket.end(data.id));
  // @ts-expect-error
  client.once('job.done', (data: string) => data);

  client.emit('job.add', { id: 1 });
  client.emit('name', 'n');
  client.emit('ping');
  client.emit('ping', undefined);
  client.emit('maybe');
  client.emit('maybe', 1);
  client.emit('options');
  client.emit('options', { verbose: true });
  client.emit(Buffer.of(1));
  // @ts-expect-error no such message
  client.emit('job.sub', { id: 1 });
  // @ts-expect-error it is not sent this way
  client.emit('job.done', { id: 1, ok: true });
  // @ts-expect-error the payload is missing
  client.emit('job.add');
  // @ts-expect-error another payload
  client.emit('job.add', { id: '1' });
  // @ts-expect-error
  client.emit('ping', 1);
});

// --------------------------------------------------------------------------------------- server

master.serve(() => {
  master.server
    .on('job.add', (data, socket) => {
      expectType<{ id: number }>()(data);
      expectType<IpcSocket>()(socket);
      master.server.emit(socket, 'job.done', { id: data.id, ok: true });
    })
    .on('job.add', (data, peer: UdpPeer) => {
      expectType<{ id: number }>()(data);
      master.server.emit(peer, 'pong');
    })
    .on('socket.disconnected', (socket, id) => {
      expectType<IpcSocket>()(socket);
      expectType<string | false>()(id);
    })
    .on('start', () => {});
  // @ts-expect-error an id can be false
  master.server.on('socket.disconnected', (socket: IpcSocket, id: string) => socket.end(id));
  // @ts-expect-error no such message
  master.server.on('job.sub', () => {});
  // @ts-expect-error another payload
  master.server.on('job.add', (data: string) => data);

  const [socket] = master.server.sockets;
  master.server.broadcast('pong');
  master.server.broadcast('job.done', { id: 1, ok: true });
  // @ts-expect-error the payload is missing
  master.server.broadcast('job.done');
  // @ts-expect-error another payload
  master.server.emit(socket!, 'job.done', { id: 1 });
  // @ts-expect-error no such message
  master.server.emit(socket!, 'job.add', { id: 1 });
  // @ts-expect-error a destination is missing
  master.server.emit('pong');
});

// ------------------------------------------------------------------------------- between the two

// One connection of an open endpoint.
const one = ipc.of.world as Client<ToClient, ToServer>;
one.emit('job.add', { id: 1 });
const itsServer = ipc.server as Server<ToServer, ToClient>;
itsServer.broadcast('pong');

// Code for any endpoint takes typed ones.
declare function anyEndpoint(endpoint: IPC): void;
declare function anyClient(client: Client): void;
declare function anyServer(server: Server): void;
anyEndpoint(worker);
anyClient(one);
anyServer(itsServer);
anyServer(master.server);

// One map, the other direction left open.
const half = new IPC<ToServer>();
half.server.broadcast('anything', 1);
// @ts-expect-error
half.server.on('anything', () => {});

// A map may name some messages and leave the others open.
type Some = { known: number } & { [type: string]: any };
declare const some: Client<Some, Some>;
some.on('known', (data) => data.toFixed());
some.on('unknown', (data) => data.anything);
some.emit('unknown', 1);

// Escape hatch.
declare const unchecked: IPC<any, any>;
unchecked.of.x!.on('x', (data) => data.x).emit('y', 1);
// @ts-expect-error a map is an object
new IPC<string>();
