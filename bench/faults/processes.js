'use strict';
// Rows of `npm run faults`: processes that are killed, stopped, blocked or ended while they talk. Each is called by row.js.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { seeded } = require('../../__test__/helpers/random');
const { freshOptions, longOf, placeAt } = require('./places');
const { Watch, clientHere, hears, party, pause, serverHere, watchOne } = require('./watch');

/** So many at a time where there are many: a process takes longer to begin than to be ended. */
const LANES = 4;

/** What is told of a message that was cut. */
const CUT = 'ERR_FERRIPC_TRUNCATED_MESSAGE';

/**
 * `row` with its share of the times in each of several lanes, which have nothing in common; what came of all. Where
 * `cuts` is said, some messages have to have been cut; a row may count `within`, how often it was within a message.
 */
const inLanes =
  (row, { cuts = false } = {}) =>
  async (options) => {
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
    if (cuts && !all.told[CUT]) all.wrong.push('no message was cut');
    if (parts.some(({ within }) => within !== undefined)) {
      all.held += `, ${sum('within')} times within a message`;
      if (sum('within') === 0) all.wrong.push('it was never within a message');
    }
    return all;
  };

/** Has the process or thread `child` begin a message of which most is still to be sent; `say` is how it is told so. */
async function begun(child, say) {
  const isBegun = new Promise((resolve) =>
    child.on('message', (it) => it === 'begun' && resolve()),
  );
  say('begin');
  await Promise.race([isBegun, pause(20_000)]);
}

/** Kills the process `child`, and waits for its end. Every other one, as `i` counts them, has begun a long message. */
async function killed(child, i = 0) {
  if (i % 2 === 1) await begun(child, (word) => child.send(word));
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * One server after the other is killed in the middle of its messages; the client finds the next one. `before(child, here)`
 * is done to each before.
 */
const killedAfter = (before, hasBegun) =>
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
      await killed(child, hasBegun ? i : 0);
    }
    here.leave();
    const { messages, connections, codes: told, wrong } = watch;
    return { messages, connections, told, wrong };
  };

const killedServers = killedAfter(() => {}, true);

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
    await killed(child, i);
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

/**
 * Stops the process `child` and has it go on, again and again; what it sends must go on coming to `watch`. Returns how
 * often it was stopped within a message, as `isWithin` says.
 */
async function stopAndGoOn({ child, watch, isWithin }, times, random) {
  let within = 0;
  for (let i = 0; i < times; i++) {
    // Every other time, when a part of a message has come.
    const until = Date.now() + (i % 2 === 1 ? 500 : 0);
    while (Date.now() < until && !isWithin()) await new Promise(setImmediate);
    child.kill('SIGSTOP');
    await pause(random(40));
    if (isWithin()) within++;
    child.kill('SIGCONT');
    if (!(await hears(watch, 1))) watch.wrong.push('nothing comes any more');
    await pause(random(10));
  }
  return within;
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
  const isWithin = () => watch.isWithin(here.client.socket);
  const within = await stopAndGoOn({ child, watch, isWithin }, times, random);
  if (JSON.stringify(errorsBefore) !== JSON.stringify(watch.codes))
    watch.wrong.push('an error was told');
  return { ...onOne({ here, child, watch }), within };
}

/** The client is stopped and goes on, in the middle of its messages: on one connection, nothing is lost. */
async function stoppedClients({ folder, kind, times, seed = 1 }) {
  const random = seeded(seed);
  const options = await freshOptions(kind, folder);
  const wrong = [];
  const all = { messages: 0, connections: 0, wrong };
  let isWithin = null;
  const ipc = await serverHere(placeAt(kind, options), (socket) => {
    const watch = watchOne(all, kind);
    isWithin = () => watch.isWithin(socket);
    return watch;
  });
  const child = party({ role: 'client', kind, options });
  await hears(all, 3);
  const within = await stopAndGoOn({ child, watch: all, isWithin }, times, random);
  if (all.connections !== 1) wrong.push(`${all.connections} connections`);
  if (Object.keys(ipc.codes).length > 0) wrong.push('an error was told');
  await killed(child);
  await ipc.server.stop({ disconnect: true });
  return { ...all, told: {}, within };
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
    // Every other one has begun a long message.
    const mode = { [i % 2 === 1 ? 'exits' : 'exitAfter']: 1 + random(150) };
    const child = party({ role: 'client', kind, options, mode });
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
    if (i % 2 === 1) await begun(worker, (word) => worker.postMessage(word));
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
  killedServers: inLanes(killedServers, { cuts: true }),
  killedClients: inLanes(killedClients, { cuts: true }),
  stopped: inLanes(stopped),
  stoppedClients: inLanes(stoppedClients),
  killedWhileStopped: inLanes(killedWhileStopped),
  blocked,
  exits: inLanes(exits, { cuts: true }),
  terminated: inLanes(terminated, { cuts: true }),
  collected: inLanes(collected),
  inherited,
};
