'use strict';
// The processes of workers, by the numbers that the engine gives them. The engine asks for their start and their end;
// this file uses `child_process` for both. Used by host.js.

const { spawn } = require('node:child_process');
const os = require('node:os');
const { process } = require('../core');

class Processes {
  #native;
  #ended;
  #running = new Map();
  #killAll = () => {
    for (const child of this.#running.values()) child.kill('SIGKILL');
  };

  /** `ended` is called when there is none any more. */
  constructor(native, ended) {
    this.#native = native;
    this.#ended = ended;
  }

  get size() {
    return this.#running.size;
  }

  /** Starts the one with this number as `{path, args, env, cwd, stdio}` say. It is to connect to `target`. */
  start(number, target, { path, args, env, cwd, stdio }) {
    let child;
    // On Linux a worker of ferripc asks the system to be killed when its host ends.
    const variables = { ...env, IPC2_SOCKET_PATH: target, IPC2_HOST_PID: String(process.pid) };
    try {
      child = spawn(path, args, { cwd, env: variables, stdio });
    } catch (error) {
      this.#refuse(number, error);
      return;
    }
    child.on('error', (error) => {
      if (child.pid === undefined) this.#refuse(number, error);
    });
    if (child.pid === undefined) return; // the event follows
    child.unref();
    child.once('exit', (code, signal) => this.#exited(number, code, signal));
    if (this.#running.size === 0) process.on('exit', this.#killAll);
    this.#running.set(number, child);
    this.#native.started(number, child.pid);
  }

  /** The process could be started, but it is not wanted any more. */
  refuse(number) {
    this.#native.notStarted(number, os.constants.errno.ECANCELED);
  }

  #refuse(number, { errno }) {
    // Without a number it is Node that does not permit it.
    this.#native.notStarted(number, errno < 0 ? -errno : os.constants.errno.EACCES);
  }

  #exited(number, code, signal) {
    this.#running.delete(number);
    this.#native.ended(number, code ?? 0, signal === null ? 0 : os.constants.signals[signal]);
    if (this.#running.size > 0) return;
    process.removeListener('exit', this.#killAll);
    this.#ended();
  }

  kill(number) {
    this.#running.get(number)?.kill('SIGKILL');
  }
}

module.exports = { Processes };
