'use strict';
// A UDP server, and its other end by hand: a node:dgram socket that can send anything. For the suites udp*.test.js.

const dgram = require('node:dgram');
const { once } = require('./events');

class DatagramPeer {
  #messages = [];
  #waiting = [];

  constructor(socket) {
    this.socket = socket;
    this.port = socket.address().port;
    socket.on('message', (bytes, from) => {
      if (this.#waiting.length > 0) this.#waiting.shift()({ bytes, from });
      else this.#messages.push({ bytes, from });
    });
  }

  /** The next datagram: `{bytes, from}`. */
  async next() {
    return this.#messages.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The text of the next datagram. */
  async text() {
    return (await this.next()).bytes.toString();
  }

  /** Sends a datagram; resolves when the system has it. */
  send(server, data) {
    const { port, address } = server.server.address();
    return new Promise((resolve, reject) => {
      this.socket.send(data, port, address, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Resolves when everything sent to this peer before `mark` has come: the texts before it. */
  async until(mark) {
    const texts = [];
    for (;;) {
      const text = await this.text();
      if (text === mark) return texts;
      texts.push(text);
    }
  }
}

/** A bound peer; `world` closes it after the test. */
async function datagramPeer(world, { type = 'udp4', address } = {}) {
  const socket = dgram.createSocket(type);
  let open = true;
  socket.once('close', () => (open = false));
  world.after(() => open && socket.close());
  socket.bind(0, address ?? (type === 'udp6' ? '::1' : '127.0.0.1'));
  await once(socket, 'listening');
  return new DatagramPeer(socket);
}

/** Whether this machine has IPv6. */
function hasIPv6() {
  return new Promise((resolve) => {
    const probe = dgram.createSocket('udp6');
    probe.once('error', () => resolve(false));
    probe.bind(0, '::1', () => probe.close(() => resolve(true)));
  });
}

/** What the system takes as one datagram, in bytes. */
const MOST = 65507;

/** A message on the wire. */
const message = (type, data) => `${JSON.stringify({ type, data })}\f`;

/** The errors of a server, as they come. */
function errorsOf(server) {
  const errors = [];
  server.on('error', (error) => errors.push(error));
  return errors;
}

/** UDP servers and their peers, which `world` takes away after the test. */
function udpOf(world) {
  /** A server that is not yet started. */
  function make(config, { host = '127.0.0.1', port = '0', type = 'udp4' } = {}) {
    const ipc = world.ipc(config);
    ipc.serveNet(host, port, type);
    return ipc.server;
  }

  async function serve(config, options) {
    const server = make(config, options);
    await server.start();
    return server;
  }

  const peer = (options) => datagramPeer(world, options);
  const place = ({ port }) => ({ address: '127.0.0.1', port });

  return { make, serve, peer, place };
}

module.exports = { MOST, datagramPeer, errorsOf, hasIPv6, message, udpOf };
