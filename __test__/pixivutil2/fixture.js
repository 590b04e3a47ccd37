'use strict';
// Run by the tests beside it in a process of its own. Arguments: [mode, …].

const fs = require('node:fs');
const { parentPort } = require('node:worker_threads');
const { Agent, Controller, parseIpcOption } = require('../../pixivutil2');
const { endWorkers, turn } = require('../helpers/ended-workers');
const { block, burn } = require('../helpers/thread');

const [mode, ...args] = JSON.parse(process.argv[2]);
const report = (value) => fs.writeSync(1, `${JSON.stringify(value)}\n`);

const ANYWHERE = { comm: 'tcp://127.0.0.1:0', task: 'tcp://127.0.0.1:0' };

async function start(options) {
  const controller = new Controller({ ...ANYWHERE, ...options });
  await controller.start();
  return controller;
}

const modes = {
  /** A thread that is blocked until there is a line. That may say how many titles are to come. */
  async blocked(options) {
    const controller = await start(options);
    let titles = 0;
    let refused = 0;
    controller.on('title', () => titles++);
    controller.on('error', () => refused++);
    const left = new Promise((resolve) => controller.once('disconnect', resolve));
    report(controller.endpoints);
    const least = Number(block()) || 0;
    await left;
    while (titles < least) await turn();
    report({ titles, refused });
    await controller.stop();
  },

  /** A thread that is blocked until there is a line, and then has a handler that takes its time. */
  async slow() {
    const controller = await start();
    const titles = [];
    const told = new Promise((resolve) => {
      controller.on('title', (agent, title) => {
        if (titles.push(title) === 1) setTimeout(() => resolve(titles.length), 0);
        burn(20);
      });
    });
    const left = new Promise((resolve) => {
      controller.on('disconnect', () => titles.length === 64 && resolve());
    });
    report(controller.endpoints);
    block();
    report({ atTurn: await told });
    await left;
    report({ titles });
    await controller.stop();
  },

  /** Handlers that throw, and that never end. */
  async throwing() {
    const controller = await start();
    const thrown = [];
    process.on('uncaughtException', ({ message }) => thrown.push(message));
    controller.on('title', (agent, title) => {
      throw new Error(title);
    });
    controller.on('total', () => new Promise(() => {}));
    controller.on('disconnect', async () => {
      report(thrown);
      await controller.stop();
    });
    report(controller.endpoints);
  },

  /** Handlers of jobs and of `error` that throw. */
  async failing() {
    const controller = await start({ maxParallelTasks: 1 });
    const thrown = [];
    process.on('uncaughtException', async ({ message }) => {
      if (thrown.push(message) < 4) return;
      report(thrown);
      await controller.stop();
    });
    const fail = () => {
      throw new Error('no');
    };
    controller.onFfmpeg(fail).onAria2(fail);
    controller.on('error', ({ message }) => {
      throw new Error(`heard of: ${message}`);
    });
    report(controller.endpoints);
  },

  /** A handler that blocks the thread, from the title "block" to the next line. */
  async blocking() {
    const controller = await start();
    let titles = 0;
    controller.on('title', (agent, title) => {
      titles++;
      if (title !== 'block') return;
      report('blocks');
      block();
    });
    controller.on('disconnect', async () => {
      report({ titles });
      await controller.stop();
    });
    report(controller.endpoints);
  },

  async unref() {
    (await start()).unref();
  },

  /** An agent that is connected keeps no process. */
  async agent(option) {
    const agent = await Agent.connect(parseIpcOption(option));
    report(await agent.title('here'));
  },

  /** An agent that finds no controller keeps none either. */
  async alone(option) {
    report(await Agent.connect(parseIpcOption(option)).catch(({ code }) => code));
  },

  /** Ends in several ways with a job that runs. */
  async job(ffmpeg, end) {
    const controller = await start({ ffmpeg });
    const agent = await Agent.connect(parseIpcOption(controller.ipcOption()));
    await agent.ffmpeg(['wait']);
    while (!fs.existsSync(ffmpeg.env.FAKE_FILE)) await turn();
    block();
    if (end === 'exit') process.exit(3);
    if (end === 'throw') throw new Error('uncaught');
    if (end === 'stop') {
      await controller.stop();
      await agent.close();
      report('stopped');
    }
  },

  /** Ends in several ways while agents wait for jobs that do not end. */
  async awaited(end) {
    const controller = await start();
    let begun = 0;
    const never = () => {
      if (++begun === 2) setImmediate(ends[end]);
      return new Promise(() => {});
    };
    const ends = {
      exit: () => process.exit(3),
      throw: () => {
        throw new Error('uncaught');
      },
    };
    ends[end] ??= () => process.kill(process.pid, end);
    controller.onFfmpeg(never).onAria2(never);
    report(controller.ipcOption());
  },

  async workers() {
    await endWorkers(__filename);
    report('no thread is left');
  },

  async terminates() {
    const controller = await start();
    await Agent.connect(parseIpcOption(controller.ipcOption()));
    parentPort.postMessage('runs');
  },

  async exits() {
    const controller = await start();
    await Agent.connect(parseIpcOption(controller.ipcOption()));
    process.exit();
  },
};

modes[mode](...args);
