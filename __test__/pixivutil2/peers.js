'use strict';
// Programs that no part of ferripc made, for the tests beside it: libzmq in Python (zmq_peer.py) and in Node (the
// package `zeromq`), with the same calls; and the recordings of the real PixivUtil2 (docs/vectors).

const fs = require('node:fs');
const path = require('node:path');
const zeromq = require('zeromq');
const { Python, missing } = require('../helpers/python');

zeromq.context.blocky = false; // sockets do not keep the process from ending

/** Generous: machines are busy. */
const PATIENCE = 60_000;

/** Why Python has no libzmq here; null if it has. */
const noPyzmq = missing('pyzmq');

/** Where a controller can listen, all that this system has. */
const PLACES = ['tcp', 'ipc', 'abstract'].filter(
  (kind) =>
    kind === 'tcp' || process.platform === { ipc: process.platform, abstract: 'linux' }[kind],
);

let last = 0;

/** Two endpoints to listen on. */
function endpoints(world, kind) {
  const make = {
    tcp: () => 'tcp://127.0.0.1:0',
    ipc: () => `ipc://${world.file()}`,
    abstract: () => `ipc://@ferripc-${process.pid}-${++last}`,
  }[kind];
  return { comm: make(), task: make() };
}

const toHex = (frame) => Buffer.from(frame).toString('hex');
const fromHex = (frame) => Buffer.from(frame, 'hex');

/** libzmq in Python, a process. Its methods are the functions of zmq_peer.py. */
class PythonPeer extends Python {
  constructor(world) {
    super(world, path.join(__dirname, 'zmq_peer.py'));
  }

  connect(name, endpoint, { heartbeat = 0, identity = '' } = {}) {
    return this.call('connect', name, endpoint, heartbeat, identity);
  }

  bind(name, endpoint) {
    return this.call('bind', name, endpoint);
  }

  async ask(name, frames, timeout = PATIENCE) {
    const { answer } = await this.call('ask', name, frames.map(toHex), timeout);
    return answer && answer.map(fromHex);
  }

  repeat(name, frames, count, timeout = PATIENCE) {
    return this.call('repeat', name, frames.map(toHex), count, timeout);
  }

  send(name, frames) {
    return this.call('send', name, frames.map(toHex));
  }

  async receive(name, timeout = PATIENCE) {
    return (await this.call('receive', name, timeout))?.map(fromHex) ?? null;
  }

  close(name) {
    return this.call('close', name);
  }
}

/** libzmq in Node, in this process. */
class NodePeer {
  #sockets = new Map();

  constructor(world) {
    world.after(() => {
      for (const socket of this.#sockets.values()) socket.close();
    });
  }

  async connect(name, endpoint, { heartbeat = 0, identity } = {}) {
    const options = {
      linger: 0,
      ...(heartbeat && { heartbeatInterval: heartbeat, heartbeatTimeout: 2000 }),
    };
    const socket = new zeromq.Request({ ...options, ...(identity && { routingId: identity }) });
    socket.connect(endpoint);
    this.#sockets.set(name, socket);
  }

  async bind(name, endpoint) {
    const socket = new zeromq.Router({ linger: 0 });
    await socket.bind(endpoint);
    this.#sockets.set(name, socket);
    return socket.lastEndpoint;
  }

  async ask(name, frames, timeout = PATIENCE) {
    await this.send(name, frames);
    return this.receive(name, timeout);
  }

  async repeat(name, frames, count, timeout) {
    for (let done = 0; done < count; done++) {
      if ((await this.ask(name, frames, timeout)) === null) return { answered: done };
    }
    return { answered: count };
  }

  send(name, frames) {
    return this.#sockets.get(name).send(frames);
  }

  async receive(name, timeout = PATIENCE) {
    const socket = this.#sockets.get(name);
    socket.receiveTimeout = timeout;
    try {
      return await socket.receive();
    } catch (error) {
      if (error.code === 'EAGAIN') return null;
      throw error;
    }
  }

  async close(name) {
    this.#sockets.get(name).close();
    this.#sockets.delete(name);
  }
}

/** Peers to drive tests from: `[name, class, why it is not here or null]`. */
const PEERS = [
  ['zeromq.js', NodePeer, null],
  ['pyzmq', PythonPeer, noPyzmq],
];

/** `describe` once for each peer; one that is not here is skipped, with the reason. */
function describePeers(body) {
  for (const [name, Peer, missing] of PEERS) {
    if (missing === null) describe(name, () => body((world) => new Peer(world)));
    else describe.skip(`${name} (${missing})`, () => body());
  }
}

const int32 = (number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(number);
  return bytes;
};

const bigEndian = (number, length) =>
  Buffer.from(
    BigInt(number)
      .toString(16)
      .padStart(2 * length, '0'),
    'hex',
  );

/** What was recorded in `docs/vectors/<name>`, by line. */
const recording = (name) =>
  fs
    .readFileSync(path.join(__dirname, '..', '..', 'docs', 'vectors', name), 'utf8')
    .trim()
    .split('\n');

/** What PixivUtil2 has sent, and what it was sent, in turns: `[from, bytes]`. */
function turns(name) {
  const all = [];
  for (const line of recording(`zmtp/${name}.txt`)) {
    const [from, hex] = line.split(' ');
    const bytes = Buffer.from(hex, 'hex');
    if (all.at(-1)?.[0] === from) all.at(-1)[1] = Buffer.concat([all.at(-1)[1], bytes]);
    else all.push([from, bytes]);
  }
  return all;
}

/** What it has sent to the comm socket. */
const said = () =>
  turns('comm')
    .filter(([from]) => from === 'REQ>ROUTER')
    .map(([, bytes]) => bytes);

/** Its greeting and READY on that socket. */
function handshake() {
  const all = Buffer.concat(said());
  return all.subarray(0, all.indexOf('HS') - 4); // before it: an empty frame, and the head of this one
}

module.exports = {
  NodePeer,
  PATIENCE,
  PLACES,
  PythonPeer,
  bigEndian,
  describePeers,
  endpoints,
  handshake,
  int32,
  noPyzmq,
  recording,
  said,
  turns,
};
