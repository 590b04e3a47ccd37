'use strict';
// Peers of ipcIO that no part of ferripc made: plain `net`, and what its versions write and read.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');

/**
 * The messages of a recording, in order, `{who, text}`; `who`: CLI, SRV, or undefined where it was not noted. Long ones
 * were cut off when it was made.
 */
function recorded(name) {
  const file = path.join(__dirname, '..', '..', 'docs', 'vectors', 'ipcio', `${name}.txt`);
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => /^(?:(CLI|SRV)| )\s*W (".*")$/.exec(line))
    .filter(Boolean)
    .map(([, who, quoted]) => ({ who, text: JSON.parse(quoted) }));
}

/** Each version writes a message so. */
const text = {
  '0.4.0': ({ id = null, command, data }) => JSON.stringify({ id, command, data }),
  '0.5.0': ({ id = null, command, data }) => JSON.stringify({ id, command, data }),
  '0.6.2': ({ id = null, command, data, delivery = null }) =>
    JSON.stringify({ id, command, data, delivery }),
};

/** A socket that collects what it receives, cut up as ipcIO does it: by `}{`. */
class Raw {
  #waiting = [];
  #messages = [];

  constructor(socket, version) {
    this.socket = socket;
    this.version = version;
    this.received = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.received += chunk;
      for (const message of JSON.parse(`[${chunk.replace(/}{/g, '},{')}]`)) {
        const next = this.#waiting.shift();
        if (next) next(message);
        else this.#messages.push(message);
      }
    });
  }

  /** The next message. */
  async next() {
    return this.#messages.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  send(message) {
    this.socket.write(text[this.version](message));
  }
}

/** A raw connection. */
async function dial(path, version = '0.6.2') {
  const socket = net.connect(path);
  await once(socket, 'connect');
  return new Raw(socket, version);
}

/** A client that has shaken hands: `{domain, own, uuid}`. */
async function enter(path, name, version = '0.6.2') {
  const domain = await dial(path, version);
  domain.send({ command: 'handshake', data: name });
  const { data: uuid } = await domain.next();
  return { domain, own: await dial(`${path}.${uuid}`, version), uuid };
}

/**
 * A server for one client at a time: `domain` and `own` are promises of the Raw sockets of the next one.
 * `close()` ends it with its connections.
 */
async function host(path, version = '0.6.2') {
  const sockets = new Set();
  const listen = async (at, take) => {
    const server = net.createServer((socket) => {
      sockets.add(socket);
      take(new Raw(socket, version), server);
    });
    server.listen(at);
    await once(server, 'listening');
    return server;
  };
  const visits = [];
  const waiting = [];
  let count = 0;
  const server = await listen(path, async (domain) => {
    const { data: name } = await domain.next();
    const uuid = `channel${count++}`;
    let arrived;
    const own = new Promise((resolve) => (arrived = resolve));
    await listen(`${path}.${uuid}`, (raw, its) => {
      its.close();
      arrived(raw);
    });
    domain.send({ id: name, command: 'handshake', data: uuid });
    const visit = { name, domain, own: await own };
    if (waiting.length > 0) waiting.shift()(visit);
    else visits.push(visit);
  });
  return {
    next: async () => visits.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

module.exports = { dial, enter, host, recorded, text };
