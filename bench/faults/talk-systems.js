'use strict';
// The other systems, each of which talks for a moment while system calls of its own may fail: what was received, and what
// was told. What a call is refused for is tried again, a few times. Used by talk.js, as its own talks are.

const path = require('node:path');
const { Task } = require('../../__test__/ipc2/tasks');
const { Talk } = require('./heard');

const COUNT = 7;
const LARGE = 3; // this one has a megabyte
const MEGABYTE = 'm'.repeat(1 << 20);
const TRIES = 5;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What `act` resolves with; each failure is heard. Undefined: it has failed too often. */
async function patiently(talk, act) {
  for (let i = 0; i < TRIES; i++) {
    try {
      return await act();
    } catch (error) {
      talk.hear(error);
      await pause(100);
    }
  }
  return undefined;
}

/** Whether all of `acts` are fulfilled, one after the other, with what they should. */
async function allOf(talk, acts) {
  for (const [act, isRight] of acts) {
    const result = await patiently(talk, act);
    if (result === undefined) return false;
    if (!isRight(result)) talk.fault(`not what was asked for: ${JSON.stringify(result)}`);
  }
  return true;
}

/** Asks the server, which answers with what it was asked. */
async function ipcio(file, { up }) {
  const { Client, Server } = require('../../ipcio');
  const talk = new Talk();
  const options = {
    ...{ domain: path.basename(file), socketRoot: path.dirname(file) },
    ...{ linger: 500, warnAtBytes: Infinity },
  };
  const server = new Server(options, { ask: ({ data }) => data });
  server.on('error', talk.hear);
  talk.attempt(() => server.start());
  const hasStarted = await server.ready().then(() => true, talk.hear);
  const client = new Client({ ...options, reconnectDelay: 20 });
  client.on('error', talk.hear);
  client.on('connect', () => talk.connections++);
  if (hasStarted) {
    client.connect().catch(talk.hear);
    up?.();
    const asks = Array.from({ length: COUNT }, (_, number) => {
      const data = { number, text: number === LARGE ? MEGABYTE : '' };
      const isRight = (it) => it.number === number && it.text === data.text;
      return [() => client.deliver('ask', data, { timeout: 1000 }), isRight];
    });
    talk.done = await allOf(talk, asks);
  }
  await client.disconnect().catch(talk.hear);
  await server.stop().catch(talk.hear);
  return talk;
}

/** Gives jobs to a worker, in which nothing fails. */
async function ipc2(file, { up }) {
  const { WorkerSet, codec } = require('../../ipc2');
  const talk = new Talk();
  // Their own codes say how a job has ended; what the system has said is the cause.
  const { hear } = talk;
  talk.hear = (error) => {
    if (['OFFLINE', 'NO_WORKER', 'TIMEOUT'].includes(error?.code)) talk.errors.push(error.code);
    else hear(error?.code === 'IO' ? error.cause : error);
  };
  const env = { ...process.env };
  delete env.LD_PRELOAD;
  const builder = WorkerSet.builder()
    .workerPath(path.join(__dirname, '..', '..', '__test__', 'fixtures', 'ipc2-worker.js'))
    .args([])
    .env(env)
    .workerCount(1)
    .queue(COUNT)
    .request(Task)
    .response(codec.u32);
  const set = await builder.finish().catch(talk.hear);
  if (!set) return talk;
  talk.connections = 1;
  up?.();
  const jobs = Array.from({ length: COUNT }, (_, number) =>
    number === LARGE
      ? [() => set.sendTimeout({ Echo: MEGABYTE }, 3000, 'Restart'), (it) => it === MEGABYTE.length]
      : [() => set.sendTimeout({ Add: [number, 1] }, 3000, 'Restart'), (it) => it === number + 1],
  );
  talk.done = await allOf(talk, jobs);
  await set.close({ timeout: 1000 }).catch(talk.hear);
  return talk;
}

/** An agent tells its controller of this and that, and has it do something. */
async function zmtp(file, { up }) {
  const { Agent, Controller } = require('../../pixivutil2');
  const talk = new Talk();
  const controller = new Controller({ comm: 'tcp://127.0.0.1:0', task: 'tcp://127.0.0.1:0' });
  controller.on('error', talk.hear);
  controller.onAria2((name, text) => text.length);
  if (await controller.start().catch(talk.hear)) {
    const place = { ...controller.endpoints, handshakeTimeout: 1000, notifyTimeout: 500 };
    const agent = await patiently(talk, () => Agent.connect({ identifier: 'agent', ...place }));
    if (agent) {
      talk.connections = 1;
      up?.();
      // `false`: the answer did not come in time.
      const tell = async () => {
        if (!(await agent.title('a title'))) talk.errors.push('ETIMEDOUT');
        return true;
      };
      const tells = Array.from({ length: COUNT }, () => [tell, (it) => it]);
      const call = [() => agent.aria2('file', MEGABYTE), (code) => code === MEGABYTE.length];
      talk.done = await allOf(talk, [...tells, call]);
      await agent.close().catch(talk.hear);
    }
  }
  await controller.stop().catch(talk.hear);
  return talk;
}

let queues = 0;

/** Sends more than the queue holds; each message is received, in order. */
async function mqueue(file, { up }) {
  const { open, unlink } = require('../../mqueue');
  const talk = new Talk();
  const name = `/ferripc-faults-${process.pid}-${queues++}`;
  const made = [];
  const make = (options) => patiently(talk, async () => made[made.push(open(name, options)) - 1]);
  const output = await make({ create: true, maxmsg: 4, msgsize: 1024, read: false });
  const input = output && (await make({ write: false }));
  if (input) {
    talk.connections = 1;
    up?.();
    const numbers = Array.from({ length: 3 * COUNT }, (_, i) => i);
    const send = (i) => output.send(`${i}`, 0, { timeout: 3000 }).then(() => true);
    const take = () => input.receive({ timeout: 3000 });
    const [sent, taken] = await Promise.all([
      allOf(
        talk,
        numbers.map((i) => [() => send(i), (it) => it]),
      ),
      allOf(
        talk,
        numbers.map((i) => [take, ({ data }) => String(data) === `${i}`]),
      ),
    ]);
    talk.done = sent && taken;
  }
  for (const queue of made) queue.close();
  if (made.length > 0) await patiently(talk, async () => (unlink(name), true));
  return talk;
}

/** Asks this process, as a tool does. */
async function appview(file, { up }) {
  const { AppViewClient, AppViewServer } = require('../../appview');
  const talk = new Talk();
  const prefix = `Faults${process.pid}q${queues++}`;
  const server = new AppViewServer({ prefix, handlerTimeout: 500 });
  server.on('error', talk.hear);
  server.handle(6, ({ depth }) => ({ snapshot: depth }));
  server.publish({ viewed: true, cfg: { text: 'c'.repeat(50_000) } });
  if (talk.attempt(() => server.start())) {
    // Queues that could not be removed are in the way of the next request.
    const options = { prefix, timeout: 500, replaceStale: true };
    const client = new AppViewClient(process.pid, options);
    talk.connections = 1;
    up?.();
    talk.done = await allOf(talk, [
      [() => client.status(), ({ viewed }) => viewed === true],
      [() => client.config(), ({ cfg }) => cfg.current.text.length === 50_000],
      [() => client.setConfig({ text: 'd'.repeat(20_000) }), ({ status }) => status === 200],
      [() => client.request(6, { depth: 2 }), ({ body }) => body.snapshot === 2],
    ]);
  }
  server.stop();
  removeLeft(prefix);
  return talk;
}

/** Of queues that a client could not remove. */
function removeLeft(prefix) {
  const { unlink } = require('../../mqueue');
  for (const way of ['In', 'Out']) {
    try {
      unlink(`/${prefix}${way}.${process.pid}`);
    } catch {
      // none, as it should be
    }
  }
}

module.exports = { ipcio, ipc2, zmtp, mqueue, appview };
