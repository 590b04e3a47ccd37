'use strict';
// The command `ferripc` in processes of its own: to its end, or while it runs. Used by the suites of cli/ and doctor.test.js.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const ROOT = path.join(__dirname, '..', '..');

/** Of jest's and the developer's environment: what would change the output. */
const UNSET = { FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_OPTIONS: undefined };

/** A command that runs. `stdout` and `stderr` are what it has printed so far. */
class Running {
  stdout = '';
  stderr = '';
  #lines = [];
  #waiting = [];

  constructor(child) {
    this.process = child;
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        this[name] += text;
        this.#look();
      });
    }
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#look();
    });
    /** Settles with `{code, stdout, stderr}`; `code` is the signal's name if it was killed. */
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        const { stdout, stderr } = this;
        for (const { reject } of this.#waiting.splice(0)) {
          reject(new Error(`ended (${code ?? signal})\n${stdout}\n${stderr}`));
        }
        resolve({ code: code ?? signal, stdout, stderr });
      });
    });
  }

  #look() {
    for (const waiter of [...this.#waiting]) {
      const found = waiter.find();
      if (found === undefined) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve(found);
    }
  }

  #await(find) {
    const found = find();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => this.#waiting.push({ find, resolve, reject }));
  }

  /** The next line of standard output. */
  line() {
    return this.#await(() => this.#lines.shift());
  }

  /** So many lines of JSON. */
  async values(count) {
    const values = [];
    while (values.length < count) values.push(JSON.parse(await this.line()));
    return values;
  }

  /** Standard error has this text in it. */
  says(text) {
    return this.#await(() => (this.stderr.includes(text) ? true : undefined));
  }

  async kill(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }
}

/**
 * Starts it, in the test's directory. `home`: of the package; `wrap`: words before the command; `flags`: of Node; `input`:
 * standard input.
 */
function start(world, args, { home = ROOT, env, cwd, wrap = [], flags = [], input = '' } = {}) {
  const script = path.join(home, 'bin', 'ferripc.js');
  const [command, ...rest] = [...wrap, process.execPath, ...flags, script, ...args];
  const child = spawn(command, rest, {
    cwd: cwd ?? world.tmp(),
    env: { ...process.env, ...UNSET, ...env },
  });
  child.stdin.on('error', () => {}); // it need not read it
  child.stdin.end(input);
  const running = new Running(child);
  world.after(async () => {
    child.kill('SIGKILL');
    await running.ended;
  });
  return running;
}

/** `{run, start}` for a suite. `run` resolves with `{code, stdout, stderr}`. */
const commandOf = (world) => ({
  start: (args, options) => start(world, args, options),
  run: (args, options) => start(world, args, options).ended,
});

/** Options with which it takes its Node for one that is too old. */
function tooOld(world) {
  const file = world.file('old.js');
  const versions = "{ ...process.versions, node: '16.20.2' }";
  fs.writeFileSync(file, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
  return { flags: ['-r', file] };
}

/** Leaves a socket file without a listener at `file`. */
function leaveDeadSocket(file) {
  const script = `require('node:net').createServer().listen(process.argv[1], () => {
    process.kill(process.pid, 'SIGKILL');
  })`;
  spawnSync(process.execPath, ['-e', script, file]);
}

module.exports = { ROOT, commandOf, leaveDeadSocket, tooOld };
