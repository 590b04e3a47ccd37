'use strict';
// A process that is killed, stopped, blocked, or ended by itself, while it talks: `{role, kind, options, mode}`. It sends
// numbered messages as fast as they leave, a part of which is long, and answers each that it gets. When it hears 'begin', it
// begins a message that takes a while, and says 'begun' with most of it still to be sent. Started by processes.js and crowds.js.

const { isMainThread, parentPort } = require('node:worker_threads');
const { IPC } = require('../..');
const { longOf, placeAt } = require('./places');

const { role, kind, options, mode } = JSON.parse(process.argv[2]);
const ipc = new IPC();
Object.assign(ipc.config, { id: role, silent: true, retry: 5, maxConnections: Infinity });
const place = placeAt(kind, options);
const LONG = longOf(kind);
const parent = isMainThread ? process : parentPort;
const tell = (word) => (isMainThread ? process.send?.(word) : parentPort.postMessage(word));

/** Emits something on the connection. */
let emitHere = null;

/** Begins a message of which the system takes a part. */
function begin() {
  if (!emitHere) return void setTimeout(begin, 1);
  emitHere('huge', 'h'.repeat(64 << 20));
  if (mode?.exits) process.exit(7);
  tell('begun');
}

/** Numbered messages, until the connection ends. Who waits for `drain` holds no more than a few of the long ones. */
function stream(emit, socket) {
  let number = 0;
  let ended = false;
  const next = () => {
    if (ended) return;
    for (let i = 0; i < 4; i++) {
      const goesOn = emit({ number, text: number % 3 === 2 ? LONG : '' });
      number++;
      if (goesOn === false) return void socket.once('drain', next);
    }
    setTimeout(next, 2);
  };
  socket.once('close', () => (ended = true));
  next();
}

function serve() {
  place.serve(ipc);
  const { server } = ipc;
  server.on('error', () => {});
  server.on('connect', (socket) => {
    socket.on('error', () => {});
    emitHere = (...message) => server.emit(socket, ...message);
    if (mode !== 'echo') stream((message) => server.emit(socket, 'down', message), socket);
  });
  server.on('up', (message, socket) => server.emit(socket, 'up', message.number));
  server.on('block', (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms));
  server.start().then(() => tell('up'));
}

function connect() {
  place.connectTo(ipc, 'server');
  const client = ipc.of.server;
  client.on('error', () => {});
  client.on('connect', () => {
    tell('up');
    emitHere = (...message) => client.emit(...message);
    stream((message) => client.emit('up', message), client.socket);
  });
}

if (role === 'server') serve();
else connect();
if (mode?.exitAfter) setTimeout(() => process.exit(7), mode.exitAfter);
if (mode?.exits) setTimeout(begin, mode.exits);
parent.on('message', (word) => word === 'begin' && begin());
if (isMainThread) process.on('disconnect', () => process.exit(1));
