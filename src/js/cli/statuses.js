'use strict';
// How the command `ferripc` ends: its exit codes, and the errors that say which. Used by index.js and all commands.

const fs = require('node:fs');

const OK = 0;
const FAILED = 1;
const USAGE = 2;
const NOBODY = 3;
const TIMEOUT = 4;
const REFUSED = 5;

/** For the help of each command. */
const MEANINGS = {
  [OK]: 'All is well.',
  [FAILED]: 'It failed; standard error says why.',
  [USAGE]: 'The command line is wrong.',
  [NOBODY]: 'There is no server.',
  [TIMEOUT]: 'The time was up.',
  [REFUSED]: 'The server answered with an error.',
};

/** What a command ends with instead of 0. */
class Failure extends Error {
  constructor(message, status = FAILED) {
    super(message);
    this.status = status;
  }
}

/** A command line that cannot be followed. */
class UsageError extends Failure {
  constructor(message) {
    super(message, USAGE);
  }
}

/** The Failure for an error of a connection to `target` (see target.js). */
function failureOf(error, target) {
  if (error instanceof Failure) return error;
  const { code, message } = error;
  const { shown, path } = target;
  switch (code) {
    case 'ENOENT':
      return new Failure(`there is no socket at ${shown}`, NOBODY);
    case 'ECONNREFUSED':
      if (path && !isSocket(path)) return new Failure(`${shown} is not a socket`, NOBODY);
      return new Failure(`nobody listens at ${shown}${path ? ', the socket is dead' : ''}`, NOBODY);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Failure(`there is no host of that name: ${shown}`, NOBODY);
    case 'EACCES':
    case 'EPERM':
      return new Failure(`you may not connect to ${shown}: permission denied`);
    case 'ETIMEDOUT':
      return new Failure(`${shown}: ${message}`, TIMEOUT);
    default:
      return new Failure(`${shown}: ${message}`);
  }
}

function isSocket(path) {
  if (process.platform === 'win32' || path.startsWith('\0')) return true;
  try {
    return fs.lstatSync(path).isSocket();
  } catch {
    return true;
  }
}

module.exports = {
  OK,
  FAILED,
  USAGE,
  NOBODY,
  TIMEOUT,
  REFUSED,
  MEANINGS,
  Failure,
  UsageError,
  failureOf,
};
