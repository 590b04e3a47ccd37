'use strict';

// One sample: one workload with one peer, in two fresh processes. Started by run.js for every sample,
// and by hand for a profile:
//
//   node bench/sample.js <workload> <peer> [--count N] [--quick]
//   node --cpu-prof bench/sample.js pingpong ferripc --count 200000     a profile of each process
//   taskset -c 0 node bench/sample.js pingpong net                      both processes on one core
//
// This process is the client; it forks the server (lib/server-process.js) with its own Node options.
// Options for run.js: --dir D, an existing directory for the socket; --json, the result as one line.

const { fork } = require('child_process');
const fs = require('fs');
const os = require('os');
const nodePath = require('path');
const { performance } = require('perf_hooks');
const { parseArgs } = require('util');
const { loadPeer, peerNames } = require('./peers/index.js');
const { findWorkloads, workloadNames } = require('./workloads/index.js');

/** A server that does not end by itself after the sample is killed. */
const SERVER_EXIT_MS = 3000;

/** The server process as the client sees it. `onFailure` hears of it when it fails or dies early. */
function startServer(workload, peerName, path, onFailure) {
  const file = nodePath.join(__dirname, 'lib', 'server-process.js');
  const child = fork(file, [workload.name, peerName, path]);
  const answers = new Map();
  let lastId = 0;
  let closing = false;

  const ready = new Promise((resolve) => {
    child.on('message', (message) => {
      if (message.failed !== undefined) {
        onFailure(new Error(`server: ${message.failed}`));
      } else if (message.ready) {
        resolve();
      } else {
        answers.get(message.id)(message.answer);
        answers.delete(message.id);
      }
    });
  });
  const ended = new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      if (!closing) {
        onFailure(new Error(`server process ended with ${signal || `code ${code}`}`));
      }
      resolve();
    });
  });

  return {
    ready,
    ask(what) {
      const id = ++lastId;
      return new Promise((resolve) => {
        answers.set(id, resolve);
        child.send({ id, ask: what });
      });
    },
    async close() {
      closing = true;
      if (child.connected) {
        child.disconnect();
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), SERVER_EXIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** What a workload's client() works with. */
function makeContext(server, count, fail) {
  let handler = () => fail(new Error('a message arrived before the workload started'));
  const cpuUs = () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  return {
    /** Operations to time. */
    count,
    /** Sends one message to the server; set once connected. */
    send: undefined,
    /** Sets the function that gets the server's messages. */
    onMessage: (fn) => {
      handler = fn;
    },
    receive: (data) => handler(data),
    /** Ends the sample as failed. */
    fail,
    check: (ok, message) => {
      if (!ok) {
        throw new Error(message);
      }
    },
    /** Runs `start(done)` and waits for done(). */
    until: (start) => new Promise(start),
    /** Runs `action` and says what it took: elapsedMs, clientCpuUs, serverCpuUs. */
    async measure(action) {
      const serverBefore = await server.ask('cpu');
      const clientBefore = cpuUs();
      const startedAt = performance.now();
      await action();
      const elapsedMs = performance.now() - startedAt;
      const clientCpuUs = cpuUs() - clientBefore;
      const serverCpuUs = (await server.ask('cpu')) - serverBefore;
      return { elapsedMs, clientCpuUs, serverCpuUs };
    },
    /** What the server saw. */
    async report() {
      const report = await server.ask('report');
      this.serverMaxRssKb = report.maxRssKb;
      return report;
    },
    serverMaxRssKb: undefined,
  };
}

/** @returns {Promise<object>} the numbers of the sample; rejects when it failed */
async function runSample(workload, peerName, count, dir) {
  const peer = loadPeer(peerName);
  const path = nodePath.join(dir, 'bench.sock');
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  process.on('uncaughtException', fail);
  const server = startServer(workload, peerName, path, fail);
  const ctx = makeContext(server, count, fail);

  async function run() {
    await server.ready;
    const connection = await peer.connect(path, ctx.receive);
    ctx.send = connection.send;
    const values = await workload.client(ctx);
    connection.close();
    return {
      ...values,
      clientMaxRssKb: process.resourceUsage().maxRSS,
      serverMaxRssKb: ctx.serverMaxRssKb,
    };
  }

  try {
    return await Promise.race([run(), failed]);
  } finally {
    await server.close();
  }
}

/** Three decimals: a nanosecond of a time in µs. */
function round(value) {
  return Math.round(value * 1000) / 1000;
}

function print(workload, peerName, values) {
  console.log(`${workload.title}, ${peerName}`);
  const known = new Map(workload.metrics.map((metric) => [metric.key, metric]));
  for (const [key, value] of Object.entries(values)) {
    const { title, unit } = known.get(key) || { title: key, unit: '' };
    console.log(`  ${title}: ${value.toFixed(2)} ${unit}`);
  }
}

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      quick: { type: 'boolean' },
      dir: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const [workloadName, peerName] = positionals;
  if (!peerName) {
    console.error('usage: node bench/sample.js <workload> <peer> [--count N] [--quick]');
    console.error(`workloads: ${workloadNames.join(', ')}\npeers: ${peerNames.join(', ')}`);
    return 2;
  }
  const [workload] = findWorkloads(workloadName);
  const count = Number(options.count) || (options.quick ? workload.quickCount : workload.count);
  const dir = options.dir || fs.mkdtempSync(nodePath.join(os.tmpdir(), 'ferripc-bench-'));
  try {
    const values = await runSample(workload, peerName, count, dir);
    if (options.json) {
      console.log(JSON.stringify({ values }, (_, v) => (typeof v === 'number' ? round(v) : v)));
    } else {
      print(workload, peerName, values);
    }
    return 0;
  } catch (error) {
    console.error(options.json ? error.message : error);
    return 1;
  } finally {
    if (!options.dir) {
      fs.rmSync(dir, { recursive: true, force: true });
    }
  }
}

// exit() and not a natural end: a peer that leaves a handle behind must not hold up the run.
main().then((code) => process.exit(code));
