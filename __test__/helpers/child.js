'use strict';
// A script in a process of its own that reports by JSON lines on its standard output.

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const FIXTURES = path.join(__dirname, '..', 'fixtures');

class Child {
  #lines = [];
  #waiting = [];
  /** What whoever waits is told, once it has ended. */
  #end = null;

  /**
   * `args` reach the script as JSON in `process.argv[2]`. `options`: `cwd`, `env`, and `runtime`, a
   * command and its first arguments, to run the script on another runtime than this one, or by itself if `script` is
   * ''; with `ipc` there is a channel, as of `fork`.
   */
  constructor(
    script,
    args,
    { cwd, env = {}, runtime: [command, ...first] = [process.execPath], ipc = false } = {},
  ) {
    const words = script === '' ? [] : [path.resolve(FIXTURES, script), JSON.stringify(args)];
    this.process = spawn(command, [...first, ...words], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
    });
    this.stderr = '';
    this.process.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    readline
      .createInterface({ input: this.process.stdout })
      .on('line', (line) => this.#take(JSON.parse(line)));
    /** Settles with `{code, signal, lines, stderr}` when the process is gone. */
    this.exited = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        const { stderr } = this;
        this.#end = new Error(`${script || command} ended (${code ?? signal}) ${stderr}`);
        for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#end);
        resolve({ code, signal, lines: this.#lines, stderr });
      });
    });
  }

  #take(value) {
    if (this.#waiting.length > 0) this.#waiting.shift().resolve(value);
    else this.#lines.push(value);
  }

  /** The next value that the script reports; rejects if it ends without. */
  async next() {
    if (this.#lines.length > 0) return this.#lines.shift();
    if (this.#end !== null) throw this.#end;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Sends a line to the script's standard input. */
  tell(line) {
    this.process.stdin.write(`${line}\n`);
  }

  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    await this.exited;
  }
}

module.exports = Child;
