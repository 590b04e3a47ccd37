// Runs one scenario once: forks one process per role, relays signals between them, collects the
// transcripts. Called by suite.js for each pairing and transport.
'use strict';

const path = require('node:path');
const { fork } = require('node:child_process');
const { allocate } = require('./endpoints.js');
const { startRelay } = require('./wire.js');

const ROLE = path.join(__dirname, '../role.js');
// Far above what any scenario needs: it only turns a hang into a readable failure.
const HANG_MS = 60_000;

// 'server*' roles play the left side of a pairing, 'client*' roles the right one,
// every other role is a plain program without ipc.
function implementationOf(role, pairing) {
  const [left, right = left] = pairing.split('-');
  if (role.startsWith('server')) return left;
  if (role.startsWith('client')) return right;
  return null;
}

class Run {
  constructor(scenario, pairing, transport) {
    this.scenario = scenario;
    this.pairing = pairing;
    this.transport = transport;
    this.lines = {};
    this.exits = {};
    this.impls = {};
    this.output = '';
    this.children = new Map();
    this.signals = [];
    this.pending = new Set();
  }

  async execute() {
    const { scenario, transport } = this;
    const count = scenario.endpoints || 1;
    const space = await allocate(transport, count + (scenario.wire ? 1 : 0));
    let relay = null;
    try {
      if (scenario.wire) relay = await startRelay(space.list[count], space.list[0]);
      await this.play(space, relay ? [space.list[count]] : space.list);
      if (relay) this.lines.wire = relay.record();
    } finally {
      if (relay) relay.close();
      space.release();
    }
    return this;
  }

  play(space, clientEndpoints) {
    return new Promise((resolve, reject) => {
      this.fail = (reason) => {
        clearTimeout(watchdog);
        this.children.forEach((child) => child.kill('SIGKILL'));
        reject(new Error(`${reason}\n${this.report()}`));
      };
      const watchdog = setTimeout(() => this.fail('the scenario hangs'), HANG_MS);
      this.finish = () => {
        clearTimeout(watchdog);
        resolve();
      };
      for (const role of Object.keys(this.scenario.roles)) {
        const impl = implementationOf(role, this.pairing);
        const endpoints = role.startsWith('client') ? clientEndpoints : space.list;
        this.start(role, {
          file: this.scenario.file,
          role,
          impl,
          transport: this.transport,
          dir: space.dir,
          ports: space.ports,
          endpoints,
        });
      }
    });
  }

  start(role, spec) {
    this.lines[role] = [];
    this.impls[role] = spec.impl;
    this.pending.add(role);
    const child = fork(ROLE, [JSON.stringify(spec)], {
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.children.set(role, child);
    const keep = (chunk) => (this.output += `[${role}] ${chunk}`);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('message', (message) => this.onMessage(role, message));
    child.on('close', (code, signal) => this.onExit(role, code, signal));
    child.on('error', (error) => this.fail(`${role}: ${error.message}`));
    for (const message of this.signals) child.send(message);
  }

  onMessage(role, message) {
    if (message.log !== undefined) this.lines[role].push(message.log);
    if (message.signal !== undefined) {
      this.signals.push(message);
      this.children.forEach((child) => child.connected && child.send(message, () => {}));
    }
    if (message.failed !== undefined) this.fail(`role ${role} failed: ${message.failed}`);
    if (message.done) this.settle(role);
  }

  // A role that is done stays alive until all are, so that nobody sees a peer vanish early.
  settle(role) {
    this.pending.delete(role);
    if (this.pending.size > 0) return;
    this.children.forEach((child) => child.connected && child.send({ exit: true }, () => {}));
  }

  onExit(role, code, signal) {
    this.children.delete(role);
    this.exits[role] = signal || code;
    if (this.pending.has(role)) {
      if (!(this.scenario.mayExit || []).includes(role)) {
        this.fail(`role ${role} exited early (${this.exits[role]})`);
        return;
      }
      // The others may wait for it: its end is a signal too.
      this.onMessage(role, { signal: `exit:${role}`, data: this.exits[role] });
      this.settle(role);
    }
    if (this.children.size === 0) this.finish();
  }

  report() {
    const roles = Object.entries(this.lines).map(([role, lines]) => {
      const shown = lines.length > 60 ? ['...', ...lines.slice(-60)] : lines;
      return `--- ${role} (${this.impls[role]})\n${shown.join('\n')}`;
    });
    return `${this.scenario.name} ${this.pairing} ${this.transport}\n${roles.join('\n')}\n${this.output}`;
  }
}

function run(scenario, pairing, transport) {
  return new Run(scenario, pairing, transport).execute();
}

module.exports = { run };
