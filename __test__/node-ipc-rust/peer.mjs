// What meets the Rust program of crates/node_ipc_tests: a server or a client on `spec.module`, which is node-ipc or
// ferripc. Does with each connection what that program does, see there, and prints as one line of JSON what has come of it.
// Ends well when its standard input does.

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

const spec = JSON.parse(process.argv[2]);
const { default: ipc } = await import(spec.module);
const values = JSON.parse(
  readFileSync(new URL('../../crates/node_ipc_tests/src/values.json', import.meta.url), 'utf8'),
);
const NUMBERS = 5000;

const report = (value) => console.log(JSON.stringify(value));
Object.assign(ipc.config, { silent: true, retry: 20, maxConnections: 100 });
if (spec.tls) {
  // Both sides show a certificate.
  const file = (name) => `${spec.tls}/${name}`;
  const own = { private: file(`${spec.role}.key`), public: file(`${spec.role}.crt`) };
  ipc.config.tls = { ...own, trustedConnections: file('ca.crt'), requestCert: true };
}
if (spec.serialization) {
  // Nobody waits for it. Its peers do not have it.
  Object.assign(ipc.config, { serialization: spec.serialization, serializationTimeout: 600_000 });
}

let count = 0;
let inOrder = true;

/** The half that answers. */
const answers = {
  echo: (data, emit) => emit('echoed', data),
  number: (data) => {
    if (data === 0) inOrder = true;
    inOrder &&= data === count;
    count++;
  },
  end: (data, emit) => {
    emit('counted', { count, inOrder });
    count = 0;
  },
  measure: (data, emit) => emit('measured', Buffer.byteLength(data)),
  nothing: (data, emit) => emit('got', data === undefined ? 'nothing' : JSON.stringify(data)),
};

/** What has come for the half that asks. */
const heard = [];
let wake = () => {};
const hear = (data) => {
  heard.push(data);
  wake();
};
async function next() {
  while (heard.length === 0) await new Promise((resolve) => (wake = resolve));
  return heard.shift();
}

const failure = ({ name, message, code }) => ({ name, message, code });

/** Gives a request up. On a busy machine that may be before its handler has begun: then with more patience. */
async function giveUp(ask, timeout = 20) {
  const { code } = await ask('never', null, { timeout }).catch(failure);
  const cancelled = await ask('cancelled');
  return cancelled || timeout > 60_000 ? { late: { code }, cancelled } : giveUp(ask, 2 * timeout);
}

async function play(emit, ask) {
  let same = 0;
  for (const value of values) {
    emit('echo', value);
    same += isDeepStrictEqual(await next(), value);
  }
  for (let i = 0; i < NUMBERS; i++) emit('number', i);
  emit('end', true);
  const counted = await next();
  emit('measure', 'ü'.repeat(1 << 19));
  const measured = await next();
  emit('nothing');
  const nothing = await next();
  const requests = ask && {
    double: await ask('double', 21),
    fails: await ask('fail').catch(failure),
    nobody: (await ask('nobody').catch(failure)).code,
    ...(await giveUp(ask)),
  };
  report({ same: same === values.length, counted, measured, nothing, requests: requests || null });
}

let cancelled = 0;

function handle(party) {
  party.handle('double', (number) => number * 2);
  party.handle('fail', () => {
    throw Object.assign(new TypeError('no'), { code: 'E_NO' });
  });
  party.handle('never', (data, { signal }) => {
    return new Promise(() => signal.addEventListener('abort', () => cancelled++));
  });
  party.handle('cancelled', () => cancelled > 0);
}

/** Errors that are of ferripc, and not of the system: peers are killed. */
const hearErrors = (party) =>
  party.on('error', ({ code }) => {
    if (code?.startsWith?.('ERR_FERRIPC')) report({ error: code });
  });

if (spec.role === 'server') {
  if (spec.path) ipc.serve(spec.path);
  else ipc.serveNet('127.0.0.1', spec.port);
  const { server } = ipc;
  for (const [type, answer] of Object.entries(answers)) {
    server.on(type, (data, socket) => answer(data, (...args) => server.emit(socket, ...args)));
  }
  for (const type of ['echoed', 'counted', 'measured', 'got']) server.on(type, hear);
  if (spec.requests) handle(server);
  hearErrors(server);
  server.on('connect', (socket) => {
    const ask = spec.requests && ((...args) => server.request(socket, ...args));
    play((...args) => server.emit(socket, ...args), ask);
  });
  server.on('start', () => report('listening'));
  server.on('socket.disconnected', () => report('disconnected'));
  server.start();
} else {
  if (spec.path) ipc.connectTo('rust', spec.path);
  else ipc.connectToNet('rust', '127.0.0.1', spec.port);
  const client = ipc.of.rust;
  const emit = (...args) => client.emit(...args);
  for (const [type, answer] of Object.entries(answers))
    client.on(type, (data) => answer(data, emit));
  for (const type of ['echoed', 'counted', 'measured', 'got']) client.on(type, hear);
  if (spec.requests) handle(client);
  hearErrors(client);
  let connected = false;
  client.on('connect', () => {
    connected = true;
    play(emit, spec.requests && ((...args) => client.request(...args)));
  });
  client.on('disconnect', () => {
    if (connected) report('disconnected');
    connected = false;
  });
}

process.stdin.resume().on('end', () => {
  if (spec.role === 'client') ipc.disconnect('rust');
  else ipc.server.stop();
  setTimeout(() => process.exit(0), 50);
});
