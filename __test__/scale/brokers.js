'use strict';
// The brokers that the suites of ferripc/scale are driven by: one list, with a program that can be killed and started
// again behind each. `memory` is in this process, and stands for brokers of the user's own.

const { spawn } = require('node:child_process');
const net = require('node:net');
const { find, isRequired } = require('../../scripts/brokers');
const scale = require('../../scale');
const { once } = require('../helpers/events');
const { freePort } = require('../helpers/world');

/** How each is started, and how a client of it is made. */
const PROGRAMS = {
  nats: {
    program: 'nats-server',
    args: (port) => ['--addr', '127.0.0.1', '--port', String(port)],
    options: (port) => ({ servers: `127.0.0.1:${port}` }),
  },
  redis: {
    program: 'redis-server',
    args: (port) => [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--save',
      '',
      '--appendonly',
      'no',
    ],
    options: (port) => ({ url: `redis://127.0.0.1:${port}` }),
  },
};

/** Resolves when a server listens on a port. */
async function isListening(port) {
  for (;;) {
    const probe = net.connect(port, '127.0.0.1');
    const isUp = await new Promise((resolve) => {
      probe.once('connect', () => resolve(true));
      probe.once('error', () => resolve(false));
    });
    probe.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A broker's program. `{kind, options, start(), kill(), client()}`. */
async function startProgram(kind, world) {
  const { program, args, options } = PROGRAMS[kind];
  const { command, env } = find(program);
  const port = await freePort();
  let child = null;
  async function start() {
    child = spawn(command, args(port), {
      cwd: world.tmp(),
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    await isListening(port);
  }
  async function kill() {
    if (child === null) return;
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    child = null;
    await gone;
  }
  world.after(kill);
  await start();
  return { kind, options: options(port), start, kill, client: () => scale[kind](options(port)) };
}

function startMemory() {
  const hub = new scale.Hub();
  return {
    kind: 'memory',
    start: () => hub.start(),
    kill: () => hub.stop(),
    client: () => scale.memory({ hub }),
  };
}

/** Why a broker's tests cannot be run here; null if they can. Where they must be, that is an error. */
function missing(kind) {
  if (kind === 'memory' || find(PROGRAMS[kind].program) !== null) return null;
  const { program } = PROGRAMS[kind];
  const reason = `${program} is not here, and \`node scripts/brokers.js\` was not run or could not get it`;
  if (isRequired) throw new Error(reason);
  return reason;
}

const BROKERS = ['memory', 'nats', 'redis'];

const startBroker = async (kind, world) =>
  kind === 'memory' ? startMemory() : startProgram(kind, world);

module.exports = { BROKERS, missing, startBroker };
