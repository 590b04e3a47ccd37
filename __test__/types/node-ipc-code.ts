// Code in the ways that programs written for node-ipc are: arguments left to inference or annotated
// at will, no checks for what the typings of those times could not say.

import ipc, { IPC } from 'ferripc';
import { Socket } from 'net';

// ------------------------------------------------------------------------------------- a service

ipc.config.id = 'world';
ipc.config.retry = 1500;
ipc.config.silent = true;
ipc.config.maxRetries = false;
ipc.config.interfaces = { localAddress: false, family: true };

const names: { [id: string]: Socket } = {};

ipc.serve(() => {
  ipc.server.on('app.message', (data, socket) => {
    socket.userName = data.name;
    names[socket.id] = socket;
    ipc.server.emit(socket, 'app.message', {
      id: ipc.config.id,
      message: data.message + ' world!',
    });
    ipc.server.broadcast('joined', data.name);
  });
  ipc.server.on('socket.disconnected', (socket, destroyedSocketID) => {
    delete names[destroyedSocketID];
    ipc.log('client ' + destroyedSocketID + ' has left', socket.userName);
  });
  ipc.server.on('connect', (socket) => (socket.since = Date.now()));
  ipc.server.on('error', (err) => ipc.log(err.anything));
});
ipc.server.start();
process.once('exit', () => ipc.server.stop());

// -------------------------------------------------------------------------------------- a client

ipc.connectTo('world', function () {
  ipc.of.world!.on('connect', function () {
    ipc.log('## connected to world ##', ipc.config.retry);
    ipc.of.world!.emit('app.message', 'hello');
  });
  ipc.of.world!.on('disconnect', (reason) => ipc.log('gone', reason));
  ipc.of.world!.on('app.message', function (data, socket) {
    ipc.log('got a message from world : ', data.message, socket);
  });
  ipc.of.world!.on('kill.connection', () => ipc.disconnect('world'));
  ipc.of.world!.on('data', (buffer: Buffer) => buffer.byteLength);
});

// --------------------------------------------------------------------------------- in one's own

class Link {
  private readonly ipc = new IPC();

  constructor(private readonly id: string) {
    this.ipc.config.id = id;
    this.ipc.serve(id, () => {
      this.ipc.server.on('message', this.onMessage);
      this.ipc.server.on('message', this.onMessage.bind(this));
      this.ipc.server.off('message', this.onMessage);
      this.ipc.server.off('error', '*');
    });
  }

  private onMessage(data: { id: number }, socket: Socket): void {
    this.ipc.server.emit(socket, 'answer', { id: data.id, from: this.id });
  }

  request(type: string, data?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.ipc.of.peer!.on('error', reject);
      this.ipc.of.peer!.on(`${type}.answer`, resolve);
      this.ipc.of.peer!.emit(type, data);
    });
  }
}

const handlers: Record<string, (...args: any[]) => void> = { a: () => {}, connect: () => {} };
for (const type of Object.keys(handlers)) {
  ipc.server.on(type, handlers[type]!);
  ipc.of.world!.on(type, handlers[type]!);
}

type Endpoint = typeof ipc;
export const stub: Partial<Endpoint> = { serve: () => {}, disconnect: () => {} };
export type Peer = (typeof ipc.of)[string];
export { Link };
