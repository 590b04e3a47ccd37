'use strict';
// One process of the load on the other systems: `{system, role, folder, parties, first, seed, at}`, started by systems.js.
// The `server` answers, and is what is measured; `clients` ask, each one question after the other, with messages that are
// numbered and hashed. Of ipc2 the server is the host, which asks its workers.

const path = require('node:path');
const { seeded } = require('../../__test__/helpers/random');
const { Ledger, isWhole, make } = require('./message');
const { sampled, told } = require('./process');

const { system, role, folder, parties, first, seed, at } = JSON.parse(process.argv[2]);
const random = seeded(seed);

/** Questions and answers, and what was wrong with them. */
const counts = { asked: 0, answered: 0, taken: 0, wrong: 0 };
const errors = new Map();
const note = (error) => {
  const name = error?.code ?? String(error);
  errors.set(name, (errors.get(name) ?? 0) + 1);
};

/** Looks at a message on the server's side. */
function take(message) {
  counts.taken++;
  if (!isWhole(message)) counts.wrong++;
}

/** Peers are ferripc's, so that long messages are nothing to warn of. */
const IPCIO = { domain: 'load', warnAtBytes: Infinity };

/** Of each system: `serve()` returns `{at, stop}`, and `join(n)` an asker: `{ask(number), leave()}`. */
const SYSTEMS = {
  ipcio: {
    async serve() {
      const { Server } = require('../../ipcio');
      const echo = ({ data }) => (take(data), data);
      const server = new Server({ ...IPCIO, socketRoot: folder }, { echo });
      server.on('error', note);
      server.start();
      await server.ready();
      return { at: null, stop: () => server.stop() };
    },
    async join() {
      const { Client } = require('../../ipcio');
      const client = new Client({ ...IPCIO, socketRoot: folder });
      client.on('error', note);
      await client.connect();
      const ask = async (n) => {
        const answer = await client.deliver('echo', make(n, random));
        return answer.n === n && isWhole(answer);
      };
      return { ask, leave: () => client.disconnect() };
    },
  },

  zmtp: {
    async serve() {
      const { Controller } = require('../../pixivutil2');
      const controller = new Controller({ comm: 'tcp://127.0.0.1:0', task: 'tcp://127.0.0.1:0' });
      controller.on('error', note);
      controller.onAria2((file, text) => {
        const message = JSON.parse(text);
        take(message);
        return message.n;
      });
      await controller.start();
      return { at: controller.endpoints, stop: () => controller.stop() };
    },
    async join(name) {
      const { Agent } = require('../../pixivutil2');
      const times = { handshakeTimeout: 60_000, notifyTimeout: 60_000, jobTimeout: 60_000 };
      const agent = await Agent.connect({ identifier: `agent ${name}`, ...at, ...times });
      const ask = async (n) => {
        const isTaken = await agent.title(`${n}`);
        return isTaken && (await agent.aria2('f', JSON.stringify(make(n, random)))) === n;
      };
      return { ask, leave: () => agent.close() };
    },
  },

  mqueue: {
    async serve() {
      const { open } = require('../../mqueue');
      const name = `/ferripc-load-${process.pid}`;
      const queue = open(name, { create: true, exclusive: true, write: false });
      const ledgers = new Map();
      queue.on('message', (data) => {
        const { from, ...message } = JSON.parse(data);
        if (!ledgers.has(from)) ledgers.set(from, new Ledger());
        const ledger = ledgers.get(from);
        ledger.take(message);
        counts.taken++;
        counts.wrong += ledger.lost + ledger.again + ledger.corrupt;
      });
      queue.on('error', note);
      return { at: name, stop: () => (queue.close(), queue.unlink()) };
    },
    async join(from) {
      const { open } = require('../../mqueue');
      const queue = open(at, { read: false });
      const ask = (n) =>
        queue.send(JSON.stringify({ from, ...make(n, random, 4000) })).then(() => true);
      return { ask, leave: () => queue.close() };
    },
  },

  appview: {
    async serve() {
      const { AppViewServer } = require('../../appview');
      const server = new AppViewServer({ prefix: 'FerripcLoad' });
      server.on('error', note);
      server.handle(6, ({ message }) => (take(message), { message }));
      server.start();
      return { at: process.pid, stop: () => server.stop() };
    },
    async join() {
      const { AppViewClient } = require('../../appview');
      const client = new AppViewClient(at, { prefix: 'FerripcLoad', timeout: 60_000 });
      const ask = async (n) => {
        const { body } = await client.request(6, { message: make(n, random, 100_000) });
        return body.message?.n === n && isWhole(body.message);
      };
      return { ask, leave() {} };
    },
  },

  ipc2: {
    async serve() {
      const { WorkerSet } = require('../../ipc2');
      const worker = path.join(__dirname, '..', '..', '__test__', 'fixtures', 'ipc2-worker.js');
      const builder = WorkerSet.builder().workerPath(worker).args(['json']).workerCount(4);
      this.set = await builder.queue(10_000).finish();
      return { at: null, stop: () => this.set.close() };
    },
    async join() {
      const ask = async (n) => {
        const message = make(n, random);
        const answer = await this.set.send(message);
        take(answer);
        return answer.n === n;
      };
      return { ask, leave() {} };
    },
  },
};

let going = true;

/** One question after the other, until it is told to stop. */
async function keepAsking({ ask }) {
  for (let n = 0; going; n++) {
    counts.asked++;
    try {
      if (await ask(n)) counts.answered++;
      else counts.wrong++;
    } catch (error) {
      note(error);
      return;
    }
  }
}

async function askers() {
  const list = [];
  for (let i = 0; i < parties; i++) list.push(await SYSTEMS[system].join(first + i));
  return list;
}

const report = () => process.send({ report: { ...counts, errors: [...errors] } });

async function settle(samples) {
  await told('settle');
  global.gc?.();
  samples.sample();
  await told('end');
  samples.stop();
}

const roles = {
  async server() {
    const server = await SYSTEMS[system].serve();
    process.send({ at: server.at });
    await new Promise((resolve) => setTimeout(resolve, 500)); // what waits has its thread by then
    const samples = sampled(() => ({ messages: counts.taken }));
    if (system === 'ipc2') await talk();
    else await told('report');
    report();
    await settle(samples);
    await server.stop();
  },

  async clients() {
    const samples = sampled(() => ({ messages: counts.answered }));
    const leave = await talk();
    report();
    await told('leave');
    await Promise.all(leave.map((act) => act()));
    await settle(samples);
  },
};

async function talk() {
  const list = await askers();
  process.send({ connected: list.length });
  await told('go');
  const asking = list.map(keepAsking);
  await told('stop');
  going = false;
  await Promise.all(asking);
  return list.map(({ leave }) => leave);
}

roles[role]().then(
  () => process.disconnect(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
