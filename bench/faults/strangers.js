'use strict';
// Rows of `npm run faults`: peers that do not do what they should. Each is called by row.js. A proper client is served
// in the meantime, and afterwards the process has as many descriptors as before.

const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { IPC } = require('../..');
const { freshOptions, placeAt } = require('./places');

const MB = 2 ** 20;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

/** What is told when the handshake was over already. */
const DISCONNECT = 'disconnect';

/** A server that echoes, and counts its errors by code. */
async function echoing(kind, folder, config) {
  const options = await freshOptions(kind, folder);
  const place = placeAt(kind, options);
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'here', silent: true, ...config });
  place.serve(ipc);
  const { server } = ipc;
  const codes = {};
  server.on('error', ({ code }) => (codes[code] = (codes[code] ?? 0) + 1));
  server.on('ask', (data, socket) => server.emit(socket, 'answer', data));
  await server.start();
  return { place, options, server, codes, stop: () => server.stop({ disconnect: true }) };
}

/** Whether a proper client is served, within 15 s. */
async function serves(place) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'proper', silent: true, retry: 50 });
  place.connectTo(ipc, 'server');
  const client = ipc.of.server;
  client.on('error', () => {});
  client.on('connect', () => client.emit('ask', 'x'));
  const served = await Promise.race([
    new Promise((resolve) => client.on('answer', () => resolve(true))),
    pause(15_000).then(() => false),
  ]);
  ipc.disconnect('server');
  return served;
}

/** Waits until there are as many descriptors as before; what is wrong, if not. */
async function returned(before) {
  for (let i = 0; i < 300 && descriptors() > before; i++) await pause(20);
  const now = descriptors();
  return now > before ? [`${now} descriptors, ${before} before`] : [];
}

/** Connects a peer of Node's own. */
const dial = (options, isSecure) =>
  isSecure ? tls.connect({ ...options, rejectUnauthorized: false }) : net.connect(options);

/** Raw sockets that are connected; those that the system does not let in at once wait for their turn. */
async function raws(options, count, kind = 'tcp') {
  const isSecure = kind === 'tls';
  const sockets = [];
  while (sockets.length < count) {
    const group = Array.from({ length: Math.min(50, count - sockets.length) }, () =>
      dial(options, isSecure),
    );
    for (const socket of group) socket.on('error', () => {});
    const up = isSecure ? 'secureConnect' : 'connect';
    await Promise.all(group.map((socket) => once(socket, up)));
    sockets.push(...group);
  }
  return sockets;
}

async function warmed(kind, folder, config) {
  const here = await echoing(kind, folder, config);
  await serves(here.place);
  await pause(200);
  return { here, before: descriptors() };
}

/** A half of a frame on each of `times` connections, which then end. */
async function halves({ folder, kind, times }) {
  const { here, before } = await warmed(kind, folder, { maxConnections: times + 10 });
  const wrong = [];
  const [half, rss] = [`{"type":"ask","data":"${'h'.repeat(2000)}`, process.memoryUsage().rss];
  const sockets = await raws(here.options, times, kind);
  for (const socket of sockets) socket.write(half);
  await pause(300);
  if (!(await serves(here.place))) wrong.push('a proper client is not served');
  const held = (process.memoryUsage().rss - rss) / MB;
  for (const socket of sockets) socket.end();
  for (let i = 0; i < 500 && (here.codes.ERR_FERRIPC_TRUNCATED_MESSAGE ?? 0) < times; i++)
    await pause(20);
  if (here.codes.ERR_FERRIPC_TRUNCATED_MESSAGE !== times) wrong.push('not each half is told of');
  wrong.push(...(await returned(before)));
  await here.stop();
  return {
    times,
    held: `a proper client; ${Math.round(held)} MB more, both sides of ${times} connections`,
    told: here.codes,
    wrong,
  };
}

/** Peers that never read what is sent to them. */
async function deaf({ folder, kind, times }) {
  const { here, before } = await warmed(kind, folder, { maxQueuedBytes: 2 * MB, linger: 300 });
  const wrong = [];
  const sockets = await raws(here.options, times, kind);
  for (const socket of sockets) socket.pause();
  await pause(100);
  let refused = 0;
  const text = 'd'.repeat(100_000);
  // What the system holds for each is some megabytes.
  for (let i = 0; i < 400 && !here.codes.ENOBUFS; i++) {
    for (const socket of here.server.sockets)
      if (!here.server.emit(socket, 'down', text)) refused++;
    await pause(1);
  }
  if (!here.codes.ENOBUFS) wrong.push('nobody was told');
  if (!(await serves(here.place))) wrong.push('a proper client is not served');
  const started = Date.now();
  await here.stop();
  if (Date.now() - started > 10_000) wrong.push('stop() takes more than 10 s');
  for (const socket of sockets) socket.destroy();
  wrong.push(...(await returned(before)));
  return {
    times,
    held: `a proper client; ${refused} emits returned false`,
    told: here.codes,
    wrong,
  };
}

/** Handshakes that never end, on `times` connections: half of a hello each. */
async function stalled({ folder, times }) {
  const { here, before } = await warmed('tls', folder, { maxConnections: times + 10 });
  const wrong = [];
  const hello = (await recorded(here.options)).up.subarray(0, 60);
  const sockets = await raws(here.options, times);
  for (const socket of sockets) socket.write(hello);
  if (!(await serves(here.place))) wrong.push('a proper client is not served');
  for (const socket of sockets) socket.destroy();
  wrong.push(...(await returned(before)));
  for (let i = 0; i < 250 && (here.codes.ECONNRESET ?? 0) < times; i++) await pause(20);
  if (here.codes.ECONNRESET !== times) wrong.push('not each handshake is told of');
  await here.stop();
  return { times, held: 'a proper client', told: here.codes, wrong };
}

/** Random bytes where a handshake should be. */
async function garbage({ folder, times }) {
  const { here, before } = await warmed('tls', folder, { maxConnections: times + 10 });
  const wrong = [];
  const { randomBytes } = require('node:crypto');
  for (let i = 0; i < times; i++) {
    const [socket] = await raws(here.options, 1);
    const ended = once(socket, 'close');
    socket.resume();
    // Half of them begin as a record of a handshake does.
    const bytes = randomBytes(1 + (i % 300));
    if (i % 2 === 0) Buffer.from([22, 3, 1, 0, 100]).copy(bytes);
    socket.end(bytes);
    await ended;
  }
  if (!(await serves(here.place))) wrong.push('a proper client is not served');
  wrong.push(...(await returned(before)));
  await here.stop();
  if (Object.keys(here.codes).some((code) => !/^E/.test(code))) wrong.push('a code of no kind');
  return { times, held: 'a proper client', told: here.codes, wrong };
}

/**
 * Between a client and the server at `options`: passes so many bytes `up` and `down`, and then ends both
 * sides with `cut`. Tells what has passed.
 */
async function between(options, { up = Infinity, down = Infinity, cut = 'end' } = {}) {
  const passed = { up: Buffer.alloc(0), down: Buffer.alloc(0), sockets: new Set() };
  const server = net.createServer((here) => {
    const there = net.connect(options);
    const stop = () => {
      for (const socket of [here, there]) {
        if (cut === 'reset' && socket.resetAndDestroy) socket.resetAndDestroy();
        else socket.end();
      }
    };
    for (const [from, to, way, most] of [
      [here, there, 'up', up],
      [there, here, 'down', down],
    ]) {
      passed.sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.on('data', (bytes) => {
        const room = most - passed[way].length;
        const some = bytes.subarray(0, Math.max(0, room));
        passed[way] = Buffer.concat([passed[way], some]);
        if (some.length > 0 && to.writable) to.write(some);
        if (passed[way].length >= most) stop();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    passed,
    options: { host: '127.0.0.1', port: server.address().port },
    close: () => {
      server.close();
      for (const socket of passed.sockets) socket.destroy();
    },
  };
}

/** What a handshake of a client of ferripc's consists of. */
async function recorded(options) {
  const middle = await between(options);
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'recorded', silent: true });
  placeAt('tls', middle.options).connectTo(ipc, 'server');
  await once(ipc.of.server, 'connect');
  await pause(50);
  const { up, down } = middle.passed;
  ipc.disconnect('server');
  middle.close();
  return { up, down };
}

/** A handshake that is cut after each number of bytes, from one side and the other, by an end or by a reset. */
async function cuts({ folder, step }) {
  const { here, before } = await warmed('tls', folder, {});
  const wrong = [];
  const told = {};
  const whole = await recorded(here.options);
  let times = 0;
  for (const cut of ['end', 'reset']) {
    for (const way of ['up', 'down']) {
      for (let at = 1; at < whole[way].length; at += step) {
        times++;
        const code = await cutAt(here.options, { [way]: at, cut });
        told[code] = (told[code] ?? 0) + 1;
        if (!/^E/.test(code) && code !== DISCONNECT) wrong.push(`${cut} ${way} ${at}: ${code}`);
      }
    }
  }
  if (!(await serves(here.place))) wrong.push('a proper client is not served');
  wrong.push(...(await returned(before)));
  await here.stop();
  for (const [code, count] of Object.entries(here.codes)) told[`server: ${code}`] = count;
  return {
    times,
    held: `a proper client; ${whole.up.length} and ${whole.down.length} bytes, every ${step}`,
    told,
    wrong,
  };
}

/** What a client of ferripc's says of a handshake that is cut. */
async function cutAt(options, how) {
  const middle = await between(options, how);
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'cut', silent: true, maxRetries: 0 });
  placeAt('tls', middle.options).connectTo(ipc, 'server');
  const client = ipc.of.server;
  const code = await new Promise((resolve) => {
    const timer = setTimeout(resolve, 10_000, 'nothing for 10 s');
    const settle = (it) => {
      clearTimeout(timer);
      resolve(it);
    };
    client.on('error', (error) => settle(error.code ?? `no code: ${error.message}`));
    client.on('disconnect', () => settle(DISCONNECT));
    // It is connected before the last of the server's bytes have come.
    client.on('connect', () => setTimeout(settle, 1000, 'not cut: fewer bytes have passed'));
  });
  ipc.disconnect('server');
  middle.close();
  return code;
}

module.exports = { halves, deaf, stalled, garbage, cuts };
