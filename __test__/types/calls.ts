// Every form of the four calls that make clients and servers.

import { once } from 'node:events';
import ipc, { IPC, type Client, type Singleton } from 'ferripc';
import { expectType } from './expect.js';

declare const maybePath: string | undefined;
declare const maybePort: number | undefined;
declare function done(): void;

// connectTo
expectType<Promise<Client>>()(ipc.connectTo('a'));
ipc.connectTo('a', done);
ipc.connectTo('a', '/tmp/a');
ipc.connectTo('a', '/tmp/a', done);
ipc.connectTo('a', maybePath, done);
ipc.connectTo('a', null);
ipc.connectTo('a', undefined, undefined);
ipc.connectTo('a', (self) => {
  expectType<Singleton>()(self);
  self.of.a!.on('connect', () => self.log('up'));
});
ipc.connectTo('a', '/tmp/a', (self) => expectType<Singleton>()(self));
new IPC<{ x: 1 }>().connectTo('a', (self) => expectType<IPC<{ x: 1 }>>()(self));
// @ts-expect-error
ipc.connectTo();
// @ts-expect-error
ipc.connectTo(1);
// @ts-expect-error
ipc.connectTo('a', 8000);
// @ts-expect-error the callback comes last
ipc.connectTo('a', done, '/tmp/a');

// connectToNet
expectType<Promise<Client>>()(ipc.connectToNet('a'));
ipc.connectToNet('a', done);
ipc.connectToNet('a', 'host');
ipc.connectToNet('a', 'host', done);
ipc.connectToNet('a', 8000);
ipc.connectToNet('a', 8000, done);
ipc.connectToNet('a', 'host', 8000);
ipc.connectToNet('a', 'host', 8000, done);
ipc.connectToNet('a', 'host', 8000, 'udp4');
ipc.connectToNet('a', 'host', 8000, 'udp4', done);
ipc.connectToNet('a', maybePath, maybePort, done);
ipc.connectToNet('a', null, 8000);
ipc.connectToNet('a', (self) => expectType<Singleton>()(self));
ipc.connectToNet('a', 8000, (self) => expectType<Singleton>()(self));
ipc.connectToNet('a', 'host', (self) => expectType<Singleton>()(self));
ipc.connectToNet('a', 'host', 8000, (self) => expectType<Singleton>()(self));
// @ts-expect-error
ipc.connectToNet(8000);
// @ts-expect-error
ipc.connectToNet('a', 8000, 'host');

// serve
expectType<void>()(ipc.serve());
ipc.serve(done);
ipc.serve(null);
ipc.serve('/tmp/a');
ipc.serve('/tmp/a', done);
ipc.serve(maybePath, done);
// @ts-expect-error
ipc.serve(8000);
// @ts-expect-error the callback comes last
ipc.serve(done, '/tmp/a');

// serveNet
expectType<void>()(ipc.serveNet());
ipc.serveNet(done);
ipc.serveNet(8000);
ipc.serveNet(8000, done);
ipc.serveNet(8000, 'udp4');
ipc.serveNet(8000, 'udp6', done);
ipc.serveNet('udp4');
ipc.serveNet('udp4', done);
ipc.serveNet('host');
ipc.serveNet('host', done);
ipc.serveNet('host', 'udp4');
ipc.serveNet('host', 'udp4', done);
ipc.serveNet('host', 8000);
ipc.serveNet('host', 8000, done);
ipc.serveNet('host', 8000, 'udp6');
ipc.serveNet('host', 8000, 'udp6', done);
ipc.serveNet(maybePath, maybePort, undefined, done);
ipc.serveNet(undefined, undefined, 'udp4');
ipc.serveNet('host', 8000, false, done);
// @ts-expect-error
ipc.serveNet('host', 8000, 'udp5');
// @ts-expect-error the callback comes last
ipc.serveNet(done, 8000);

// disconnect
expectType<void>()(ipc.disconnect('a'));
// @ts-expect-error
ipc.disconnect();

// A promise's `resolve` serves as a callback.
export const promises = [
  new Promise<void>((resolve) => ipc.connectTo('a', resolve)),
  new Promise<void>((resolve) => ipc.connectTo('a', '/tmp/a', resolve)),
  new Promise<void>((resolve) => ipc.connectToNet('a', resolve)),
  new Promise<void>((resolve) => ipc.connectToNet('a', 8000, resolve)),
  new Promise<void>((resolve) => ipc.connectToNet('a', 'host', 8000, resolve)),
  new Promise<void>((resolve) => ipc.serve(resolve)),
  new Promise<void>((resolve) => ipc.serve('/tmp/a', resolve)),
  new Promise<void>((resolve) => ipc.serveNet(resolve)),
  new Promise<void>((resolve) => ipc.serveNet('host', 8000, 'udp4', resolve)),
  new Promise<void>((resolve) => ipc.of.a!.on('connect', resolve)),
  new Promise<void>((resolve) => ipc.server.once('start', resolve)),
  once(ipc.server, 'start'),
  once(ipc.of.a!, 'connect'),
];
