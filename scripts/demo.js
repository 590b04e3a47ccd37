'use strict';
// `npm run demo`: builds what is missing, then a server process and two client processes talk over a
// Unix socket: greeting, reply, broadcast, a 10 MB message, a clean end. Exits with 0 if all of it
// happened. Without an argument (or with --verbose, to see cargo's output) this is the parent; with one, the named part.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { optionsOf, refuse } = require('./usage');

const CLIENTS = ['alice', 'bob'];
const BIG = 10 * 1024 * 1024;

const parts = { server, client };

function connectable(socketRoot) {
  const ipc = require('..');
  Object.assign(ipc.config, { socketRoot, appspace: '', silent: true, retry: 50 });
  return ipc;
}

/** Greets, answers, broadcasts when all are there, and ends when all have said goodbye. */
function server(socketRoot) {
  const ipc = connectable(socketRoot);
  const present = new Set();
  ipc.config.id = 'demo';
  ipc.serve(() => {
    console.log(`listening on ${ipc.server.path}`);
    ipc.server.on('greeting', ({ from }, socket) => {
      console.log(`${from} says hello`);
      ipc.server.emit(socket, 'reply', { text: `Welcome, ${from}!` });
      present.add(from);
      if (present.size === CLIENTS.length) {
        console.log('all clients are here: broadcasting');
        ipc.server.broadcast('news', { text: 'all are connected' });
      }
    });
    ipc.server.on('big', (text, socket) => {
      console.log(`received ${(text.length / 1024 / 1024).toFixed(0)} MB in one message`);
      ipc.server.emit(socket, 'big received', { length: text.length });
    });
    ipc.server.on('goodbye', async ({ from }) => {
      console.log(`${from} says goodbye`);
      present.delete(from);
      if (present.size > 0) return;
      await ipc.server.stop({ disconnect: true });
      console.log('stopped, nothing left behind');
    });
  });
  ipc.server.start();
}

function client(socketRoot, name) {
  const ipc = connectable(socketRoot);
  ipc.connectTo('demo', () => {
    const { demo } = ipc.of;
    demo.on('connect', () => demo.emit('greeting', { from: name }));
    demo.on('reply', ({ text }) => console.log(`got the reply "${text}"`));
    demo.on('news', ({ text }) => {
      console.log(`heard the news: ${text}`);
      demo.emit('big', 'x'.repeat(BIG));
    });
    demo.on('big received', ({ length }) => {
      if (length !== BIG) throw new Error(`only ${length} bytes arrived`);
      console.log('10 MB arrived');
      demo.emit('goodbye', { from: name });
      ipc.disconnect('demo'); // what was emitted before is still sent
    });
  });
}

function start(part, socketRoot, name = part) {
  const child = spawn(process.execPath, [__filename, part, socketRoot, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8').on('data', (text) => {
    for (const line of text.trimEnd().split('\n')) console.log(`${name.padStart(8)} | ${line}`);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

async function main({ verbose }) {
  require('./build')({ ifStale: true, verbose });
  const socketRoot = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-demo-')) + path.sep;
  const codes = await Promise.all([
    start('server', socketRoot),
    ...CLIENTS.map((name) => start('client', socketRoot, name)),
  ]);
  const left = fs.readdirSync(socketRoot);
  fs.rmSync(socketRoot, { recursive: true });
  const ok = codes.every((code) => code === 0) && left.length === 0;
  console.log(ok ? 'demo: ok' : `demo: failed (exit codes ${codes.join(', ')}; left: ${left})`);
  process.exitCode = ok ? 0 : 1;
}

const { values, positionals } = optionsOf(__filename, {
  options: { verbose: { type: 'boolean' } },
  allowPositionals: true,
});
const [part, ...args] = positionals;
if (part === undefined) main(values);
else if (Object.hasOwn(parts, part)) parts[part](...args);
else refuse(__filename, `no part ${part}: ${Object.keys(parts).join(', ')}`);
