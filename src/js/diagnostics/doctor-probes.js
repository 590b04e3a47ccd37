'use strict';
// What the doctor tries: messages from this process to itself, by each transport. Used by doctor.js.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const IPC = require('../node-ipc/ipc');
const { makeCertificate } = require('./doctor-certificate');

/** How long a probe may take, in ms. */
const LIMIT = 5000;
const ROUND_TRIPS = 100;
const HOST = '127.0.0.1';

function instance(config) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'doctor', silent: true, maxRetries: 0 }, config);
  return ipc;
}

/** The median time of round trips, in µs. `ask(number)` sends; `onAnswer(handler)` gets the answers. */
async function roundTrips(ask, onAnswer) {
  const times = [];
  let answered;
  onAnswer((number) => {
    if (number === times.length) answered();
  });
  while (times.length < ROUND_TRIPS) {
    const begin = process.hrtime.bigint();
    const answer = new Promise((resolve) => (answered = resolve));
    ask(times.length);
    await answer;
    times.push(Number(process.hrtime.bigint() - begin) / 1000);
  }
  return times.sort((a, b) => a - b)[ROUND_TRIPS / 2];
}

/** A server and a client. `serve(ipc)`, `connect(ipc, server)`. */
async function stream({ config = {}, clientConfig = config, serve, connect }, ends) {
  const [host, guest] = [instance(config), instance(clientConfig)];
  ends.push(async () => {
    guest.disconnect('doctor');
    if (host.server) await host.server.stop({ disconnect: true });
  });
  const begin = process.hrtime.bigint();
  serve(host);
  host.server.on('ask', (number, socket) => host.server.emit(socket, 'answer', number));
  await host.server.start();
  connect(guest, host.server);
  const client = guest.of.doctor;
  await new Promise((resolve, reject) => {
    client.on('connect', resolve);
    client.on('error', reject);
    host.server.on('error', reject);
  });
  const connectMs = Number(process.hrtime.bigint() - begin) / 1e6;
  const ask = (number) => client.emit('ask', number);
  const us = await roundTrips(ask, (handler) => client.on('answer', handler));
  return { connectMs, roundTripUs: us };
}

function local(ends) {
  let file;
  if (process.platform === 'win32') {
    file = `\\\\.\\pipe\\ferripc-doctor-${process.pid}-${Date.now().toString(36)}`;
  } else {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-'));
    ends.push(() => fs.rmSync(directory, { recursive: true, force: true }));
    file = path.join(directory, 's');
  }
  return stream(
    { serve: (ipc) => ipc.serve(file), connect: (ipc) => ipc.connectTo('doctor', file) },
    ends,
  );
}

const net = (configs) => (ends) =>
  stream(
    {
      ...configs(),
      serve: (ipc) => ipc.serveNet(HOST, '0'),
      connect: (ipc, { server }) => ipc.connectToNet('doctor', HOST, server.address().port),
    },
    ends,
  );

function tlsConfigs() {
  const { key, cert } = makeCertificate();
  return { config: { tls: { key, cert } }, clientConfig: { tls: { ca: cert } } };
}

async function udp(ends) {
  const [host, guest] = [instance(), instance()];
  const begin = process.hrtime.bigint();
  const failed = new Promise((resolve, reject) => {
    for (const ipc of [host, guest]) {
      ipc.serveNet(HOST, '0', 'udp4');
      ipc.server.on('error', reject);
      ends.push(() => ipc.server.stop());
    }
  });
  failed.catch(() => {}); // the starts report it first, if it is theirs
  await Promise.all([host.server.start(), guest.server.start()]);
  const { port } = host.server.server.address();
  host.server.on('ask', (number, peer) => host.server.emit(peer, 'answer', number));
  const connectMs = Number(process.hrtime.bigint() - begin) / 1e6;
  const ask = (number) => guest.server.emit({ address: HOST, port }, 'ask', number);
  const trips = roundTrips(ask, (handler) => guest.server.on('answer', handler));
  return { connectMs, roundTripUs: await Promise.race([trips, failed]) };
}

const PROBES = [
  ['local', process.platform === 'win32' ? 'pipe' : 'unix socket', local],
  ['tcp', 'TCP', net(() => ({}))],
  ['udp', 'UDP', udp],
  ['tls', 'TLS', net(tlsConfigs)],
];

/** Runs `act(ends)` within the limit, and then the functions that it has put into `ends`, last one first. */
async function limited(act) {
  const ends = [];
  let timer;
  const late = (what) =>
    new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} within ${LIMIT / 1000} s`)), LIMIT);
    });
  try {
    const running = act(ends);
    running.catch(() => {}); // if it fails after the limit
    const result = await Promise.race([running, late('no answer')]);
    clearTimeout(timer);
    return { ok: true, ...result };
  } catch (error) {
    clearTimeout(timer);
    return { ok: false, error: error.message, code: error.code ?? null };
  } finally {
    const all = (async () => {
      for (const end of ends.reverse()) await end();
    })();
    await Promise.race([all, late('no end')]).catch(() => {});
    clearTimeout(timer);
  }
}

/** `{name, title, ok, connectMs, roundTripUs}` or `{name, title, ok, error, code}` of each, one after the other. */
async function* runProbes() {
  for (const [name, title, act] of PROBES) {
    yield { name, title, ...(await limited(async (ends) => act(ends))) };
  }
}

module.exports = { runProbes };
