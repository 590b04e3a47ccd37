'use strict';
// Rows of `npm run faults`: processes that are killed, stopped, blocked or ended while they talk. Each is called by row.js.

const { fork, spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { IPC } = require('../..');
const { seeded } = require('../../__test__/helpers/random');
const { freshOptions, longOf, placeAt } = require('./places');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What comes over one connection after the other: in order, whole, and no more once it has ended. */
class Watch {
  wrong = [];
  messages = 0;
  connections = 0;
  codes = {};
  #next = 0;
  #long;

  constructor(kind) {
    this.#long = longOf(kind);
  }

  begin() {
    this.connections++;
    this.#next = 0;
  }

  take({ number, text }) {
    if (number !== this.#next) this.wrong.push(`${number} came, not ${this.#next}`);
    if (text !== (number % 3 === 2 ? this.#long : ''))
      this.wrong.push(`${number} is not what was sent`);
    this.#next = number + 1;
    this.messages++;
  }

  told = (error) => {
    this.codes[error.code] = (this.codes[error.code] ?? 0) + 1;
    if (!/^E/.test(error.code ?? '')) this.wrong.push(`no code: ${error.stack}`);
  };
}

/** The watch of one connection among many: `all` counts their messages, `all.wrong` has what was wrong with any. */
function watchOne(all, kind) {
  const watch = new Watch(kind);
  watch.wrong = all.wrong;
  watch.begin();
  all.connections++;
  return { take: (message) => (all.messages++, watch.take(message)) };
}

function party(args, env = {}) {
  return fork(path.join(__dirname, 'party.js'), [JSON.stringify(args)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** A client here that tells `watch` what comes, over however many connections. */
function clientHere(place, watch) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'here', silent: true, retry: 5 });
  place.connectTo(ipc, 'server');
  const client = ipc.of.server;
  client.on('connect', () => watch.begin());
  client.on('error', watch.told);
  client.on('down', (message) => watch.take(message));
  return { ipc, client, leave: () => ipc.disconnect('server') };
}

async function serverHere(place, watchOf) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'here', silent: true });
  place.serve(ipc);
  const { server } = ipc;
  const watches = new Map();
  server.on('connect', (socket) => {
    watches.set(socket, watchOf(socket));
  });
  server.on('error', (error) => {
    const { code } = error;
    ipc.codes[code] = (ipc.codes[code] ?? 0) + 1;
  });
  ipc.codes = {};
  server.on('up', (message, socket) => watches.get(socket).take(message));
  await server.start();
  return ipc;
}

/** Waits for `watch` to have got more; false after 20 s. */
async function hears(watch, more) {
  const until = watch.messages + more;
  for (let i = 0; i < 4000 && watch.messages < until; i++) await pause(5);
  return watch.messages >= until;
}

/** So many at a time where there are many: a process takes longer to begin than to be ended. */
const LANES = 4;

/** `row` with its share of the times in each of several lanes, which have nothing in common; what came of all. */
const inLanes = (row) => async (options) => {
  const { times } = options;
  const lanes = times < 10 * LANES ? 1 : LANES;
  const parts = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => {
      const share = Math.floor((times + lane) / lanes);
      return row({ ...options, times: share, seed: lane + 1 });
    }),
  );
  const all = { times, told: {}, wrong: parts.flatMap(({ wrong }) => wrong) };
  for (const { told } of parts)
    for (const [code, count] of Object.entries(told))
      all.told[code] = (all.told[code] ?? 0) + count;
  const sum = (name) => parts.reduce((total, part) => total + part[name], 0);
  all.held = `${sum('messages')} messages in order over ${sum('connections')} connections`;
  return all;
};

/** Kills the process `child`, and waits for its end. */
async function killed(child) {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * One server after the other is killed in the middle of its messages; the client finds the next one. `before(child, here)`
 * is done to each before.
 */
const killedAfter = (before) =>
  async function ({ folder, kind, times, seed = 1 }) {
    const random = seeded(seed);
    const options = await freshOptions(kind, folder);
    const watch = new Watch(kind);
    const here = clientHere(placeAt(kind, options), watch);
    for (let i = 0; i < times; i++) {
      const child = party({ role: 'server', kind, options });
      if (!(await hears(watch, 3))) watch.wrong.push(`nothing comes from server ${i}`);
      before(child, here, kind);
      await pause(random(20));
      await killed(child);
    }
    here.leave();
    const { messages, connections, codes: told, wrong } = watch;
    return { messages, connections, told, wrong };
  };

const killedServers = killedAfter(() => {});

/** It is stopped while the client goes on sending, and killed as it is. */
const killedWhileStopped = killedAfter((child, { client }, kind) => {
  const text = longOf(kind);
  child.kill('SIGSTOP');
  // More than the system takes: the end comes while the rest waits here.
  for (let number = 0; number < 2; number++) client.emit('up', { number, text });
});

/** The client is killed in the middle of its messages; the server goes on. */
async function killedClients({ folder, kind, times, seed = 1 }) {
  const random = seeded(seed);
  const options = await freshOptions(kind, folder);
  const wrong = [];
  const all = { messages: 0, connections: 0, wrong };
  let ends = 0;
  const ipc = await serverHere(placeAt(kind, options), (socket) => {
    socket.once('close', () => ends++);
    return watchOne(all, kind);
  });
  for (let i = 0; i < times; i++) {
    const child = party({ role: 'client', kind, options });
    if (!(await hears(all, 3))) wrong.push(`nothing comes from client ${i}`);
    await pause(random(20));
    await killed(child);
  }
  for (let i = 0; i < 400 && ends < all.connections; i++) await pause(10);
  if (ends !== all.connections) wrong.push(`${ends} of ${all.connections} connections have ended`);
  await ipc.server.stop({ disconnect: true });
  return { ...all, told: ipc.codes };
}

/** What is said of a talk with one server process over one connection, which is over. */
function onOne({ here, child, watch }) {
  if (watch.connections !== 1) watch.wrong.push(`${watch.connections} connections`);
  here.leave();
  child.kill('SIGKILL');
  const { messages, connections, wrong } = watch;
  return { messages, connections, told: {}, wrong };
}

/** Stops the process `child` and has it go on, again and again; what it sends must go on coming to `watch`. */
async function stopAndGoOn(child, watch, times, random) {
  for (let i = 0; i < times; i++) {
    child.kill('SIGSTOP');
    await pause(random(40));
    child.kill('SIGCONT');
    if (!(await hears(watch, 1))) watch.wrong.push('nothing comes any more');
    await pause(random(10));
  }
}

/** The server is stopped and goes on, in the middle of its messages: on one connection, nothing is lost. */
async function stopped({ folder, kind, times, seed = 1 }) {
  const random = seeded(seed);
  const options = await freshOptions(kind, folder);
  const watch = new Watch(kind);
  const here = clientHere(placeAt(kind, options), watch);
  const child = party({ role: 'server', kind, options });
  await hears(watch, 3);
  const errorsBefore = { ...watch.codes };
  await stopAndGoOn(child, watch, times, random);
  if (JSON.stringify(errorsBefore) !== JSON.stringify(watch.codes))
    watch.wrong.push('an error was told');
  return onOne({ here, child, watch });
}

/** The client is stopped and goes on, in the middle of its messages: on one connection, nothing is lost. */
async function stoppedClients({ folder, kind, times, seed = 1 }) {
  const random = seeded(seed);
  const options = await freshOptions(kind, folder);
  const wrong = [];
  const all = { messages: 0, connections: 0, wrong };
  const ipc = await serverHere(placeAt(kind, options), () => watchOne(all, kind));
  const child = party({ role: 'client', kind, options });
  await hears(all, 3);
  await stopAndGoOn(child, all, times, random);
  if (all.connections !== 1) wrong.push(`${all.connections} connections`);
  if (Object.keys(ipc.codes).length > 0) wrong.push('an error was told');
  await killed(child);
  await ipc.server.stop({ disconnect: true });
  return { ...all, told: {} };
}

/** The event loop of the server is blocked while messages come: all arrive afterwards. */
async function blocked({ folder, kind, seconds }) {
  const options = await freshOptions(kind, folder);
  const wrong = [];
  const child = party({ role: 'server', kind, options, mode: 'echo' });
  await once(child, 'message');
  const watch = new Watch(kind);
  const { client, leave } = clientHere(placeAt(kind, options), watch);
  await once(client, 'connect');
  client.emit('block', seconds * 1000);
  const count = 20_000;
  let next = 0;
  const all = new Promise((resolve) =>
    client.on('up', (number) => {
      if (number !== next++) wrong.push(`${number} came, not ${next - 1}`);
      if (next === count) resolve();
    }),
  );
  for (let number = 0; number < count; number++) client.emit('up', { number });
  await all;
  if (watch.connections !== 1) wrong.push(`${watch.connections} connections`);
  leave();
  child.kill('SIGKILL');
  return {
    times: 1,
    held: `${count} messages in order on one connection`,
    told: watch.codes,
    wrong,
  };
}

/** Processes that call process.exit(7) at any moment: they end with it, and the server goes on. */
async function exits({ folder, kind, times, seed = 1 }) {
  const random = seeded(seed);
  const options = await freshOptions(kind, folder);
  const wrong = [];
  const all = { messages: 0, connections: 0, wrong };
  const ipc = await serverHere(placeAt(kind, options), () => watchOne(all, kind));
  for (let i = 0; i < times; i++) {
    const child = party({ role: 'client', kind, options, mode: { exitAfter: 1 + random(150) } });
    const [code, signal] = await once(child, 'exit');
    if (code !== 7) wrong.push(`a process has ended with ${code ?? signal}`);
  }
  await ipc.server.stop({ disconnect: true });
  return { ...all, told: ipc.codes };
}

/** Workers that talk are terminated at any moment: the process goes on. */
async function terminated({ folder, kind, times, seed = 1 }) {
  const random = seeded(seed);
  const options = await freshOptions(kind, folder);
  const wrong = [];
  const all = { messages: 0, connections: 0, wrong };
  const ipc = await serverHere(placeAt(kind, options), () => watchOne(all, kind));
  const code = `process.argv[2] = ${JSON.stringify(JSON.stringify({ role: 'client', kind, options }))};
    require(${JSON.stringify(path.join(__dirname, 'party.js'))});`;
  for (let i = 0; i < times; i++) {
    const worker = new Worker(code, { eval: true });
    worker.on('error', (error) => wrong.push(`a worker failed: ${error.stack}`));
    if (!(await hears(all, 2))) wrong.push(`nothing comes from worker ${i}`);
    await pause(random(50));
    await worker.terminate();
  }
  await ipc.server.stop({ disconnect: true });
  return { ...all, told: ipc.codes };
}

/** Garbage collections, and heap snapshots, while messages come. */
async function collected({ folder, kind, times }) {
  const v8 = require('node:v8');
  v8.setFlagsFromString('--expose-gc');
  const gc = require('node:vm').runInNewContext('gc');
  const options = await freshOptions(kind, folder);
  const watch = new Watch(kind);
  const here = clientHere(placeAt(kind, options), watch);
  const child = party({ role: 'server', kind, options });
  await hears(watch, 3);
  for (let i = 0; i < times; i++) {
    gc();
    if (i % 50 === 0) v8.getHeapSnapshot().destroy();
    await new Promise(setImmediate);
  }
  if (!(await hears(watch, 3))) watch.wrong.push('nothing comes any more');
  return onOne({ here, child, watch });
}

/** Programs that are started while servers start and clients come and go have none of the sockets. */
async function inherited({ folder, kind, times }) {
  const wrong = new Set();
  const options = await freshOptions(kind, folder);
  const place = placeAt(kind, options);
  const ipc = await serverHere(place, () => ({ take() {} }));
  let going = true;
  let visits = 0;
  const comeAndGo = async () => {
    for (; going; visits++) {
      const { client, leave } = clientHere(place, new Watch(kind));
      await once(client, 'connect');
      const other = await serverHere(placeAt(kind, await freshOptions(kind, folder)), () => null);
      leave();
      await other.server.stop();
    }
  };
  const all = Promise.all([comeAndGo(), comeAndGo()]);
  for (let i = 0; i < times; i++) for (const line of await ownOf('ls')) wrong.add(line);
  going = false;
  await all;
  await ipc.server.stop({ disconnect: true });
  const held = `no descriptor; ${visits} connections and servers in the meantime`;
  return { times, held, told: {}, wrong: [...wrong] };
}

/** Sockets and the like that `program`, which lists its descriptors, was started with. */
async function ownOf(program) {
  const stdio = ['ignore', 'pipe', 'ignore'];
  const child = spawn(program, ['-l', '/proc/self/fd'], { stdio });
  let list = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (list += text));
  await once(child, 'close');
  const isOther = (line) => /\b([3-9]|\d\d+) ->/.test(line);
  return list
    .split('\n')
    .filter((it) => isOther(it) && /socket:|eventfd|eventpoll|mqueue/.test(it));
}

module.exports = {
  killedServers: inLanes(killedServers),
  killedClients: inLanes(killedClients),
  stopped: inLanes(stopped),
  stoppedClients: inLanes(stoppedClients),
  killedWhileStopped: inLanes(killedWhileStopped),
  blocked,
  exits: inLanes(exits),
  terminated: inLanes(terminated),
  collected: inLanes(collected),
  inherited,
};
