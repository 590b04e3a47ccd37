'use strict';
// Errors of ipc2: its texts, and codes. Used by all of ipc2, and by the engine for what the native side reports.

const os = require('node:os');
const { systemError } = require('../errors');

/** Why a job was not done, or workers were not started. `code`: NO_WORKER, OFFLINE, TIMEOUT or IO. */
class WorkerSetJobError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
Object.defineProperty(WorkerSetJobError.prototype, 'name', { value: 'WorkerSetJobError' });

const NO_WORKER = 'No available workers in this set!';
const OFFLINE = 'This worker is offline.';

const noWorker = () => new WorkerSetJobError('NO_WORKER', NO_WORKER);

const offline = (exit) => {
  const error = new WorkerSetJobError('OFFLINE', OFFLINE);
  if (exit) error.exit = exit;
  return error;
};

/** How a worker ended, `{pid, code, signal, cause}`: what the native side says, with the signal's name. */
function exitOf({ pid, code, signal, cause }) {
  const { signals } = os.constants;
  const name = Object.keys(signals).find((it) => signals[it] === signal);
  return { pid, code, signal: name ?? signal, cause };
}

/** The error of a call, `{code, message, system, exit}`. */
function failed({ code, message, system, exit }) {
  if (code === 'OFFLINE') return offline(exit && exitOf(exit));
  const cause = system === null ? undefined : Object.assign(new Error(message), { code: system });
  return new WorkerSetJobError(code, message, cause && { cause });
}

/** Texts of the system's own, which say nothing more than their codes. */
const OF_SYSTEM = /\(os error \d+\)$/;

/** The error of a worker that does not get to its host's socket at `path`, from that of `failed`: as Node has it. */
function connectError(reported, path) {
  const { message, system: code } = reported;
  if (!/^E[A-Z0-9]+$/.test(code)) return failed(reported);
  const reason = OF_SYSTEM.test(message) ? '' : `: ${message}`;
  const text = `connect ${code} ${path}${reason}`;
  return systemError({ message: text, code, syscall: 'connect', address: path });
}

/** The error of a program that could not be started, which says which. */
function startError(error, program) {
  const { message, cause } = error;
  if (OF_SYSTEM.test(message)) {
    error.message = cause.message = `spawn ${program} ${cause.code}`;
    error.stack = error.stack.replace(message, error.message);
  }
  return error;
}

/** For what arrived and could not be read. */
const unreadable = (error) => new WorkerSetJobError('IO', error.message, { cause: error });

/** As Node's own calls have it. */
function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

module.exports = {
  WorkerSetJobError,
  abortError,
  connectError,
  exitOf,
  failed,
  noWorker,
  offline,
  startError,
  unreadable,
};
