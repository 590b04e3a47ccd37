// Events without an event map: everything that JavaScript accepts is accepted, and handlers that
// leave their arguments to inference get the most that is known.

import type net = require('net');
import type tls = require('tls');
import type { Client, DropInfo, IpcError, IpcErrorCode, IpcSocket, Server, UdpPeer } from 'ferripc';
import { expectType } from './expect.js';

declare const client: Client;
declare const server: Server;
declare const socket: net.Socket;
declare const anyName: string;
declare const anyHandler: (...args: any[]) => void;

// ---------------------------------------------------------------------------- client: lifecycle

client
  .on('connect', () => {})
  .on('disconnect', () => {})
  .on('destroy', () => {})
  .on('drain', () => {})
  .on('error', (error) => {
    expectType<IpcError>()(error);
    expectType<IpcErrorCode | undefined>()(error.code);
    expectType<number | undefined>()(error.errno);
    expectType<string | undefined>()(error.syscall);
    expectType<string | undefined>()(error.address);
    expectType<number | undefined>()(error.port);
    expectType<string | undefined>()(error.response);
    const asError: Error = error;
    const asNodeError: NodeJS.ErrnoException = error;
    return error.code === 'ERR_FERRIPC_MESSAGE_TOO_LARGE' || asError === asNodeError;
  })
  .on('data', (bytes) => expectType<Buffer>()(bytes))
  .on('*', (type, ...args) => {
    expectType<string>()(type);
    expectType<any[]>()(args);
  });

// ----------------------------------------------------------------------------- client: messages

client.on('app.message', (data) => expectType<any>()(data));
client.on('app.message', (data: { id: number }) => data.id);
client.on('app.message', (data, more) => data === more);
client.on('app.message', async (data) => data);
client.on('app.message', function (data) {
  expectType<Client>()(this);
  this.emit('answer', data);
});
client.on('app.message', anyHandler, true);
client.once('app.message', (data) => expectType<any>()(data)).once('connect', () => {});
client.on(anyName, anyHandler);
client.on('connect', (unexpected) => expectType<any>()(unexpected));
client.on('error', (error: any) => error.anything);
client.on('socket.disconnected', (gone: net.Socket, id: string) => gone.end(id));
// @ts-expect-error
client.on('app.message');
// @ts-expect-error
client.on(5, () => {});
// @ts-expect-error
client.on('app.message', 'handler');

client.off('app.message', anyHandler).off('app.message', '*').off('*', '*').off('connect').off();
client.off('x', (() => {}) as Function);
// @ts-expect-error
client.off('app.message', 'connect');

expectType<boolean>()(client.emit('x'));
client.emit('x', undefined);
client.emit('x', { any: 'thing' });
client.emit('x', 0);
client.emit(anyName, null);
client.emit(Buffer.of(1, 2));
client.emit(new Uint8Array(2));
client.emit([1, 2, 3]);
// @ts-expect-error
client.emit();
// @ts-expect-error
client.emit({});
// @ts-expect-error a message has one payload
client.emit('x', 1, 2);

client
  .publish('x', 1, 2)
  .trigger('y')
  .subscribe('z', () => {})
  .unSubscribe('z', '*')
  .reset();
client.subscribe('app.message', (data) => expectType<any>()(data));
const names: string[] = Object.keys(client.list);
// @ts-expect-error
client.list = {};

// ---------------------------------------------------------------------------- server: lifecycle

server
  .on('start', () => {})
  .on('start', (bound) => expectType<UdpPeer | undefined>()(bound))
  .on('connect', (socket) => {
    expectType<IpcSocket>()(socket);
    socket.joined = Date.now();
  })
  .on('disconnect', (socket) => socket)
  .on('close', (hadError) => expectType<boolean>()(hadError))
  .on('drain', (socket) => expectType<IpcSocket>()(socket))
  .on('error', (error, socket) => {
    expectType<IpcError>()(error);
    expectType<DropInfo | undefined>()(error.peer);
    expectType<IpcSocket | undefined>()(socket);
  })
  .on('data', (bytes, socket) => {
    expectType<Buffer>()(bytes);
    expectType<IpcSocket>()(socket);
  })
  .on('socket.disconnected', (socket, id) => {
    expectType<IpcSocket>()(socket);
    expectType<any>()(id);
  })
  .on('*', (type, ...args) => {
    expectType<string>()(type);
    expectType<any[]>()(args);
  });
server.on('socket.disconnected', (gone: net.Socket, id: string) => gone.end(id));
server.on('socket.disconnected', (gone, id: string | false) => gone.end(id || 'unknown'));

// ----------------------------------------------------------------------------- server: messages

server.on('app.message', (data, socket) => {
  expectType<any>()(data);
  expectType<IpcSocket>()(socket);
  server.emit(socket, 'answer', data);
});
server.on('app.message', (data: { id: number }, socket: net.Socket) => socket.write(`${data.id}`));
server.on('app.message', (data, socket: tls.TLSSocket) => socket.authorized === data);
server.on('connect', (socket) => {
  expectType<true | undefined>()(socket.encrypted);
  expectType<string | null | undefined>()(socket.getProtocol?.());
  expectType<string | undefined>()(socket.getCipher?.()?.standardName);
});
server.on('app.message', (data, peer: UdpPeer) => server.emit(peer, 'answer', data));
server.on('app.message', function (data, socket) {
  expectType<Server>()(this);
  this.emit(socket, 'answer', data);
});
server.once('app.message', (data, socket) => expectType<IpcSocket>()(socket));
server.on(anyName, anyHandler, true);
server.subscribe('app.message', (data, socket) => expectType<IpcSocket>()(socket));
server.off('app.message', anyHandler).off('error', '*').off('x').off();
server.publish('x', {}, socket).trigger('y').unSubscribe('y', '*').reset();
// @ts-expect-error
server.on('app.message');

expectType<boolean>()(server.emit(socket, 'x'));
server.emit(socket, 'x', { any: 'thing' });
server.emit(server.sockets[0]!, 'x', 1);
server.emit({ address: '127.0.0.1', port: 8000 }, 'x', 1);
server.emit({}, 'x');
server.emit(socket, Buffer.of(1));
server.emit(socket, [1, 2]);
server.emit(socket, 'text');
server.emit('x', 1);
server.emit([1, 2]);
// @ts-expect-error
server.emit(socket);
// @ts-expect-error
server.emit({ host: 'localhost' }, 'x');
// @ts-expect-error
server.emit(socket, 'x', 1, 2);

expectType<boolean>()(server.broadcast('x'));
server.broadcast('x', 1);
server.broadcast(Buffer.of(1));
// @ts-expect-error
server.broadcast(socket, 'x');

server.onStart();
server.onStart({ address: '::1', port: 8000 });

export { names };
