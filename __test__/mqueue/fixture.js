'use strict';
// Run by mqueue.test.js in a process or worker of its own. Arguments: [mode, name of a queue, ...].

const fs = require('node:fs');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const mqueue = require('../../mqueue');
const { threads, turn } = require('../helpers/ended-workers');
const { thrownBy } = require('../helpers/thrown');
const { within } = require('../helpers/within');

const [mode, name, ...rest] = JSON.parse(process.argv[2]);
const report = (value) => console.log(JSON.stringify(value));

/** Descriptors of this process that are the queue's, and its I/O threads. */
function held() {
  const links = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return null; // that of the folder
    }
  });
  return {
    descriptors: links.filter((link) => link?.startsWith(name)).length,
    threads: threads().length,
  };
}

/** Turns of the event loop until `holds()`. */
async function until(holds) {
  while (!holds()) await turn();
}

const modes = {
  async echo() {
    const [there, back] = [mqueue.open(name, { write: false }), mqueue.open(rest[0])];
    for await (const { data, priority } of there) {
      if (String(data) === 'end') break;
      await back.send(data, priority);
    }
  },

  async throw() {
    const queue = mqueue.open(name);
    process.on('uncaughtException', ({ message }) => report(`caught ${message}`));
    queue.on('message', (data) => {
      report(String(data));
      if (String(data) === 'end') queue.close();
      else throw new Error(String(data));
    });
    for (const it of ['a', 'b', 'end']) await queue.send(it);
  },

  /** Waits while no descriptor is left, and again once there are some. */
  async descriptors() {
    if (rest[0] === undefined) {
      within(['sh', '-c', 'ulimit -n 48; exec "$@"', 'sh'], [mode, name, 'inner']);
      return;
    }
    const queue = mqueue.open(name);
    const { AppViewClient } = require('../../appview');
    const shown = ({ code, syscall, message }) => ({ code, syscall, message });
    report('open'); // standard output has its descriptors
    const held = [];
    try {
      for (;;) held.push(fs.openSync('/dev/null'));
    } catch {
      // No descriptor is left.
    }
    const errors = [];
    try {
      mqueue.open(name);
    } catch (error) {
      errors.push(shown(error));
    }
    for (const wait of [() => queue.receive(), () => new AppViewClient(process.pid).status()]) {
      await wait().catch((error) => errors.push(shown(error)));
    }
    for (const fd of held) fs.closeSync(fd);
    errors.forEach(report);
    const received = queue.receive();
    await queue.send('again');
    report(String((await received).data));
    queue.close();
  },

  /** With a limit below what a queue takes. */
  async limit() {
    within(['prlimit', '--msgqueue=1000'], ['limited', name]);
  },

  async limited() {
    try {
      mqueue.open(name, { create: true });
    } catch ({ message, code, syscall }) {
      report({ message, code, syscall });
    }
  },

  /** With the limit that most systems have, where no other queues count. */
  async usual() {
    within(['prlimit', '--msgqueue=819200'], ['many', name]);
  },

  /** Queues until there are no more: of the usual size, then of the smallest. */
  async many() {
    for (const size of [{}, { maxmsg: 1, msgsize: 1 }]) {
      const made = [];
      const error = thrownBy(() => {
        for (;;) made.push(mqueue.open(`${name}-${made.length}`, { create: true, ...size }));
      });
      report({ count: made.length, code: error.code, syscall: error.syscall });
      for (const queue of made) {
        queue.unlink();
        queue.close();
      }
    }
  },

  /** As another user, with a queue of root's. */
  async nobody() {
    mqueue.open(name).close();
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    for (const act of [() => mqueue.open(name), () => mqueue.unlink(name)]) {
      const { code, syscall, address } = thrownBy(act);
      report({ code, syscall, address });
    }
  },

  async open() {
    mqueue.open(name);
  },

  async waited() {
    const queue = mqueue.open(name);
    const received = queue.receive();
    setImmediate(() => queue.send('x'));
    await received;
  },

  async unref() {
    const queue = mqueue.open(name).unref();
    queue.on('message', () => {});
    await queue.receive();
  },

  async left() {
    const queue = mqueue.open(name);
    const listen = () => {};
    queue.on('message', listen);
    setImmediate(() => setImmediate(() => queue.removeAllListeners()));
  },

  async receive() {
    const received = mqueue.open(name).receive();
    report('waits');
    await received;
    report('got it');
  },

  async listen() {
    const queue = mqueue.open(name);
    queue.once('message', () => report('got it'));
    report('waits');
  },

  async send() {
    const queue = mqueue.open(name);
    for (let i = 0; i < 3; i++) await queue.send('x');
    const sent = queue.send('x');
    report('waits');
    await sent;
    report('got it');
  },

  async reply() {
    const queue = mqueue.open(name);
    const { data, priority } = await queue.receive();
    await queue.send(`${data} back`, priority);
  },

  /** Workers that end, in several ways, while they wait. */
  async workers() {
    for (const how of ['terminate', 'exit']) {
      const workers = Array.from({ length: 5 }, () => {
        return new Worker(__filename, { argv: [JSON.stringify(['wait', name, how])] });
      });
      await Promise.all(
        workers.map(async (worker) => {
          if (how === 'exit') return once(worker, 'exit');
          await once(worker, 'message');
          return worker.terminate();
        }),
      );
    }
    await until(() => held().descriptors === 0 && held().threads === 0);
    report(held());
  },

  async wait() {
    const { parentPort } = require('node:worker_threads');
    const queue = mqueue.open(name);
    const open = mqueue.open(name);
    queue.on('message', () => {});
    queue.receive().catch(() => {});
    open.receive().catch(() => {});
    setImmediate(() => {
      if (rest[0] === 'exit') process.exit();
      parentPort.postMessage('waits');
    });
  },

  async forget() {
    for (let i = 0; i < 100; i++) {
      const queue = mqueue.open(name);
      await queue.receive({ timeout: 1 }).catch(() => {});
      queue.close();
    }
    await until(() => held().descriptors === 0);
    report({ closed: held().descriptors });
    require('node:v8').setFlagsFromString('--expose-gc');
    const collect = require('node:vm').runInNewContext('gc');
    const openOne = (options) => mqueue.open(name).receive(options);
    for (let i = 0; i < 100; i++) await openOne({ timeout: i % 2 }).catch(() => {});
    await until(() => {
      collect();
      return held().descriptors === 0;
    });
    report({ forgotten: held().descriptors });
  },
};

modes[mode]();
