'use strict';
// Rows of `npm run faults`: the other systems, while their processes are killed in the middle of what they send, and peers
// send garbage or do not read. A proper peer is served afterwards. Each is called by row.js; systems-party.js is
// the process that is killed.

const { fork } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { seeded } = require('../../__test__/helpers/random');
const { freshOptions } = require('./places');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function party(args) {
  return fork(path.join(__dirname, 'systems-party.js'), [JSON.stringify(args)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** What is said of a row: `wrong` gets what is missing. */
class Row {
  wrong = [];
  told = {};

  tell = (error) => {
    const code = error?.code ?? String(error);
    this.told[code] = (this.told[code] ?? 0) + 1;
    if (/GenericFailure|InvalidArg|UNKNOWN/.test(code)) this.wrong.push(`the code ${code}`);
  };

  expect(holds, otherwise) {
    if (!holds) this.wrong.push(otherwise);
  }
}

/** Whether `promise` is fulfilled with what `is` accepts, within 20 s. */
const within = (promise, is = () => true) =>
  Promise.race([promise.then(is, () => false), pause(20_000).then(() => false)]);

/** Peers that say `count` things that nobody should, and one each that says nothing and never reads. */
async function strangers(options, count, beginnings) {
  const sockets = [];
  for (let i = 0; i < count; i++) {
    const socket = net.connect(options);
    socket.on('error', () => {});
    await once(socket, 'connect').catch(() => {});
    const garbage = crypto.randomBytes(1 + (i % 4000));
    const beginning = beginnings[i % beginnings.length];
    socket.write(i % 3 === 0 ? garbage : Buffer.concat([beginning, garbage]));
    sockets.push(socket);
    const silent = net.connect(options);
    silent.on('error', () => {});
    silent.pause();
    sockets.push(silent);
  }
  await pause(100);
  return () => sockets.forEach((socket) => socket.destroy());
}

/** Has a process do something with `args`, and kills it while it does, `times` times; `before(child, i)` says when. */
async function killed(times, args, before, seed = 1) {
  const random = seeded(seed);
  for (let i = 0; i < times; i++) {
    const child = party({ ...args, name: `party ${i}` });
    await before(child, i);
    await pause(random(15));
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** Clients are killed within long messages; others send garbage, or do not read what is broadcast. */
async function ipcio({ folder, times }) {
  const { Client, Server } = require('../../ipcio');
  const row = new Row();
  const options = { domain: 'faults', socketRoot: folder, verbose: false };
  let messages = 0;
  const server = new Server(options, {
    long({ data }) {
      messages++;
      if (data !== 'l'.repeat(3_000_000)) row.wrong.push('not what was sent');
    },
    ask: ({ data }) => data,
  });
  server.on('error', row.tell);
  server.start();
  await once(server, 'listening');
  const end = await strangers({ path: path.join(folder, 'IPC.io.faults') }, times, [
    Buffer.from('{"command":'),
    Buffer.from('\f\f{}\f'),
  ]);
  await killed(times, { what: 'ipcio', options }, (child) => once(child, 'message'));
  const proper = new Client({ ...options, name: 'proper' });
  await proper.connect();
  await proper.broadcast('nothing', 'b'.repeat(1_000_000)).catch(row.tell);
  const served = within(proper.deliver('ask', 'x'), (it) => it === 'x');
  row.expect(await served, 'a proper client is not served');
  end();
  await proper.disconnect();
  await server.stop();
  return { times: 2 * times, held: `a proper client; ${messages} long messages`, ...row };
}

/** Workers with a job are killed: the job fails, and after a restart there is another worker. */
async function ipc2({ times }) {
  const { WorkerSet, codec } = require('../../ipc2');
  const { Task } = require('../../__test__/ipc2/tasks');
  const row = new Row();
  const script = path.join(__dirname, '..', '..', '__test__', 'fixtures', 'ipc2-worker.js');
  const builder = WorkerSet.builder().workerPath(script).args([]).workerCount(4);
  const set = await builder.request(Task).response(codec.u32).finish();
  let offline = 0;
  for (let i = 0; i < times; i += 4) {
    const jobs = Array.from({ length: 4 }, () =>
      set.send('Hang').then(
        () => null,
        (error) => error,
      ),
    );
    await pause(5);
    for (const pid of set.pids()) process.kill(pid, 'SIGKILL');
    for (const error of await Promise.all(jobs)) {
      row.tell(error);
      if (error?.code === 'OFFLINE' && error.exit?.signal === 'SIGKILL') offline++;
      else row.wrong.push(`the job of a killed worker: ${error}`);
    }
    await set.restart();
  }
  row.expect(await within(set.send({ Add: [1, 2] }), (it) => it === 3), 'no worker any more');
  await set.close();
  return { times, held: `${offline} jobs have failed, each with the end of its worker`, ...row };
}

/** Agents are killed; others send bytes that are not ZMTP, or half a greeting. */
async function zmtp({ folder, times }) {
  const { Agent, Controller } = require('../../pixivutil2');
  const row = new Row();
  const places = await Promise.all(['tcp', 'tcp'].map((kind) => freshOptions(kind, folder)));
  const [comm, task] = places.map(({ host, port }) => `tcp://${host}:${port}`);
  const controller = new Controller({ comm, task });
  controller.on('error', row.tell);
  await controller.start();
  const greeting = Buffer.from(
    `ff00000000000000017f0300${Buffer.from('NULL').toString('hex')}`,
    'hex',
  );
  const end = await strangers(places[0], times, [greeting, greeting.subarray(0, 10)]);
  await killed(times, { what: 'zmtp', comm, task }, (child) => once(child, 'message'));
  const agent = Agent.connect({ identifier: 'proper', comm, task, handshakeTimeout: 20_000 });
  const served = within(agent.then((it) => it.total(3)));
  row.expect(await served, 'a proper agent is not served');
  await agent.then((it) => it.close()).catch(row.tell);
  end();
  await controller.stop();
  return { times: 2 * times, held: 'a proper agent', ...row };
}

/** Who sends, and then who receives, is killed: messages are whole and in order, and the queue goes on. */
async function mqueue({ times }) {
  const { open, unlink } = require('../../mqueue');
  const row = new Row();
  const name = `/ferripc-faults-${process.pid}`;
  const queue = open(name, { create: true, exclusive: true, maxmsg: 10, msgsize: 8192 });
  let received = 0;
  try {
    await killed(times, { what: 'sender', queue: name }, async () => {
      let last = -1;
      for (let i = 0; i < 30; i++) {
        const { data } = await queue.receive();
        const [sender, number] = [data.readUInt32LE(0), data.readUInt32LE(4)];
        row.expect(data.length === 8192 && data[8191] === number % 256, 'not a whole message');
        row.expect(i === 0 || sender !== last.sender || number === last.number + 1, 'out of order');
        last = { sender, number };
        received++;
      }
    });
    await killed(times, { what: 'receiver', queue: name }, async (child) => {
      const told = once(child, 'message');
      for (let i = 0; i < 20; i++) await queue.send(Buffer.alloc(8192, i)).catch(row.tell);
      await told;
    });
    while (queue.attr().curmsgs > 0) await queue.receive();
    await queue.send('after');
    row.expect(String((await queue.receive()).data) === 'after', 'the queue does not go on');
  } finally {
    queue.close();
    unlink(name);
  }
  return { times: 2 * times, held: `${received} messages, each whole and in order`, ...row };
}

/** Requests that nobody should send: an asker makes both queues, sends them, and removes the queues. */
async function badRequests(pid, prefix, count) {
  const { open, unlink } = require('../../mqueue');
  const [input, output] = [`/${prefix}In.${pid}`, `/${prefix}Out.${pid}`];
  const bad = [
    () => crypto.randomBytes(1 + crypto.randomInt(8000)),
    () => '{"req":0,"uniq":1,"remain":9}', // no NUL
    () => '{"req":1,"uniq":1,"remain":99}\0{"req":', // more should follow
    () => `{"req":0,"uniq":1,"remain":-1}\0{"req":1}\0`,
    () => `${'['.repeat(8000)}\0\0`,
  ];
  for (let i = 0; i < count; i++) {
    const made = [input, output].map((name) => open(name, { create: true }));
    await made[0].send(bad[i % bad.length](), 0, { timeout: 1000 }).catch(() => {});
    await pause(5); // for the server, which may answer or not
    for (const queue of made) queue.close();
    for (const name of [input, output]) unlink(name);
  }
}

/** Stops a process; resolves when all of its threads have stopped. */
async function stop(child) {
  child.kill('SIGSTOP');
  const threads = `/proc/${child.pid}/task`;
  const isStopped = (id) =>
    fs.readFileSync(`${threads}/${id}/stat`, 'utf8').split(') ').at(-1).startsWith('T');
  while (!fs.readdirSync(threads).every(isStopped)) await pause(1);
}

/** Askers are killed, or send garbage; then who is asked is stopped, and killed. */
async function appview({ times }) {
  const { AppViewClient } = require('../../appview');
  const row = new Row();
  const prefix = `Faults${process.pid}`;
  let child = null;
  const begin = async () => {
    child = party({ what: 'asked', prefix });
    await once(child, 'message');
  };
  await begin();
  const { pid } = child;
  // What is in the way is removed after this time; a busy machine may need it several times.
  const options = { prefix, timeout: 500, replaceStale: true };
  const serves = async (of) => {
    for (let i = 0; i < 20; i++) {
      const answer = await new AppViewClient(of, options).config().catch(row.tell);
      if (answer) return answer.cfg.current.text.length === 150_000;
    }
    return false;
  };
  for (let i = 0; i < times; i++) {
    await killed(1, { what: 'asker', prefix, pid }, (asker) => once(asker, 'message'), i + 1);
    row.expect(await serves(pid), 'nobody is served after an asker was killed');
  }
  await badRequests(pid, prefix, times);
  row.expect(await serves(pid), 'nobody is served after garbage');
  const impatient = new AppViewClient(pid, { ...options, timeout: 50 });
  for (let i = 0; i < times; i++) {
    await stop(child);
    row.expect(!(await impatient.status().catch(row.tell)), 'who is stopped has answered');
    child.kill('SIGCONT');
    row.expect(await serves(pid), 'nobody is served by who goes on');
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  row.expect(!(await impatient.status().catch(row.tell)), 'who is dead has answered');
  await begin();
  row.expect(await serves(child.pid), 'nobody is served by the next process');
  child.kill('SIGKILL');
  return { times: 3 * times + 1, held: 'a proper asker, each time', ...row };
}

module.exports = { ipcio, ipc2, zmtp, mqueue, appview };
