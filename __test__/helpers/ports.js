'use strict';
// Free ports, for tests that have to know a port before a server listens there. Used by world.js and by the
// suites that do without it.

const dgram = require('node:dgram');
const net = require('node:net');
const { once } = require('node:events');

/** Below the ports that systems give to connections and to who asks for any: those may be gone before they are used. */
const PORTS = { first: 10_000, count: 22_000 };

/** Suites that run side by side have a part of them each: what one was given, and does not use yet, is no other's. */
const PARTS = 8;
const { first, count } = partOf(Number(process.env.JEST_WORKER_ID ?? 1 + Math.random() * PARTS));
let last = Math.floor(Math.random() * count);

function partOf(worker) {
  const size = Math.floor(PORTS.count / PARTS);
  return { first: PORTS.first + (Math.floor(worker - 1) % PARTS) * size, count: size };
}

/** Whether what `probe` begins to listen for is free. */
const listens = (probe) =>
  new Promise((resolve) => {
    probe.once('listening', () => resolve(true)).once('error', () => resolve(false));
  });

async function next(makeProbe) {
  for (;;) {
    last = (last + 1) % count;
    const port = first + last; // of this call, whatever others do while it waits
    const probe = makeProbe(port);
    if (!(await listens(probe))) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

/** A TCP port that nobody listens on; another one for each call, also for calls side by side. */
const freePort = (host = '127.0.0.1') => next((port) => net.createServer().listen(port, host));

/** The same of UDP. */
const freeUdpPort = (host = '127.0.0.1') =>
  next((port) => dgram.createSocket('udp4').bind(port, host));

module.exports = { freePort, freeUdpPort };
