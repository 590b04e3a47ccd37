'use strict';
// ipc2: a host and its workers, on the runtime at both ends.

const assert = require('node:assert/strict');
const path = require('node:path');
const { check, needUnix } = require('../harness');
const { once } = require('../../helpers/events');
const { WorkerSet, codec } = require('../../../ipc2');

const SCRIPT = path.join(__dirname, '..', '..', 'fixtures', 'ipc2-worker.js');

/** What makes the runtime run a script that may do all that it does. */
const EXEC_ARGV = process.versions.deno ? ['run', '-A'] : [];

check('ipc2: jobs, a crash, a queue, and an end that leaves nothing', async (world) => {
  needUnix('the sockets of ipc2');
  const builder = WorkerSet.builder().workerPath(SCRIPT).args(['json']).execArgv(EXEC_ARGV);
  const set = await builder.workerCount(2).queue(100).finish();
  world.after(() => set.close({ timeout: 0 }));
  for (const data of [0, null, 'é€😀', { a: ['x'.repeat(1 << 20)] }]) {
    assert.deepEqual(await set.send(data), data);
  }
  const jobs = Array.from({ length: 50 }, (_, i) => set.send(i));
  assert.deepEqual(await Promise.all(jobs), [...jobs.keys()]);
  const [pid] = set.pids();
  const ended = once(set, 'exit');
  process.kill(pid, 'SIGKILL');
  const [exit] = await ended;
  assert.deepEqual([exit.pid, exit.code, exit.signal], [pid, null, 'SIGKILL']);
  assert.equal(await set.send('again'), 'again');
  await set.close();
  await assert.rejects(set.send(1), { code: 'NO_WORKER' });
  const bytes = codec.vec(codec.u128).encode([2n ** 127n]);
  assert.deepEqual(codec.vec(codec.u128).decode(bytes), [2n ** 127n]);
});
