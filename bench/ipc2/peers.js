'use strict';
// What `npm run bench:ipc2` compares: pools of worker processes or threads, each as its documentation has it. Used by
// host.js and bench/ipc2.js.
//
// A peer has a title and `start(name, job, lanes)`, which resolves to `{send(data), close()}`: so many workers, and no
// more jobs at a time. Those with `rust` are a program of crates/ipc2_tests, host and worker.

const { fork } = require('child_process');
const fs = require('fs');
const path = require('path');

const MODULES = path.join(__dirname, '..', '..', 'node_modules');
const WORKER = path.join(__dirname, 'worker.js');

/** What is sent is cloned by V8, as in worker threads: JSON would have to be told of bytes. */
const FORK = { serialization: 'advanced' };

async function ferripc(path, args, job, lanes) {
  const { codec, WorkerSet } = require('../../ipc2.js');
  const { request, response } = job.types(codec);
  const builder = WorkerSet.builder().workerCount(lanes).workerPath(path).args(args);
  const set = await builder.request(request).response(response).finish();
  return { send: (data) => set.send(data), close: () => set.close() };
}

/** A pool as one writes it: processes, and a map of the promises. */
async function handMade(name, job, lanes) {
  const waiting = new Map();
  const take = ({ id, answer }) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve(answer);
  };
  const free = Array.from({ length: lanes }, () => fork(WORKER, ['fork', name], FORK));
  const all = [...free];
  for (const child of all) child.on('message', take);
  let last = 0;
  const send = async (data) => {
    const child = free.pop();
    const id = ++last;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    child.send({ id, data });
    const answer = await answered;
    free.push(child);
    return answer;
  };
  return { send, close: () => all.forEach((child) => child.kill()) };
}

async function piscina(name, job, lanes) {
  const { Piscina } = require('piscina');
  const pool = new Piscina({ filename: WORKER, minThreads: lanes, maxThreads: lanes });
  return { send: (data) => pool.run({ name, data }), close: () => pool.destroy() };
}

async function workerpool(name, job, lanes) {
  const pool = require('workerpool').pool(WORKER, {
    workerType: 'process',
    minWorkers: lanes,
    maxWorkers: lanes,
    forkArgs: ['workerpool', name],
    forkOpts: FORK,
  });
  return { send: (data) => pool.exec('work', [data]), close: () => pool.terminate() };
}

/** Not every package exports its package.json. */
const version = (name) =>
  JSON.parse(fs.readFileSync(path.join(MODULES, name, 'package.json'), 'utf8')).version;

const peers = {
  'ferripc, Node': {
    start: (name, job, lanes) => ferripc(WORKER, ['ferripc', name], job, lanes),
  },
  'child_process.fork': { start: handMade },
  piscina: { start: piscina, version: () => version('piscina') },
  workerpool: { start: workerpool, version: () => version('workerpool') },
  'ferripc, Node and Rust': {
    start: (name, job, lanes) =>
      ferripc(process.env.IPC2_BENCH, ['work', 'ferripc', name], job, lanes),
  },
  'ferripc, Rust': { rust: 'ferripc' },
  'tokio and bincode': { rust: 'plain' },
};

module.exports = peers;
