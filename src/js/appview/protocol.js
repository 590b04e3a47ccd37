'use strict';
// Numbers and names of AppView's protocol, and the options that its two sides share.

const { argumentError, callError, refused, valueError } = require('../errors');

/** Whether the system has message queues. */
const isSupported = process.platform === 'linux';

const Command = Object.freeze({
  GetSupportedCommands: 0,
  GetStatus: 1,
  GetConfig: 2,
  SetConfig: 3,
  GetTransportStatus: 4,
  GetProcessDetails: 5,
});

const Status = Object.freeze({
  Ok: 200,
  Partial: 206,
  BadRequest: 400,
  ServerError: 500,
  NotImplemented: 501,
});

/** What the queues' names begin with. */
const PREFIX = 'AppViewIPC';

/** The longest time that is given to the engine, in ms: 24 days. */
const LONGEST_TIME = 2 ** 31 - 1;

/** @throws the system's error where there are no message queues */
function requireSupport() {
  if (isSupported) return;
  const fields = refused('mq_open', 'ENOTSUP', { path: PREFIX });
  throw callError({ ...fields, message: `${fields.message}: only Linux has message queues` });
}

function toOptions(options) {
  if (options !== null && typeof options === 'object') return options;
  throw argumentError('options', 'of type object', options);
}

function toInteger(value, name, lowest, highest) {
  if (typeof value !== 'number') throw argumentError(name, 'of type number', value);
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  throw Object.assign(
    new RangeError(
      `The "${name}" argument must be an integer >= ${lowest} and <= ${highest}. Received ${value}`,
    ),
    { code: 'ERR_OUT_OF_RANGE' },
  );
}

const toPid = (pid, name) => toInteger(pid, name, 1, 2 ** 31 - 1);

const toCommand = (command) => toInteger(command, 'command', -(2 ** 31), 2 ** 31 - 1);

/** A time in ms, more than 0. */
function toTime(value, name) {
  if (typeof value !== 'number' || !(value > 0)) {
    throw argumentError(name, 'a time in ms, more than 0', value);
  }
  return Math.min(value, LONGEST_TIME);
}

function toPrefix(prefix) {
  if (typeof prefix !== 'string') throw argumentError('options.prefix', 'of type string', prefix);
  if (prefix === '' || /[/\0]/.test(prefix)) {
    throw valueError(`options.prefix must not be empty, nor have "/" or NUL. Received ${prefix}`);
  }
  return prefix;
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

module.exports = {
  Command,
  PREFIX,
  Status,
  isObject,
  isSupported,
  requireSupport,
  toCommand,
  toInteger,
  toOptions,
  toPid,
  toPrefix,
  toTime,
};
