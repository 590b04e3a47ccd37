// Plays the cases of cases.js with one package, in a process of its own (see stage.mjs). Prints a list of
// `[suite, case, events]` as JSON.

import cases from './cases.js';
import {
  IPCProtocolError,
  dial,
  freePlace,
  listen,
  makeIPC,
  once,
  shown,
  side,
  transport,
} from './stage.mjs';

/** Notes what happens at the client or server, but not what has to do with this program. */
function noteAll(bus, events) {
  bus.on('*', (type, value, socket) => {
    if (['start', 'connect', 'close', 'socket.disconnected'].includes(type) && value !== 1) return;
    const id = side === 'server' ? socket?.id : undefined;
    events.push([type, shown(value), ...(id ? [id] : [])]);
  });
  bus.on('refused', () => {
    throw new IPCProtocolError('ERR_MINE', 'by a handler');
  });
}

/** Sends the pieces and a last message; resolves when the other side has seen the last, or has closed. */
async function send(socket, pieces, delimiter) {
  const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
  socket.on('error', () => {});
  socket.resume();
  for (const piece of [pieces].flat()) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!/"da$/.test([pieces].flat().at(-1))) socket.write(`{"type":"done","data":1}${delimiter}`);
  return closed;
}

const play = { server: playServer, client: playClient };

async function playServer(config, pieces) {
  const events = [];
  const ipc = makeIPC(config);
  const place = await freePlace();
  if (place.path) ipc.serve(place.path);
  else ipc.serveNet(place.host, place.port);
  const { server } = ipc;
  noteAll(server, events);
  const started = new Promise((resolve) => server.on('start', resolve));
  server.start();
  await started;
  const socket = dial(place);
  const done = new Promise((resolve) => server.on('done', () => resolve('open')));
  await once(socket, transport === 'tls' ? 'secureConnect' : 'connect');
  const closed = send(socket, pieces, ipc.config.delimiter);
  events.push(await Promise.race([done, closed]));
  socket.destroy();
  server.stop();
  return events;
}

async function playClient(config, pieces) {
  const events = [];
  const ipc = makeIPC(config);
  const place = await freePlace();
  const sockets = [];
  let closed;
  const peer = listen((socket) => {
    sockets.push(socket);
    closed = send(socket, pieces, ipc.config.delimiter);
  });
  peer.listen(place);
  await once(peer, 'listening');
  if (place.path) ipc.connectTo('peer', place.path);
  else ipc.connectToNet('peer', place.host, place.port);
  const client = ipc.of.peer;
  noteAll(client, events);
  const done = new Promise((resolve) => client.on('done', () => resolve('open')));
  const destroyed = new Promise((resolve) => client.on('destroy', () => resolve(closed)));
  const outcome = await Promise.race([done, destroyed]);
  events.push(outcome);
  ipc.disconnect('peer');
  for (const socket of sockets) socket.destroy();
  peer.close();
  return events;
}

const { SUITES, ASSURED } = cases;
const results = [];
for (const [suite, config, list] of transport === 'tcp' ? SUITES : [...SUITES, ASSURED]) {
  for (const [title, pieces] of list) {
    results.push([suite, title, await play[side](config, pieces)]);
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit());
