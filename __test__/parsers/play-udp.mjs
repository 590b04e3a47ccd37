// Plays the datagrams of cases.js with one package as the server, in a process of its own: `node play-udp.mjs PACKAGE`.
// Prints a list of `[parser, case, events]` as JSON.

import dgram from 'node:dgram';
import cases from './cases.js';

const [, , name] = process.argv;
const module = await import(name);
const { IPCModule } = module;
const { IPCProtocolError } = module.IPCProtocolError ? module : await import(`${name}/parsers`);

const bound = (socket) =>
  new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)));

/** A port that was free a moment ago. */
async function freePort() {
  const probe = dgram.createSocket('udp4');
  const port = await bound(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function play(config, datagrams) {
  const events = [];
  const ipc = new IPCModule();
  Object.assign(ipc.config, { silent: true, socketRoot: '/tmp/' }, config);
  const port = await freePort();
  ipc.serveNet('127.0.0.1', port, 'udp4');
  const { server } = ipc;
  server.on('*', (type, value) => {
    if (['start', 'connect', 'close', 'socket.disconnected'].includes(type) && value !== 1) return;
    events.push([type, value instanceof Error ? value.code : value]);
  });
  server.on('refused', () => {
    throw new IPCProtocolError('ERR_MINE', 'by a handler');
  });
  const started = new Promise((resolve) => server.on('start', resolve));
  const done = new Promise((resolve) => server.on('done', resolve));
  server.start();
  await started;
  const peer = dgram.createSocket('udp4');
  await bound(peer);
  for (const text of [...datagrams, '{"type":"done","data":1}\f'])
    await new Promise((resolve) => peer.send(text, port, '127.0.0.1', resolve));
  await done;
  peer.close();
  server.stop();
  return events;
}

const { DATAGRAMS, GUARDED_DATAGRAMS } = cases;
const results = [];
for (const [config, list] of [
  [{ parser: 'fast' }, DATAGRAMS],
  [{ parser: 'guarded', maxMessageSize: 1024 }, [...DATAGRAMS, ...GUARDED_DATAGRAMS]],
])
  for (const [title, datagrams] of list)
    results.push([config.parser, title, await play(config, datagrams)]);
process.stdout.write(JSON.stringify(results), () => process.exit());
