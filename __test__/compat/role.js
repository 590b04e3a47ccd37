// One role of one scenario in a process of its own: loads one implementation, plays the role and
// streams its transcript to the parent. Started by lib/run.js with one JSON argument.
'use strict';

const net = require('node:net');
const implementations = require('./lib/implementations.js');
const { describe, digest, normaliser } = require('./lib/describe.js');
const { address } = require('./lib/wire.js');

// the programs under test may replace it
const exit = process.exit.bind(process);

const spec = JSON.parse(process.argv[2]);
const scenario = require(spec.file);
const normalise = normaliser({ dir: spec.dir, ports: spec.ports, pid: process.pid });

const CLIENT_EVENTS = ['connect', 'disconnect', 'destroy', 'error'];
const SERVER_EVENTS = ['start', 'connect', 'disconnect', 'socket.disconnected', 'error', 'close'];

class Role {
  constructor() {
    this.name = spec.role;
    this.impl = spec.impl;
    this.isNew = spec.impl === 'new';
    this.transport = spec.transport;
    this.dir = spec.dir;
    this.implementation = spec.impl && implementations[spec.impl];
    this.digest = digest;
    this.describe = describe;
    this.frozen = false;
    this.labels = [];
    this.watchers = [];
    this.arrived = new Map();
    process.on('message', (message) => this.onMessage(message));
  }

  // The role's own fresh instance, ready for tests: quiet, and quick to retry.
  get ipc() {
    if (!this.instance) this.instance = this.create();
    return this.instance;
  }

  create(settings) {
    return this.prepare(new (this.implementation.IPC())(), settings);
  }

  get singleton() {
    return this.prepare(this.implementation.singleton());
  }

  prepare(ipc, settings) {
    Object.assign(ipc.config, { silent: true, logInColor: false, retry: 20 }, settings);
    return ipc;
  }

  endpoint(index = 0) {
    return spec.endpoints[index];
  }

  serve(callback, { ipc = this.ipc, at = 0 } = {}) {
    const { path, host, port } = this.endpoint(at);
    if (path) ipc.serve(path, callback);
    else if (this.transport === 'udp4') ipc.serveNet(host, port, 'udp4', callback);
    else ipc.serveNet(host, port, callback);
    return ipc.server;
  }

  connect(id, callback, { ipc = this.ipc, at = 0 } = {}) {
    const { path, host, port } = this.endpoint(at);
    if (path) ipc.connectTo(id, path, callback);
    else ipc.connectToNet(id, host, port, callback);
    return ipc.of[id];
  }

  // A plain socket or server, to see or to forge the bytes.
  rawConnect(at = 0, options = {}) {
    return net.connect({ ...address(this.endpoint(at)), ...options });
  }

  rawServe(onSocket, at = 0) {
    const server = net.createServer(onSocket);
    return new Promise((resolve) => {
      server.listen(address(this.endpoint(at)), () => resolve(server));
    });
  }

  log(label, ...values) {
    if (this.frozen) return;
    const line = [label, ...values.map(describe)].join(' ');
    process.send({ log: normalise(line) });
    this.labels.push(label);
    this.watchers = this.watchers.filter((watcher) => !watcher());
  }

  // Logs every lifecycle event of a client or server under `prefix.event`.
  watch(prefix, emitter, events) {
    const list = events || (emitter.sockets ? SERVER_EVENTS : CLIENT_EVENTS);
    for (const event of list) {
      emitter.on(event, (...args) => this.log(`${prefix}.${event}`, ...args));
    }
    return emitter;
  }

  // Resolves once this role has logged `label` `count` times.
  logged(label, count = 1) {
    return new Promise((resolve) => {
      const enough = () => {
        const reached = this.labels.filter((one) => one === label).length >= count;
        if (reached) resolve();
        return reached;
      };
      if (!enough()) this.watchers.push(enough);
    });
  }

  // The next `event` of an emitter; `on` and not `once`, whose meaning is itself under test.
  next(emitter, event) {
    return new Promise((resolve) => {
      let seen = false;
      emitter.on(event, (...args) => {
        if (!seen) resolve(args);
        seen = true;
      });
    });
  }

  signal(name, data) {
    process.send({ signal: name, data });
  }

  wait(name) {
    if (!this.arrived.has(name)) {
      let resolve;
      const promise = new Promise((done) => (resolve = done));
      this.arrived.set(name, { promise, resolve });
    }
    return this.arrived.get(name).promise;
  }

  onMessage(message) {
    if (message.signal !== undefined) {
      const entry = this.wait(message.signal);
      this.arrived.get(message.signal).resolve(message.data);
      return entry;
    }
    if (message.exit && !this.leaving) exit(0);
    return undefined;
  }

  // For what must NOT happen: there is no event to wait for, only a bound.
  quiet(ms = 60) {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  // Everything said so far has reached the parent; needed before a process.exit().
  flush() {
    return new Promise((resolve) => process.send({}, resolve));
  }

  // From here on nothing of the harness keeps the process alive: it must end by itself.
  leave() {
    this.leaving = true;
    process.removeAllListeners('message');
    process.channel.unref();
  }
}

async function main() {
  const role = new Role();
  process.on('uncaughtExceptionMonitor', (error) => role.log('CRASH', String(error.message)));
  try {
    await scenario.roles[spec.role](role);
    // one that leaves is done when its process has ended
    if (role.leaving) return;
    role.frozen = true;
    process.send({ done: true });
  } catch (error) {
    process.send({ failed: normalise(error.stack) });
  }
}

main();
