'use strict';
// The handler that runs ffmpeg. Only where it was asked for: agents say with which arguments, and so which files are
// read and written. Used by controller.js.

const { spawn } = require('node:child_process');
const os = require('node:os');
const { check, toOptions, toTime } = require('../arguments');
const { AtEnd } = require('../engine/at-end');
const { clearTimeout, setTimeout } = require('../core');
const { toEnvironment, toPath, toProgramArguments } = require('../programs');

const OPTIONS = ['path', 'args', 'cwd', 'env', 'stdio', 'killTimeout'];

/** What a shell says of a program that cannot be run, or is not there. */
const NOT_RUN = 126;
const NOT_FOUND = 127;

/** Added to the number of a signal, as a shell does. */
const SIGNALLED = 128;

/** How long a job has to end by itself, in ms. */
const KILL_TIMEOUT = 2000;

/** After a SIGKILL, in ms: what does not end then hangs in the system. */
const STUCK = 5000;

/** `options.ffmpeg`, checked and complete. */
function toSettings(ffmpeg) {
  const name = 'options.ffmpeg';
  const given = ffmpeg === true ? {} : toOptions(ffmpeg, name, OPTIONS);
  const { path = 'ffmpeg', args = [], cwd, env, stdio = 'ignore' } = given;
  const { killTimeout = KILL_TIMEOUT } = given;
  check(['ignore', 'inherit'].includes(stdio), `${name}.stdio`, `'ignore' or 'inherit'`, stdio);
  return {
    path: toPath(path, `${name}.path`),
    args: toProgramArguments(args, `${name}.args`),
    cwd: cwd === undefined ? cwd : toPath(cwd, `${name}.cwd`),
    env: env === undefined ? env : toEnvironment(env, `${name}.env`),
    stdio,
    killTimeout: toTime(killTimeout, `${name}.killTimeout`),
  };
}

/** Children of a controller. They end with it, and with the process. */
class Ffmpeg {
  #settings;
  #children = new Set();
  #onEnd = () => {};
  #atEnd = new AtEnd(() => this.#signal('SIGKILL'));

  constructor(settings) {
    this.#settings = settings;
  }

  /** Runs a job. Resolves with its exit code, once it has ended. Rejects if it cannot be run. */
  run(args, signal) {
    const { killTimeout } = this.#settings;
    return new Promise((resolve, reject) => {
      const fail = (error) => {
        reject(Object.assign(error, { exitCode: error.code === 'ENOENT' ? NOT_FOUND : NOT_RUN }));
      };
      let child;
      let timer;
      try {
        child = this.#spawn(args);
      } catch (error) {
        fail(error); // an argument that no program can get
        return;
      }
      const kill = () => {
        child.kill('SIGTERM');
        timer = setTimeout(() => child.kill('SIGKILL'), killTimeout);
      };
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', kill);
        this.#remove(child);
      };
      child.once('error', (error) => {
        if (child.pid !== undefined) return; // it could not be killed
        done();
        fail(error);
      });
      child.once('exit', (code, name) => {
        done();
        resolve(name === null ? code | 0 : SIGNALLED + os.constants.signals[name]);
      });
      this.#add(child);
      signal.addEventListener('abort', kill, { once: true });
    });
  }

  #spawn(args) {
    const { path, args: first, cwd, env, stdio } = this.#settings;
    // ffmpeg takes keys from its standard input: it must have none.
    const streams = ['ignore', stdio, stdio];
    return spawn(path, [...first, ...args], { cwd, env, stdio: streams, windowsHide: true });
  }

  /** Resolves when none is left of those that were told to end; or when the system does not get rid of them. */
  async ended() {
    if (this.#children.size === 0) return;
    let timer;
    await new Promise((resolve) => {
      this.#onEnd = resolve;
      timer = setTimeout(resolve, this.#settings.killTimeout + STUCK);
    });
    clearTimeout(timer);
  }

  #add(child) {
    if (this.#children.size === 0) this.#atEnd.watch();
    this.#children.add(child);
  }

  #remove(child) {
    if (!this.#children.delete(child) || this.#children.size > 0) return;
    this.#atEnd.unwatch();
    this.#onEnd();
  }

  #signal(name) {
    for (const child of this.#children) child.kill(name);
  }
}

module.exports = { Ffmpeg, toSettings };
