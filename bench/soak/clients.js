'use strict';
// Some of the clients of the soak, in a process of their own: each has a few messages in flight, and now and then
// leaves and comes back. Started by run.js with `{place, tls, clients, first, seed}`.

const { IPC } = require('../..');
const { seeded } = require('../../__test__/helpers/random');
const { Ledger, make, sums } = require('./message');
const { sampled, told } = require('./process');

const { place, tls, clients, first, seed } = JSON.parse(process.argv[2]);
const random = seeded(seed);

/** Messages in flight of one client at most, messages of a visit, clients that connect at a time. */
const WINDOW = 4;
const VISIT = 400;
const AT_A_TIME = 20;

const errors = new Map();
let going = true;

class One {
  ledger = new Ledger();
  sent = 0;
  visits = 0;

  constructor(name) {
    this.name = name;
    this.ipc = new IPC();
    Object.assign(this.ipc.config, {
      id: name,
      silent: true,
      retry: 200,
      tls: tls?.client ?? false,
    });
  }

  /** Connects; resolves when the server has answered. */
  come() {
    const { ipc } = this;
    this.left = 1 + random(VISIT);
    this.visits++;
    return new Promise((resolve) => {
      if (place.path) ipc.connectTo('server', place.path);
      else ipc.connectToNet('server', place.host, place.port);
      this.client = ipc.of.server;
      this.client.on('error', ({ code, message }) =>
        errors.set(code ?? message, (errors.get(code ?? message) ?? 0) + 1),
      );
      this.client.once('connect', () => this.client.emit('hello', this.name));
      this.client.once('welcome', resolve);
      this.client.on('down', (message) => {
        this.ledger.take(message);
        this.goOn();
      });
    });
  }

  /** Sends what may be sent, or leaves when nothing is in flight. */
  goOn() {
    while (going && this.left > 0 && this.sent - this.ledger.next < WINDOW) {
      this.left--;
      this.client.emit('up', make(this.sent++, random));
    }
    if (this.sent > this.ledger.next) return;
    if (!going) this.done?.();
    else if (this.left === 0) void this.again();
  }

  async again() {
    const { client } = this;
    const gone = new Promise((resolve) => client.socket.once('close', resolve));
    this.ipc.disconnect('server');
    await gone;
    await this.come();
    this.goOn();
  }

  /** Resolves when each message has its answer. */
  finish() {
    return new Promise((resolve) => {
      this.done = resolve;
      if (this.sent === this.ledger.next && this.client.socket && !this.client.socket.connecting)
        resolve();
    });
  }
}

async function main() {
  const all = Array.from({ length: clients }, (_, i) => new One(`c${first + i}`));
  const counts = () => ({ messages: all.reduce((sum, { ledger }) => sum + ledger.next, 0) });
  const samples = sampled(counts);
  for (let at = 0; at < all.length; at += AT_A_TIME) {
    await Promise.all(all.slice(at, at + AT_A_TIME).map((one) => one.come()));
  }
  process.send({ connected: clients });
  await told('go');
  for (const one of all) one.goOn();
  await told('stop');
  going = false;
  await Promise.all(all.map((one) => one.finish()));
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  const visits = all.reduce((sum, one) => sum + one.visits, 0);
  process.send({
    report: { received: sums(all.map(({ ledger }) => ledger)), sent, visits, errors: [...errors] },
  });
  await told('leave');
  for (const { ipc } of all) ipc.disconnect('server');
  await told('settle');
  all.length = 0;
  global.gc?.();
  samples.sample();
  await told('end');
  samples.stop();
  process.disconnect();
}

void main();
