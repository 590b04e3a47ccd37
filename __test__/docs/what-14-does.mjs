// One program, run by migration.test.js with node-ipc 14 and with ferripc: prints as JSON what the table "From
// node-ipc 14" says about each. Arguments: the package, a path, a free port, and TLS files.

import net from 'node:net';
import { once } from 'node:events';

const { name, path, port, tls } = JSON.parse(process.argv[2]);
const { default: ipc } = await import(name);

const facts = { socketRoot: ipc.config.socketRoot };
Object.assign(ipc.config, { silent: true, maxRetries: 0 });

const next = (bus, type) =>
  new Promise((resolve) => {
    const handler = (...args) => {
      bus.off(type, handler);
      resolve(args);
    };
    bus.on(type, handler);
  });
const turn = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// events and data
ipc.serve(path);
const { server } = ipc;
const started = next(server, 'start');
server.start();
facts.startGetsServer = (await started)[0] instanceof net.Server;
ipc.connectTo('x', path);
await next(ipc.of.x, 'connect');
for (const [fact, data] of [
  ['null', null],
  ['empty', ''],
]) {
  const message = next(server, 'message');
  ipc.of.x.emit('message', data);
  facts[fact] = (await message)[0];
}
const named = next(server, 'message');
ipc.of.x.emit('message', { id: 'me' });
facts.socketId = (await named)[1].id ?? null;
const events = [];
for (const type of ['disconnect', 'destroy']) ipc.of.x.on(type, () => events.push(type));
const closed = next(server, 'close');
ipc.disconnect('x');
facts.closeGetsSocket = (await closed)[0] instanceof net.Socket;

// text that is not JSON
const raw = net.connect(path);
const [, greeted] = [await once(raw, 'connect'), next(server, 'hello')];
server.on('error', () => {});
raw.write('not JSON\f');
raw.write('{"type":"hello"}\f');
const ended = once(raw.resume(), 'close').then(() => true);
facts.notJsonCloses = await Promise.race([ended, greeted.then(() => false)]);
raw.destroy();
facts.eventsOfDisconnect = events;

// stop
const last = net.connect(path).resume();
const accepted = next(server, 'connect');
await once(last, 'connect');
await accepted;
const gone = once(last, 'close').then(() => true);
server.stop();
facts.stopCloses = await Promise.race([gone, turn(300).then(() => false)]);
last.destroy();

// TLS: is a client asked for a certificate?
ipc.config.tls = { private: tls.key, public: tls.cert, trustedConnections: tls.ca };
ipc.serveNet('127.0.0.1', port);
ipc.server.on('error', () => {});
const listening = next(ipc.server, 'start');
ipc.server.start();
await listening;
ipc.config.tls = { trustedConnections: tls.ca };
ipc.connectToNet('tls', '127.0.0.1', port);
ipc.of.tls.on('error', () => {});
ipc.server.on('hello', (data, socket) => ipc.server.emit(socket, 'welcome', 'you'));
const refused = next(ipc.of.tls, 'destroy').then(() => true);
const welcome = next(ipc.of.tls, 'welcome').then(() => false);
ipc.of.tls.on('connect', () => ipc.of.tls.emit('hello', 'there'));
facts.tlsAsksClients = await Promise.race([refused, welcome]);

console.log(JSON.stringify(facts));
process.exit();
