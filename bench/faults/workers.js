'use strict';
// A process whose workers serve, connect, talk, and are ended at any moment, with ferripc or with `node:net` in its place:
// `{library, kind, folder, times}`. Tells what it holds after the first ten of them, and after all. Started by crowds.js.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { seeded } = require('../../__test__/helpers/random');

const TEXT = 't'.repeat(20_000);

/** A worker with a server and a client of its own, which never come to rest. */
const libraries = {
  ferripc(file) {
    const { IPC } = require('../..');
    const ipc = new IPC();
    Object.assign(ipc.config, { id: 'thread', silent: true });
    ipc.serve(file);
    const { server } = ipc;
    server.on('ask', (data, socket) => server.emit(socket, 'answer', data));
    return new Promise((resolve) => {
      server.on('start', () => {
        ipc.connectTo('self', file);
        const client = ipc.of.self;
        const ask = () => client.emit('ask', TEXT);
        client.on('connect', ask);
        client.on('answer', () => {
          resolve(() => (ipc.disconnect('self'), server.stop({ disconnect: true })));
          ask();
        });
      });
      server.start();
    });
  },

  'node:net'(file) {
    const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
    return new Promise((resolve) => {
      server.listen(file, () => {
        const client = net.connect(file);
        const ask = () => client.write(TEXT);
        client.on('connect', ask);
        client.on('error', () => {});
        client.on('data', () => {
          resolve(() => (client.destroy(), server.close()));
          ask();
        });
      });
    });
  },
};

/** How a worker ends: by itself, with process.exit(), or by terminate(). */
const ENDS = ['end', 'exit', 'terminate'];

async function inThread({ library, file, end, after }) {
  const close = await libraries[library](file);
  if (end === 'terminate') return parentPort.postMessage('busy');
  setTimeout(() => (end === 'exit' ? process.exit(0) : close()), after);
}

async function main({ library, folder, times }) {
  const random = seeded(1);
  const one = async (n) => {
    const end = ENDS[random(ENDS.length)];
    const file = path.join(folder, `${library.length}-${n}`);
    const worker = new Worker(__filename, {
      workerData: { library, file, end, after: random(20) },
    });
    const ended = once(worker, 'exit');
    if (end === 'terminate') {
      await once(worker, 'message');
      await new Promise((resolve) => setTimeout(resolve, random(20)));
      await worker.terminate();
    }
    await ended;
    fs.rmSync(file, { force: true });
  };
  const several = async (from, to) => {
    for (let n = from; n < to; n += 2) await Promise.all([one(n), one(n + 1)]);
  };
  /** What is held once it has settled: threads of the engine end, and memory is given back, a moment later. */
  const holds = async () => {
    for (let i = 0; i < 10; i++) {
      global.gc();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return {
      rss: process.memoryUsage.rss(),
      files: fs.readdirSync('/proc/self/fd').length,
      tasks: fs.readdirSync('/proc/self/task').length,
    };
  };
  await several(0, 10);
  const before = await holds();
  await several(10, 10 + times);
  const after = await holds();
  process.send({
    before: before.rss,
    after: after.rss,
    descriptors: after.files - before.files,
    threads: after.tasks - before.tasks,
  });
  process.disconnect();
}

if (isMainThread) void main(JSON.parse(process.argv[2]));
else void inThread(workerData);
