'use strict';
// Run by the tests beside it in a process or worker of its own. Arguments: [mode, number of a process].

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { Worker, parentPort } = require('node:worker_threads');
const { AppViewClient, AppViewServer } = require('../../appview');
const { open } = require('../../mqueue');
const { endWorkers, turn } = require('../helpers/ended-workers');
const { block, burn } = require('../helpers/thread');
const { within } = require('../helpers/within');
const { left, names } = require('./peers');

const [mode, pid] = JSON.parse(process.argv[2]);
const report = (value) => console.log(JSON.stringify(value));

/** A request that nobody answers, once its queues are there. */
async function unanswered() {
  const asked = new AppViewClient(pid, { timeout: 60_000 }).request(1);
  asked.catch(() => {});
  while (left(pid).length < 2) await turn();
  report(left(pid));
  return { asked };
}

const modes = {
  async blocked() {
    const server = new AppViewServer({ pid }).start();
    server.publish({ viewed: true, cfg: { text: 'x'.repeat(90_000) } });
    let configs = 0;
    server.on('setConfig', () => configs++);
    fs.writeSync(1, '"blocked"\n');
    block();
    fs.writeSync(1, '"goes on"\n');
    while (configs < 64) await turn();
    report({ configs });
    server.stop();
  },

  /** A thread that is blocked until there is a line, and then has a handler that takes its time. */
  async slow() {
    const server = new AppViewServer({ pid }).start();
    let configs = 0;
    const told = new Promise((resolve) => {
      server.on('setConfig', () => {
        if (++configs === 1) setTimeout(() => resolve(configs), 0);
        burn(20);
      });
    });
    fs.writeSync(1, '"blocked"\n');
    block();
    report({ atTurn: await told });
    while (configs < 64) await turn();
    report({ configs });
    server.stop();
  },

  /** Sends back what it receives, on queues that are there. */
  async plain() {
    const [input, output] = names(pid).map((name) => open(name));
    report('answers');
    for await (const { data } of input) await output.send(data);
  },

  async unref() {
    new AppViewServer({ pid }).unref().start();
  },

  async stay() {
    const server = new AppViewServer({ pid: pid ?? process.pid }).start();
    const uid = process.getuid();
    server.handle(6, () => {
      setImmediate(() => server.stop()); // what was answered is sent
      return { uid };
    });
    report({ pid: process.pid, uid });
  },

  /** A handler fails, and so does who hears of it. */
  async throwing() {
    const surfaced = [];
    process.on('uncaughtException', ({ message }, origin) => surfaced.push(origin, message));
    const fail = (what) => {
      throw new Error(what);
    };
    const server = new AppViewServer({ pid }).start().handle(6, () => fail('handler'));
    server.on('error', ({ message }) => fail(`listener of ${message}`));
    const { status } = await new AppViewClient(pid, { timeout: 60_000 }).request(6);
    server.stop();
    report([status, ...surfaced]);
  },

  async workers() {
    await endWorkers(__filename, pid);
    report('no thread is left');
  },

  async terminates() {
    new AppViewServer({ pid }).start();
    parentPort.postMessage('serves');
  },

  async exits() {
    new AppViewServer({ pid }).start();
    process.exit();
  },

  /** Where queues are mounted, and then with no inotify instance left. In namespaces of its own. */
  async told() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-'));
    const mounted = spawnSync('mount', ['-t', 'mqueue', 'mqueue', folder]);
    process.stderr.write(mounted.stderr);
    const ask = async (options, count) => {
      const server = new AppViewServer({ pid, ...options }).start();
      const client = new AppViewClient(pid, { timeout: 60_000 });
      for (let i = 0; i < count; i++) await client.status();
      const inherited = String(spawnSync('ls', ['-l', '/proc/self/fd']).stdout);
      server.stop();
      report([count, inherited.includes('inotify')]);
    };
    await ask({ pollMs: 3_600_000 }, 200);
    const before = fs.readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 50; i++) new AppViewServer({ pid }).start().stop();
    report(fs.readdirSync('/proc/self/fd').length - before);
    fs.writeFileSync('/proc/sys/user/max_inotify_instances', '0');
    await ask({}, 20);
    spawnSync('umount', [folder]);
    fs.rmdirSync(folder);
  },

  /** With a limit below what two queues take. */
  async limit() {
    within(['prlimit', '--msgqueue=100000'], ['limited', pid]);
  },

  /** With the usual limit, where no other queues count. */
  async usual() {
    within(['prlimit', '--msgqueue=819200'], ['five', pid]);
  },

  /** Five conversations at a time, of which nobody answers one. */
  async five() {
    for (let i = 0; i < 5; i++) {
      const asked = new AppViewClient(pid + i, { timeout: 60_000 }).status();
      const failed = asked.catch(({ code, syscall }) => ({ code, syscall }));
      const made = async () => {
        while (left(pid + i).length < 2) await turn();
        return left(pid + i).length;
      };
      report(await Promise.race([failed, made()]));
    }
    process.exit(); // nobody waits a minute
  },

  async limited() {
    try {
      await new AppViewClient(pid).status();
    } catch ({ message, code, syscall }) {
      report({ message, code, syscall });
    }
  },

  async exit() {
    await unanswered();
    process.exit(3);
  },

  async throw() {
    await unanswered();
    setImmediate(() => {
      throw new Error('uncaught');
    });
  },

  SIGTERM: unanswered,
  SIGINT: unanswered,
  SIGHUP: unanswered,
  SIGQUIT: unanswered,

  async handled() {
    process.on('SIGTERM', report);
    report((await (await unanswered()).asked).body);
  },

  async worker() {
    const worker = new Worker(__filename, { argv: [JSON.stringify(['asks', pid])] });
    await once(worker, 'message');
    report(left(pid));
    await worker.terminate();
    while (left(pid).length > 0) await turn();
  },

  async asks() {
    new AppViewClient(pid, { timeout: 60_000 }).request(1).catch(() => {});
    while (left(pid).length < 2) await turn();
    parentPort.postMessage('asks');
  },
};

modes[mode]();
