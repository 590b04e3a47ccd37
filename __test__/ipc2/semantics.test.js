'use strict';
// What a set of workers does as in ipc2 0.1.0, each rule in one test; the same with workers in Node and in Rust.

const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const net = require('node:net');
const { availableParallelism, cpus } = require('node:os');
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const {
  TimeoutAction,
  WorkerSet,
  WorkerSetJobError,
  codec,
  connect,
  spawn,
} = require('../../ipc2');
const { createWorld } = require('../helpers/world');
const { onLinux, onUnix } = require('../helpers/platform');
const { Task } = require('./tasks');
const { KINDS, SCRIPT, program, starter, tasks } = require('./workers');

const world = createWorld();
const start = starter(world);

jest.setTimeout(300_000); // the Rust programs may have to be built

const noWorker = { code: 'NO_WORKER', message: 'No available workers in this set!' };
const offline = { code: 'OFFLINE', message: 'This worker is offline.' };
const timeout = { code: 'TIMEOUT', message: 'Failed to receive response in time' };

onUnix.describe.each(Object.keys(KINDS))('with workers in %s', (kind) => {
  const handle = () => {
    const options = { request: Task, response: codec.u32 };
    return kind === 'Node' ? spawn(SCRIPT, options) : spawn(program('ipc2_test_worker'), options);
  };

  test('a job is answered', async () => {
    const set = await start(tasks(kind, 2));
    expect(await set.send({ Add: [6, 7] })).toBe(13);
    expect(await set.send({ Sub: [1, 2] })).toBe(0xffffffff);
    expect(await set.sendTimeout({ Echo: 'héllo' }, 1e9, TimeoutAction.Error)).toBe(6);
    expect(set.pids()).toHaveLength(2);
  });

  test('each worker has one job at a time; one job more is refused at once', async () => {
    const set = await start(tasks(kind, 2));
    const hanging = Promise.allSettled([set.send('Hang'), set.send('Hang')]);
    await expect(set.send('Pid')).rejects.toMatchObject(noWorker);
    expect(set.available()).toBe(0);
    await set.close({ timeout: 0 });
    for (const { reason } of await hanging) expect(reason).toMatchObject(offline);
  });

  test('jobs of one moment never share a worker, however fast the answers are', async () => {
    const set = await start(tasks(kind, 2));
    for (let i = 0; i < 20; i++) {
      const jobs = [1, 2, 3].map(() => set.send('Pid'));
      const [one, two, three] = await Promise.allSettled(jobs);
      expect(one.value).not.toBe(two.value);
      expect(three.reason).toMatchObject(noWorker);
    }
  });

  test('the worker that was free last is taken', async () => {
    const set = await start(tasks(kind, 3));
    const pid = await set.send('Pid');
    for (let i = 0; i < 5; i++) expect(await set.send('Pid')).toBe(pid);
  });

  test('after a timeout, TimeoutAction.Restart replaces the worker', async () => {
    const set = await start(tasks(kind));
    const pid = await set.send('Pid');
    const [[exit]] = await Promise.all([
      once(set, 'exit'),
      expect(set.sendTimeout('Hang', 50, TimeoutAction.Restart)).rejects.toMatchObject(timeout),
    ]);
    expect(exit).toEqual({ pid, code: null, signal: 'SIGKILL', cause: null });
    expect(await set.send('Pid')).not.toBe(pid);
    expect(set.pids()).toHaveLength(1);
  });

  test('after a timeout, TimeoutAction.Error leaves the worker in the set', async () => {
    const set = await start(tasks(kind));
    const pid = await set.send('Pid');
    const given = set.sendTimeout('Hang', 50, TimeoutAction.Error);
    await expect(given).rejects.toMatchObject(timeout);
    expect(set.pids()).toEqual([pid]);
    expect(set.available()).toBe(1);
  });

  test('… and the next job waits behind the old one, whose answer is dropped', async () => {
    const set = await start(tasks(kind));
    const since = performance.now();
    const given = set.sendTimeout({ Sleep: 300 }, 20, TimeoutAction.Error);
    await expect(given).rejects.toMatchObject(timeout);
    expect(await set.send({ Add: [20, 1] })).toBe(21);
    expect(performance.now() - since).toBeGreaterThan(299);
  });

  test('a crash during a job: the caller gets an error, and another worker takes its place', async () => {
    const set = await start(tasks(kind));
    const pid = await set.send('Pid');
    const error = await set.send('Crash').catch((it) => it);
    expect(error).toBeInstanceOf(WorkerSetJobError);
    expect(error).toMatchObject(offline);
    expect(error.exit).toEqual({ pid, code: 42, signal: null, cause: null });
    expect(await set.send('Pid')).not.toBe(pid);
  });

  test('a worker is killed during a job', async () => {
    const set = await start(tasks(kind));
    const [pid] = set.pids();
    const job = set.send('Hang');
    process.kill(pid, 'SIGKILL');
    await expect(job).rejects.toMatchObject({ ...offline, exit: { pid, signal: 'SIGKILL' } });
    expect(await set.send({ Add: [1, 1] })).toBe(2);
  });

  test('a worker is killed without a job: it is replaced, which ipc2 does not do', async () => {
    const set = await start(tasks(kind));
    const [pid] = set.pids();
    process.kill(pid, 'SIGKILL');
    expect((await once(set, 'exit'))[0]).toMatchObject({ pid, signal: 'SIGKILL' });
    expect(await set.send('Pid')).not.toBe(pid);
  });

  test('… and with respawnIdle(false) it is not', async () => {
    const set = await start(tasks(kind).respawnIdle(false));
    process.kill(set.pids()[0], 'SIGKILL');
    await once(set, 'exit');
    await expect(set.send('Pid')).rejects.toMatchObject(noWorker);
    expect(set.pids()).toEqual([]);
  });

  test('with respawn(false) nothing is replaced', async () => {
    const set = await start(tasks(kind).respawn(false));
    await expect(set.send('Crash')).rejects.toMatchObject(offline);
    await expect(set.send('Pid')).rejects.toMatchObject(noWorker);
  });

  test('no answer: the caller waits as long as it likes', async () => {
    const set = await start(tasks(kind));
    const given = set.sendTimeout('NoReply', 50, TimeoutAction.Error);
    await expect(given).rejects.toMatchObject(timeout);
    expect(await set.send({ Add: [1, 2] })).toBe(3); // it goes on
  });

  test('a job without an answer leaves the worker free at once', async () => {
    const set = await start(tasks(kind));
    for (let i = 0; i < 10; i++)
      expect(await set.sendUnidirectional({ Note: 'hi' })).toBe(undefined);
    expect(await set.send('Notes')).toBe(10);
    await set.sendUnidirectional('Crash');
    expect((await once(set, 'exit'))[0]).toMatchObject({ code: 42 });
    expect(await set.send('Notes')).toBe(0);
  });

  test('restart() replaces all workers', async () => {
    const set = await start(tasks(kind, 2));
    const before = set.pids();
    await set.restart();
    const after = set.pids();
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(after).toContain(await set.send('Pid'));
  });

  test('restart() while a worker works: it finishes its job, and ends', async () => {
    const set = await start(tasks(kind));
    const [pid] = set.pids();
    const ended = once(set, 'exit');
    const job = set.send({ Sleep: 500 });
    await set.restart();
    expect(set.pids()).toHaveLength(1);
    expect(set.pids()).not.toContain(pid);
    expect(await job).toBe(1);
    expect((await ended)[0]).toMatchObject({ pid, cause: null });
  });

  test('… or with the set, if it does not finish it', async () => {
    const set = await start(tasks(kind));
    const [pid] = set.pids();
    const job = set.send('Hang').catch((error) => error);
    await set.restart();
    await set.close({ timeout: 50 });
    expect(await job).toMatchObject({ ...offline, exit: { pid, signal: 'SIGKILL' } });
  });

  test('workers that keep ending are replaced after pauses that grow', async () => {
    const since = performance.now();
    const set = await start(KINDS[kind]('leave', '7').workerCount(1).backoff(100, 400));
    let left = 6;
    await new Promise((resolve) => {
      set.on('exit', ({ code }) => {
        expect(code).toBe(7);
        if (--left === 0) resolve();
      });
    });
    // None after the first one.
    expect(performance.now() - since).toBeGreaterThan(100 + 200 + 400 + 400);
  });

  test('a worker can be taken out and added', async () => {
    const set = await start(tasks(kind, 2));
    const worker = set.popWorker();
    expect(set.pids()).not.toContain(worker.pid);
    expect(await worker.send('Pid')).toBe(worker.pid);
    expect(set.addWorker(worker)).toBe(set);
    expect(set.pids()).toContain(worker.pid);
    expect(await set.send('Pid')).toBe(worker.pid); // the last one
    await expect(worker.send('Pid')).rejects.toThrow('added to a set');
    expect(() => set.addWorker(worker)).toThrow(TypeError);
    const [one, two] = [set.popWorker(), set.popWorker()];
    expect(set.popWorker()).toBe(null);
    await Promise.all([one.kill(), two.kill()]);
  });

  test('spawn() starts a single worker', async () => {
    const worker = await handle();
    expect(await worker.send('Pid')).toBe(worker.pid);
    await worker.sendUnidirectional({ Note: 'x' });
    const [notes, sum] = await Promise.all([worker.send('Notes'), worker.send({ Add: [1, 2] })]);
    expect([notes, sum]).toEqual([1, 3]); // several jobs, one after the other
    const exit = { pid: worker.pid, code: null, signal: 'SIGKILL', cause: null };
    const ended = expect(worker.send('Hang')).rejects.toMatchObject({ ...offline, exit });
    expect(await worker.kill()).toEqual(exit);
    await ended;
    await expect(worker.send('Pid')).rejects.toMatchObject({ ...offline, exit });
    expect(await worker.exited).toEqual(exit);
  });

  test('a thousand jobs over four workers', async () => {
    const set = await start(tasks(kind, 4).queue(1000));
    const jobs = Array.from({ length: 1000 }, (_, i) => set.send({ Add: [i, 1] }));
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i + 1));
    const pids = await Promise.all(Array.from({ length: 200 }, () => set.send('Pid')));
    for (const pid of pids) expect(set.pids()).toContain(pid);
  });

  test('the queue is bounded, and first come is first served', async () => {
    const set = await start(tasks(kind).queue(2));
    const order = [];
    const note = (name) => (value) => order.push([name, value]);
    const jobs = ['a', 'b', 'c'].map((name) => set.send({ Echo: name }).then(note(name)));
    await expect(set.send('Pid')).rejects.toMatchObject(noWorker);
    await Promise.all(jobs);
    expect(order).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ]);
  });

  test('after close() there is no worker', async () => {
    const set = await start(tasks(kind));
    const closing = set.close();
    expect(set.close()).toBe(closing);
    await expect(set.send('Pid')).rejects.toMatchObject(noWorker);
    await closing;
    await expect(set.send('Pid')).rejects.toMatchObject(noWorker);
    await expect(set.restart()).rejects.toMatchObject(noWorker);
    expect([set.popWorker(), set.pids(), set.available()]).toEqual([null, [], 0]);
  });

  test('close() lets a job be finished, and Symbol.asyncDispose is the same', async () => {
    const set = await start(tasks(kind));
    const job = set.send({ Echo: 'x'.repeat(1e6) });
    await set[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    expect(await job).toBe(1e6);
  });
});

onUnix.describe('of the host', () => {
  onLinux.test('a late answer is dropped', async () => {
    const set = await start(tasks('Node'));
    const [pid] = set.pids();
    const given = set.sendTimeout('Hang', 50, TimeoutAction.Error);
    await expect(given).rejects.toMatchObject(timeout);
    const next = set.send({ Add: [20, 1] });
    // It may not have heard of the first job yet: its handler is there when it has.
    await handlesSignal(pid);
    process.kill(pid, 'SIGUSR2');
    expect(await next).toBe(21);
  });

  onLinux.test('restart() while a worker works: it finishes, and ends', async () => {
    const set = await start(tasks('Node'));
    const [pid] = set.pids();
    const job = set.send('Hang');
    await handlesSignal(pid);
    await set.restart();
    process.kill(pid, 'SIGUSR2');
    expect(await job).toBe(1);
    expect(set.pids()).toHaveLength(1);
    expect(set.pids()).not.toContain(pid);
  });

  test('there are as many workers as processors by default', async () => {
    const set = await start(WorkerSet.builder().workerPath(SCRIPT).args(['json']));
    expect(set.pids()).toHaveLength(availableParallelism?.() ?? cpus().length);
  });

  test('a worker that cannot be started fails all', async () => {
    const start = WorkerSet.builder().workerCount(3).workerPath('/nonexistent/program').finish();
    await expect(start).rejects.toMatchObject({ code: 'IO', cause: { code: 'ENOENT' } });
    await expect(start).rejects.toThrow('spawn /nonexistent/program ENOENT');
    const ending = KINDS.Node('exit').finish();
    await expect(ending).rejects.toMatchObject({ code: 'IO', cause: { code: 'ECONNABORTED' } });
    await expect(ending).rejects.toThrow('ended with exit status: 3 before it connected');
  });

  test('a worker that never connects fails after connectTimeout', async () => {
    const never = KINDS.Node('never').workerCount(2).connectTimeout(50).finish();
    await expect(never).rejects.toMatchObject({ code: 'IO', cause: { code: 'ETIMEDOUT' } });
    await expect(never).rejects.toThrow('did not connect within 50ms');
  });
});

test('a worker without its variable has no host', async () => {
  await expect(connect()).rejects.toMatchObject({
    code: 'SOCKET_VARIABLE_NOT_FOUND',
    message: 'Socket environment variable not set',
  });
});

onUnix.test.each([
  ['ENOENT', 'nobody'],
  ['ECONNREFUSED', '.'],
])('a worker that does not get to its host is told %s as by Node', async (code, name) => {
  const path = join(world.tmp(), name);
  process.env.IPC2_SOCKET_PATH = path;
  world.after(() => delete process.env.IPC2_SOCKET_PATH);
  const [theirs] = await once(net.connect(path), 'error');
  const ours = await connect().catch((error) => error);
  const shown = ({ name: type, message, ...fields }) => ({ type, message, fields });
  expect(shown(ours)).toEqual(shown(theirs));
  expect(ours).toMatchObject({ code, syscall: 'connect', address: path });
});

/** Waits until the worker has a handler for SIGUSR2, which it has while it hangs. */
async function handlesSignal(pid) {
  const caught = () => /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1];
  while (!(BigInt(`0x${caught()}`) & (1n << 11n))) await wait(5);
}
