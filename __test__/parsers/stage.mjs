// What the players of this folder have in common: one package, and places for it to meet peers of Node's. They are run
// as `node PLAYER PACKAGE SIDE TRANSPORT FOLDER`.
// PACKAGE: what is imported. SIDE: server or client, whose events are noted. FOLDER: for sockets, with certificates
// in tls.json.

import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

const [, , name, side, transport, folder] = process.argv;
export { side, transport };
const module = await import(name);
const { IPCModule } = module;
export const { IPCProtocolError } = module.IPCProtocolError
  ? module
  : await import(`${name}/parsers`);
const family = JSON.parse(readFileSync(path.join(folder, 'tls.json'), 'utf8'));
const identity = (one) => ({ key: family[one].key, cert: family[one].cert, ca: family.ca.cert });

let places = 0;

/** Somewhere to meet: options of net.connect. */
export async function freePlace() {
  if (transport === 'unix') return { path: path.join(folder, `s${process.pid}-${places++}`) };
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return { host: '127.0.0.1', port };
}

export const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

/** Peers of the side that is tested. */
export const dial = (place) =>
  transport === 'tls'
    ? tls.connect({ ...place, ...identity('client'), servername: 'localhost' })
    : net.connect(place);
export const listen = (onSocket) =>
  transport === 'tls'
    ? tls.createServer({ ...identity('server'), requestCert: true }, onSocket)
    : net.createServer(onSocket);

export function makeIPC(config) {
  const ipc = new IPCModule();
  Object.assign(ipc.config, { silent: true, retry: 1, socketRoot: `${folder}/` }, config);
  if (transport === 'tls') {
    const checks = side === 'server' ? { requestCert: true } : { servername: 'localhost' };
    ipc.config.tls = { ...identity(side), ...checks, rejectUnauthorized: true };
  }
  return ipc;
}

/** What is told of an event's argument: errors by their code. */
export const shown = (value) => (value instanceof Error ? value.code : value);
