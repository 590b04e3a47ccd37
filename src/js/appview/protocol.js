'use strict';
// Numbers and names of AppView's protocol, and the options that its two sides share.

const { platform } = require('../core');
const { toInteger, toText } = require('../arguments');
const { callError, refused, valueError } = require('../errors');

/** Whether the system has message queues. */
const isSupported = platform === 'linux';

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

/** @throws the system's error where there are no message queues */
function requireSupport() {
  if (isSupported) return;
  const fields = refused('mq_open', 'ENOTSUP', { path: PREFIX });
  throw callError({ ...fields, message: `${fields.message}: only Linux has message queues` });
}

const toPid = (pid, name) => toInteger(pid, name, 1, 2 ** 31 - 1);

const toCommand = (command) => toInteger(command, 'command', -(2 ** 31), 2 ** 31 - 1);

function toPrefix(prefix) {
  toText(prefix, 'options.prefix');
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
  toPid,
  toPrefix,
};
