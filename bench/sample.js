'use strict';

// One sample: one workload with one peer, in two fresh processes. Started by run.js for every sample,
// and by hand for a profile:
//
//   node bench/sample.js <workload> <peer> [--count N] [--quick]
//   node --cpu-prof bench/sample.js pingpong ferripc --count 200000     a profile of each process
//   taskset -c 0 node bench/sample.js pingpong net                      both processes on one core
//
// This process is the client; it forks the server (lib/server-process.js) with its own Node options.
// Options for run.js: --dir D, an existing directory for the sockets; --json, the result as one line;
// --server-core N, where the server runs; --stopped F, a file with the ms that this sample has been stopped so far.

const { execFileSync, fork } = require('child_process');
const fs = require('fs');
const os = require('os');
const nodePath = require('path');
const { performance } = require('perf_hooks');
const { openControl } = require('./lib/control.js');
const { makePlace } = require('./lib/place.js');
const { stoppedMs } = require('./lib/turns.js');
const { canRun, loadPeer, peerNames } = require('./peers/index.js');
const { findWorkloads, workloadNames } = require('./workloads/index.js');
const { numberOf, optionsOf, refuse } = require('../scripts/usage.js');

/** A server that does not end by itself after the sample is killed. */
const SERVER_EXIT_MS = 3000;

/** The server process as the client sees it. `onFailure` hears of it when it fails or dies early. */
function startServer(workload, peerName, place, serverCore, onFailure) {
  const file = nodePath.join(__dirname, 'lib', 'server-process.js');
  const serialization = loadPeer(peerName).serialization?.(workload) ?? 'json';
  const child = fork(file, [workload.name, peerName, JSON.stringify(place)], { serialization });
  if (serverCore !== undefined) {
    execFileSync('taskset', ['-a', '-c', '-p', serverCore, child.pid], { stdio: 'ignore' });
  }
  const answers = new Map();
  let lastId = 0;
  let closing = false;
  let onReady;

  const ready = new Promise((resolve) => {
    onReady = resolve;
  });
  const channel = openControl(child, (message) => {
    if (message.failed !== undefined) {
      onFailure(new Error(`server: ${message.failed}`));
    } else if (message.ready) {
      onReady();
    } else {
      answers.get(message.id)(message.answer);
      answers.delete(message.id);
    }
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
    channel,
    ask(what) {
      const id = ++lastId;
      return new Promise((resolve) => {
        answers.set(id, resolve);
        channel.send({ id, ask: what });
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
function makeContext(server, peer, place, { peerName, count, stopped }, fail) {
  let handler = () => fail(new Error('a message arrived before the workload started'));
  const cpuUs = () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  return {
    /** Operations to time. */
    count,
    /** For a workload that connects from processes of its own. */
    peerName,
    place,
    /** One more connection to the server: { send(data), close() }. */
    connect: (onMessage) => peer.connect(place, onMessage),
    /** Of the one connection that all workloads without `connections: 0` begin with. */
    connection: undefined,
    /** Sends one message to the server on that connection. */
    send: undefined,
    /** Sets the function that gets the server's messages on that connection. */
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
      const running = () => performance.now() - stoppedMs(stopped);
      const startedAt = running();
      await action();
      const elapsedMs = running() - startedAt;
      const clientCpuUs = cpuUs() - clientBefore;
      const serverCpuUs = (await server.ask('cpu')) - serverBefore;
      return { elapsedMs, clientCpuUs, serverCpuUs };
    },
    /** What the server saw, and its memory now: rssKb. */
    async report() {
      const report = await server.ask('report');
      this.serverMaxRssKb = report.maxRssKb;
      return report;
    },
    serverMaxRssKb: undefined,
  };
}

/** A workload with a server process. */
async function runPair(spec, failed, fail) {
  const { workload, peerName, dir, serverCore } = spec;
  const peer = loadPeer(peerName);
  const place = await makePlace(workload, dir);
  const server = startServer(workload, peerName, place, serverCore, fail);
  const ctx = makeContext(server, peer, { ...place, channel: server.channel }, spec, fail);

  async function run() {
    await server.ready;
    if (workload.connections !== 0) {
      ctx.connection = await ctx.connect(ctx.receive);
      ctx.send = ctx.connection.send;
    }
    const values = await workload.client(ctx);
    ctx.connection?.close();
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

/** @returns {Promise<object>} the numbers of the sample; rejects when it failed */
async function runSample(spec) {
  const { workload, peerName, count } = spec;
  if (!canRun(peerName, workload)) {
    throw new Error(`${peerName} does not have what ${workload.name} needs`);
  }
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  process.on('uncaughtException', fail);
  if (workload.alone) {
    return Promise.race([workload.alone({ peerName, count }), failed]);
  }
  return runPair(spec, failed, fail);
}

/** For JSON.stringify(): three decimals, a nanosecond of a time in µs. */
function rounded(_key, value) {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

function print(workload, peerName, values) {
  console.log(`${workload.title}, ${peerName}`);
  const known = new Map(workload.metrics.map((metric) => [metric.key, metric]));
  for (const [key, value] of Object.entries(values)) {
    const { title, unit } = known.get(key) || { title: key, unit: '' };
    const text = typeof value === 'number' ? value.toFixed(2) : JSON.stringify(value, rounded);
    console.log(`  ${title}: ${text} ${unit}`);
  }
}

async function main() {
  const { values: options, positionals } = optionsOf(__filename, {
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      quick: { type: 'boolean' },
      dir: { type: 'string' },
      json: { type: 'boolean' },
      'server-core': { type: 'string' },
      stopped: { type: 'string' },
    },
  });
  const [workloadName, peerName] = positionals;
  if (!workloadNames.includes(workloadName) || !peerNames.includes(peerName)) {
    refuse(__filename, `workloads: ${workloadNames.join(', ')}\npeers: ${peerNames.join(', ')}`);
  }
  const [workload] = findWorkloads(workloadName);
  const given = numberOf(__filename, options, 'count');
  const count = given ?? (options.quick ? workload.quickCount : workload.count);
  const dir = options.dir || fs.mkdtempSync(nodePath.join(os.tmpdir(), 'ferripc-bench-'));
  try {
    const { 'server-core': serverCore, stopped } = options;
    const values = await runSample({ workload, peerName, count, dir, serverCore, stopped });
    if (options.json) {
      console.log(JSON.stringify({ values }, rounded));
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
