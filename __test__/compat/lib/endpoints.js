// Fresh addresses for one run: a temporary folder for Unix sockets, or free ports.
// Called by run.js; no address is ever handed out twice within one jest worker.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { freePort, freeUdpPort } = require('../../helpers/ports');

const HOST = '127.0.0.1';

async function allocate(transport, count) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'frc-'));
  const list = [];
  for (let i = 0; i < count; i++) {
    if (transport === 'unix') list.push({ path: path.join(dir, `s${i}`) });
    else list.push({ host: HOST, port: await (transport === 'udp4' ? freeUdpPort() : freePort()) });
  }
  return {
    dir,
    list,
    ports: list.filter((endpoint) => endpoint.port).map((endpoint) => endpoint.port),
    release: () => fs.rmSync(dir, { recursive: true, force: true }),
  };
}

module.exports = { allocate };
