'use strict';
// UDP: datagrams between two servers, as node-ipc does it (K15, F14).

const assert = require('node:assert/strict');
const dgram = require('node:dgram');
const { check } = require('../harness');
const { once } = require('../../helpers/events');

/** A free UDP port. */
async function freeUdpPort() {
  const probe = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

check('udp4: a message there and back (K15, F14)', async (world) => {
  const start = async () => {
    const ipc = world.ipc();
    const port = await freeUdpPort();
    ipc.serveNet('127.0.0.1', port, 'udp4');
    await ipc.server.start();
    return { server: ipc.server, address: { address: '127.0.0.1', port } };
  };
  const [a, b] = [await start(), await start()];
  b.server.on('question', (data, from) => b.server.emit(from, 'answer', data));
  const answer = once(a.server, 'answer');
  a.server.emit(b.address, 'question', 'é€😀');
  assert.equal((await answer)[0], 'é€😀');
});
