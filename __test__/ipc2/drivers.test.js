'use strict';
// What has to hold whoever moves the bytes of ipc2: this process's event loop, or an I/O thread
// (FERRIPC_DRIVER=tokio). Host and workers have the same driver, or each another one.

const fs = require('node:fs');
const { setTimeout: wait } = require('node:timers/promises');
const { TimeoutAction, codec, spawn } = require('../../ipc2');
const { Kind, open } = require('../../src/js/engine/ipc2-native');
const { each } = require('../helpers/combinations');
const { onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');
const { Task } = require('./tasks');
const { KINDS, SCRIPT, hasEnded, starter, tasks } = require('./workers');

const world = createWorld();
const start = starter(world);
const before = process.env.FERRIPC_DRIVER;

jest.setTimeout(120_000);

/** A builder of a set whose host and workers have these drivers. */
function driven(builder, host, worker) {
  process.env.FERRIPC_DRIVER = host; // read when there is no set yet
  return builder.env({ ...process.env, FERRIPC_DRIVER: worker });
}

afterEach(() => {
  if (before === undefined) delete process.env.FERRIPC_DRIVER;
  else process.env.FERRIPC_DRIVER = before;
});

/** Bytes that differ from those of another number at each place. */
const bytesOf = (number, length) => Buffer.alloc(length, Uint8Array.from([number, number ^ 0x55]));

const DRIVERS = ['loop', 'tokio'];
const TEAMS = each({ host: DRIVERS, worker: DRIVERS });

onUnix.describe.each(TEAMS)('the host by $host, its workers by $worker:', ({ host, worker }) => {
  const builder = (...args) => driven(KINDS.Node(...args).workerCount(1), host, worker);

  test('jobs, time-outs, ends, restart, close', async () => {
    const set = await start(driven(tasks('Node', 2).queue(100), host, worker));
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, i) => set.send({ Add: [i, 1] })),
    );
    expect(sums).toEqual(sums.map((_, i) => i + 1));
    const late = set.sendTimeout('Hang', 20, TimeoutAction.Restart);
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(set.send('Crash')).rejects.toMatchObject({ code: 'OFFLINE', exit: { code: 42 } });
    const pids = set.pids();
    await set.restart();
    expect(set.pids().filter((pid) => pids.includes(pid))).toEqual([]);
    for (let i = 0; i < 50; i++) await set.sendUnidirectional({ Note: 'x' });
    expect(await set.send({ Echo: 'ab' })).toBe(2);
    await set.close();
    await expect(set.send('Pid')).rejects.toMatchObject({ code: 'NO_WORKER' });
  });

  test('close() resolves when the end of each worker has been reported', async () => {
    const set = await start(driven(tasks('Node', 3), host, worker));
    const pids = set.pids();
    const told = [];
    set.on('exit', ({ pid }) => told.push(pid));
    await set.close();
    expect(told.sort()).toEqual(pids.sort());
  });

  test('close() ends a worker that is being started, too', async () => {
    const file = world.file(`first ${host} ${worker}`);
    const set = await start(
      builder('first', file).connectTimeout(600_000).request(Task).response(codec.u32),
    );
    process.kill(set.pids()[0], 'SIGKILL');
    while (fs.readFileSync(file, 'latin1') === '') await wait(10);
    const pid = Number(fs.readFileSync(file, 'latin1'));
    await set.close({ timeout: 0 });
    while (!hasEnded(pid)) await wait(10);
  });

  test('a worker that has ended its connection and lives on is killed at once', async () => {
    const { env } = driven(KINDS.Node(), host, worker)._process();
    const silent = await spawn(SCRIPT, { args: ['silent'], env });
    // Until the host knows.
    while ((await silent.sendUnidirectional(1).catch((it) => it)) === undefined) await wait(1);
    // Without a cause: it need not be told that the host waits for its end no longer.
    expect(await silent.kill()).toEqual({
      pid: silent.pid,
      code: null,
      signal: 'SIGKILL',
      cause: null,
    });
  });

  test('a call that is given up takes no other event with it', async () => {
    driven(KINDS.Node(), host, worker);
    const events = [];
    const native = open('Ipc2Host', (kind, id, payload) => events.push([kind, id, payload]));
    native.keepAlive(true);
    const limits = { connectTimeout: 600_000, maxMessageBytes: 1000, maxQueuedBytes: 1000 };
    native.spawn(1, 7, limits);
    while (events.length === 0) await wait(1);
    const [[kind, owner, payload]] = events.splice(0);
    expect([kind, owner]).toEqual([Kind.START, 1]);
    const { number } = JSON.parse(payload);
    native.giveUp(7);
    native.started(number, 1); // which nobody wants any more: it is to be killed
    native.tell(99, number, Buffer.from('x')); // a call of the same number, which has failed
    native.giveUp(number);
    native.tell(99, 8, Buffer.from('x'));
    while (events.length < 2) await wait(1);
    expect(events.map(([what, id]) => [what, id])).toEqual([
      [Kind.KILL, number],
      [Kind.FAILED, 8],
    ]);
    native.dispose();
  });

  test('after jobs in quick succession, workers see the end, and waiting jobs with a limit begin', async () => {
    // As long as the event loop looks for answers itself, without sleeping.
    for (let round = 0; round < 2; round++) {
      const set = await start(driven(tasks('Node', 2).queue(1000), host, worker));
      for (let i = 0; i < 50; i++) await set.send({ Add: [i, 1] });
      const jobs = Array.from({ length: 100 }, (_, i) =>
        set.sendTimeout({ Add: [i, 1] }, 60_000, TimeoutAction.Error),
      );
      expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i + 1));
      await set.close({ timeout: Infinity }); // nobody kills a worker that does not see the end
    }
  });

  test('large payloads arrive as they were sent, and each has memory of its own', async () => {
    const set = await start(builder('bytes').request(codec.bytes).response(codec.bytes));
    const lengths = [0, 1, 16_383, 16_384, 65_536, 262_143, 262_144, 1_000_000, 3_000_001, 6 << 20];
    const kept = [];
    for (const [number, length] of [...lengths, ...lengths].entries()) {
      const answer = await set.send(bytesOf(number, length));
      kept.push({ answer, expected: bytesOf(number, length) });
      if (number % 3 === 0) {
        answer.fill(7); // it belongs to whoever gets it
        kept.pop();
      }
    }
    for (const { answer, expected } of kept) expect(answer.equals(expected)).toBe(true);
  });

  test('what is sent after a job that was given up is whole', async () => {
    const set = await start(builder('bytes').request(codec.bytes).response(codec.bytes));
    for (let number = 0; number < 5; number++) {
      const call = new AbortController();
      const aborted = set.send(bytesOf(99, 2_000_000), { signal: call.signal });
      call.abort();
      await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
      const answer = await set.send(bytesOf(number, 300_000));
      expect(answer.equals(bytesOf(number, 300_000))).toBe(true);
    }
  });

  test('a job is given up after its answer has come, but was not reported: its worker is free at once', async () => {
    const set = await start(builder('bytes').request(codec.bytes).response(codec.bytes));
    for (let number = 0; number < 3; number++) {
      const call = new AbortController();
      const aborted = set.send(bytesOf(99, 10), { signal: call.signal });
      // Time for the answer to come, which this thread cannot look at. Too little of it proves nothing, and fails nothing.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      call.abort();
      await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
      expect(await set.send(bytesOf(number, 10))).toEqual(bytesOf(number, 10));
    }
  });

  test('jobs without an answer wait at the host for a worker that does not take them', async () => {
    const most = 1 << 20;
    const set = await start(builder('later').request(codec.bytes).maxQueuedBytes(most));
    let sent = 0;
    let error = null;
    // Without a limit at the worker, all of these would be accepted.
    while (error === null && sent < 1000) {
      await set.sendUnidirectional(bytesOf(sent & 255, 64 << 10)).then(
        () => sent++,
        (it) => (error = it),
      );
    }
    expect(error).toMatchObject({ code: 'IO', cause: { code: 'ENOBUFS' } });
    // What was accepted is not lost.
    const [pid] = set.pids();
    process.kill(pid, 'SIGUSR2');
    let answer;
    while (answer === undefined) {
      answer = await set.send(Buffer.alloc(0)).catch(({ code }) => wait(10, code)); // still full
      if (answer === 'IO') answer = undefined;
    }
    expect(answer).toEqual(Array.from({ length: sent }, (_, i) => i & 255));
  });

  test('a worker whose loop ends exits when its answer is sent', async () => {
    const set = await start(builder('once').respawn(false));
    const data = 'x'.repeat(5_000_000);
    const [exit] = await Promise.all([
      new Promise((resolve) => set.once('exit', resolve)),
      set.send(data).then((answer) => expect(answer === data).toBe(true)),
    ]);
    expect(exit).toMatchObject({ code: 0, signal: null });
  });

  test('many jobs at once keep neither timers nor each other waiting', async () => {
    const set = await start(driven(tasks('Node', 2).queue(10_000), host, worker));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const jobs = Array.from({ length: 3000 }, (_, i) => set.send({ Add: [i, i] }));
    const sums = await Promise.all(jobs);
    clearInterval(timer);
    expect(sums).toEqual(sums.map((_, i) => 2 * i));
    expect(ticks).toBeGreaterThan(0);
  });
});
