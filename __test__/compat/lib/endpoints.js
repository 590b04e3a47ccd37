// Fresh addresses for one run: a temporary folder for Unix sockets, or ports that the OS gave.
// Called by run.js; no address is ever handed out twice within one jest worker.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const net = require('node:net');
const dgram = require('node:dgram');
const path = require('node:path');

const HOST = '127.0.0.1';
const given = new Set();

function probe(transport) {
  return new Promise((resolve, reject) => {
    if (transport === 'udp4') {
      const socket = dgram.createSocket('udp4').once('error', reject);
      socket.bind(0, HOST, () => {
        const { port } = socket.address();
        socket.close(() => resolve(port));
      });
      return;
    }
    const server = net.createServer().once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function freePort(transport) {
  for (;;) {
    const port = await probe(transport);
    if (!given.has(port)) {
      given.add(port);
      return port;
    }
  }
}

async function allocate(transport, count) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'frc-'));
  const list = [];
  for (let i = 0; i < count; i++) {
    if (transport === 'unix') list.push({ path: path.join(dir, `s${i}`) });
    else list.push({ host: HOST, port: await freePort(transport) });
  }
  return {
    dir,
    list,
    ports: list.filter((endpoint) => endpoint.port).map((endpoint) => endpoint.port),
    release: () => fs.rmSync(dir, { recursive: true, force: true }),
  };
}

module.exports = { allocate };
