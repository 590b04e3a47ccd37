'use strict';
// Rows of `npm run faults`: what happens around the other systems while one process asks another: who answers is stopped and
// goes on, garbage is collected, the clock jumps. Each question has its answer. Called by row.js; systems-party.js answers.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { seeded } = require('../../__test__/helpers/random');
const { freshOptions } = require('./places');
const { Control } = require('./shim');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** In ms, for an answer: nothing here takes so long, and nothing of what is asked may give up earlier. */
const PATIENCE = 60_000;

/** Questions at a time. */
const AT_ONCE = 8;

const TEXT = 't'.repeat(100_000);

async function party(args) {
  const child = fork(path.join(__dirname, 'systems-party.js'), [JSON.stringify(args)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

/** System -> `{pid, ask, close}`: who answers, a question whose promise says whether the answer was right, the end. */
const talks = {
  async ipcio(folder) {
    const { Client } = require('../../ipcio');
    const options = { domain: 'faults', socketRoot: folder, warnAtBytes: 2 ** 40 };
    const child = await party({ what: 'ipcioServer', options });
    const client = new Client({ ...options, name: 'asker' });
    await client.connect();
    const ask = async (i) => (await client.deliver('ask', TEXT + i)) === TEXT + i;
    return { child, ask, close: () => client.disconnect() };
  },

  async ipc2() {
    const { WorkerSet, codec } = require('../../ipc2');
    const { Task } = require('../../__test__/ipc2/tasks');
    const script = path.join(__dirname, '..', '..', '__test__', 'fixtures', 'ipc2-worker.js');
    const builder = WorkerSet.builder().workerPath(script).args([]).workerCount(1).queue(1000);
    const set = await builder.request(Task).response(codec.u32).finish();
    const ask = async (i) => {
      const Echo = TEXT + 'x'.repeat(i);
      return (await set.send({ Echo })) === Echo.length;
    };
    const [pid] = set.pids();
    return {
      child: { kill: (signal) => process.kill(pid, signal) },
      ask,
      close: () => set.close(),
    };
  },

  async zmtp(folder) {
    const { Agent } = require('../../pixivutil2');
    const places = await Promise.all(['tcp', 'tcp'].map((kind) => freshOptions(kind, folder)));
    const [comm, task] = places.map(({ host, port }) => `tcp://${host}:${port}`);
    const child = await party({ what: 'controller', comm, task });
    const times = { handshakeTimeout: PATIENCE, notifyTimeout: PATIENCE, jobTimeout: PATIENCE };
    const agent = await Agent.connect({ comm, task, ...times });
    const ask = async (i) => {
      if (i % 2 === 0) return agent.title(TEXT);
      return (await agent.aria2('file', String(i))) === i;
    };
    return { child, ask, close: () => agent.close() };
  },

  async mqueue() {
    const { open, unlink } = require('../../mqueue');
    const names = ['there', 'back'].map((it) => `/ferripc-faults-${process.pid}-${it}`);
    const [there, back] = names.map((it) => open(it, { create: true, maxmsg: 4 }));
    const child = await party({ what: 'echo', names });
    const ask = async (i) => {
      const text = `${i} ${TEXT.slice(0, 8000)}`;
      const answer = back.receive();
      await there.send(text);
      return String((await answer).data) === text;
    };
    const close = () => {
      for (const queue of [there, back]) queue.close();
      names.forEach(unlink);
    };
    return { child, ask, close };
  },

  async appview() {
    const { AppViewClient } = require('../../appview');
    const prefix = `Around${process.pid}`;
    const child = await party({ what: 'asked', prefix });
    const client = new AppViewClient(child.pid, { prefix, timeout: PATIENCE });
    const ask = async () => (await client.config()).cfg.current.text.length === 150_000;
    return { child, ask, close() {} };
  },
};

/** `act(row)` is done while `row.ask()` asks; all answers have to be right. */
const row = (act) =>
  async function ({ folder, kind, times }) {
    const wrong = [];
    const { child, ask, close } = await talks[kind](folder);
    let asked = 0;
    const round = async () => {
      const all = Array.from({ length: AT_ONCE }, () => ask(asked++));
      const late = pause(PATIENCE).then(() => [{ reason: 'no answer' }]);
      for (const { value, reason } of await Promise.race([Promise.allSettled(all), late]))
        if (value !== true) wrong.push(String(reason?.stack ?? reason ?? 'another answer'));
    };
    await round();
    for (let i = 0; i < times && wrong.length === 0; i++) await act({ child, round, i, wrong });
    await close();
    if (child.connected) child.kill('SIGKILL');
    return { times, held: `${asked} answers, all of them right`, told: {}, wrong };
  };

const random = seeded(1);

/** Who answers is stopped with questions on the way, and goes on. */
const stopped = row(async ({ child, round }) => {
  const answered = round();
  await pause(random(10));
  child.kill('SIGSTOP');
  await pause(random(40));
  child.kill('SIGCONT');
  await answered;
});

/** Garbage collections, and heap snapshots now and then, with questions on the way. */
const collected = row(async ({ round, i }) => {
  const v8 = require('node:v8');
  v8.setFlagsFromString('--expose-gc');
  const gc = require('node:vm').runInNewContext('gc');
  const answered = round();
  gc();
  if (i % 25 === 0) v8.getHeapSnapshot().destroy();
  await new Promise(setImmediate);
  gc();
  await answered;
});

/** The wall clock jumps for both, by a day and by ten years, on and back, with questions on the way. */
const clock = row(async ({ round, i, wrong }) => {
  const control = new Control(process.env.FERRIPC_FAULTS);
  const before = Date.now();
  const answered = round();
  control.shift([86_400, -86_400, 315_360_000, -315_360_000, 0][i % 5]);
  if (i === 2 && Date.now() - before < 300_000_000_000) wrong.push('the clock has not jumped');
  await answered;
});

module.exports = { stopped, collected, clock };
