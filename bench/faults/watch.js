'use strict';
// What the rows of `npm run faults` with processes share: a party in another process, one in this, and what is seen of what
// comes. Used by processes.js and crowds.js.

const { fork } = require('node:child_process');
const path = require('node:path');
const { IPC } = require('../..');
const { longOf } = require('./places');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What comes over one connection after the other: in order, whole, and no more once it has ended. */
class Watch {
  wrong = [];
  messages = 0;
  connections = 0;
  codes = {};
  #bytes = 0;
  #next = 0;
  #long;
  #type;

  constructor(kind, type = 'down') {
    this.#long = longOf(kind);
    this.#type = type;
  }

  begin() {
    this.connections++;
    this.#next = 0;
    this.#bytes = 0;
  }

  take({ number, text }) {
    if (number !== this.#next) this.wrong.push(`${number} came, not ${this.#next}`);
    if (text !== (number % 3 === 2 ? this.#long : ''))
      this.wrong.push(`${number} is not what was sent`);
    this.#next = number + 1;
    this.messages++;
    this.#bytes += `{"type":"${this.#type}","data":{"number":${number},"text":""}}\f`.length;
    this.#bytes += text.length;
  }

  /** Whether a part of a message has come. */
  isWithin(socket) {
    return socket.bytesRead > this.#bytes;
  }

  told = (error) => {
    this.codes[error.code] = (this.codes[error.code] ?? 0) + 1;
    if (!/^E/.test(error.code ?? '')) this.wrong.push(`no code: ${error.stack}`);
  };
}

/** The watch of one connection among many: `all` counts their messages, `all.wrong` has what was wrong with any. */
function watchOne(all, kind) {
  const watch = new Watch(kind, 'up');
  watch.wrong = all.wrong;
  watch.begin();
  all.connections++;
  return {
    take: (message) => (all.messages++, watch.take(message)),
    isWithin: (socket) => watch.isWithin(socket),
  };
}

function party(args, env = {}) {
  return fork(path.join(__dirname, 'party.js'), [JSON.stringify(args)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** A client here that tells `watch` what comes, over however many connections. */
function clientHere(place, watch) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'here', silent: true, retry: 5 });
  place.connectTo(ipc, 'server');
  const client = ipc.of.server;
  client.on('connect', () => watch.begin());
  client.on('error', watch.told);
  client.on('down', (message) => watch.take(message));
  return { ipc, client, leave: () => ipc.disconnect('server') };
}

async function serverHere(place, watchOf) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'here', silent: true });
  place.serve(ipc);
  const { server } = ipc;
  const watches = new Map();
  server.on('connect', (socket) => {
    watches.set(socket, watchOf(socket));
  });
  server.on('error', (error) => {
    const { code } = error;
    ipc.codes[code] = (ipc.codes[code] ?? 0) + 1;
  });
  ipc.codes = {};
  server.on('up', (message, socket) => watches.get(socket).take(message));
  await server.start();
  return ipc;
}

/** Waits for `watch` to have got more; false after 20 s. */
async function hears(watch, more) {
  const until = watch.messages + more;
  for (let i = 0; i < 4000 && watch.messages < until; i++) await pause(5);
  return watch.messages >= until;
}

module.exports = { Watch, clientHere, hears, party, pause, serverHere, watchOne };
