'use strict';
// Asks a process that AppView has loaded itself into, or an AppViewServer.

const { check, toInteger, toJson, toLimit, toOptions, toTime } = require('../arguments');
const engine = require('../engine/appview');
const { argumentError, eventError, systemError } = require('../errors');
const protocol = require('./protocol');

const { Command, Status } = protocol;

/** The options of a client, and of a request. */
const OPTIONS = [
  'prefix',
  'timeout',
  'msgsize',
  'maxResponseBytes',
  'replaceStale',
  'throwOnStatus',
];
const REQUEST_OPTIONS = ['throwOnStatus'];

/** Defaults: the time of a step in ms; bytes of a frame; the longest response in bytes. */
const TIMEOUT = 200;
const MSGSIZE = 8192;
const MAX_RESPONSE = 64 * 1024 * 1024;

class AppViewClient {
  #options;
  #throwOnStatus;
  /** The process has one conversation at a time. */
  #last = Promise.resolve();

  /** See index.d.ts. */
  constructor(pid, options = {}) {
    protocol.toPid(pid, 'pid');
    toOptions(options, 'options', OPTIONS);
    const { prefix = protocol.PREFIX, timeout = TIMEOUT, msgsize = MSGSIZE } = options;
    const {
      maxResponseBytes = MAX_RESPONSE,
      replaceStale = false,
      throwOnStatus = false,
    } = options;
    for (const [name, value] of Object.entries({ replaceStale, throwOnStatus })) {
      check(typeof value === 'boolean', `options.${name}`, 'of type boolean', value);
    }
    this.#options = {
      pid,
      prefix: protocol.toPrefix(prefix),
      timeout: toTime(timeout, 'options.timeout'),
      msgsize: toInteger(msgsize, 'options.msgsize', 1, Number.MAX_SAFE_INTEGER),
      maxResponse: toLimit(maxResponseBytes, 'options.maxResponseBytes'),
      replaceStale,
    };
    this.#throwOnStatus = throwOnStatus;
    Object.defineProperty(this, 'pid', { value: pid, enumerable: true });
    protocol.requireSupport();
  }

  /** See index.d.ts. */
  supportedCommands() {
    return this.#ask(Command.GetSupportedCommands);
  }

  status() {
    return this.#ask(Command.GetStatus);
  }

  config() {
    return this.#ask(Command.GetConfig);
  }

  async setConfig(cfg) {
    if (!protocol.isObject(cfg)) throw argumentError('cfg', 'a plain object', cfg);
    return this.#ask(Command.SetConfig, `"cfg":${toJson(cfg, 'cfg')}`);
  }

  transportStatus() {
    return this.#ask(Command.GetTransportStatus);
  }

  processDetails() {
    return this.#ask(Command.GetProcessDetails);
  }

  /** Configuration, transports and process in one object, as `appview inspect` shows them. */
  async inspect() {
    const { cfg } = await this.config();
    const { interfaces } = await this.transportStatus();
    const process = await this.processDetails();
    delete process.status;
    return { cfg, interfaces, process };
  }

  /** See index.d.ts. */
  async request(command, fields = {}, options = {}) {
    protocol.toCommand(command);
    if (!protocol.isObject(fields)) throw argumentError('fields', 'a plain object', fields);
    toOptions(options, 'options', REQUEST_OPTIONS);
    const { throwOnStatus = this.#throwOnStatus } = options;
    check(
      typeof throwOnStatus === 'boolean',
      'options.throwOnStatus',
      'of type boolean',
      throwOnStatus,
    );
    return this.#send(command, fieldsText(fields), throwOnStatus);
  }

  async #ask(command, fields) {
    return (await this.#send(command, fields, true)).body;
  }

  /** `fields` is what the request has besides its command: the inside of a JSON object. */
  async #send(command, fields, throwOnStatus) {
    const text = fields ? `{"req":${command},${fields}}` : `{"req":${command}}`;
    const result = await this.#inTurn(() => engine.request(this.#options, text));
    const response = read(result, command);
    if (throwOnStatus && response.status !== Status.Ok) throw statusError(command, response);
    return response;
  }

  #inTurn(act) {
    const result = this.#last.then(act);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** What a request has besides its command. No field takes the command's place. */
const fieldsText = (fields) =>
  toJson({ ...fields, req: undefined, toJSON: undefined }, 'fields').slice(1, -1);

/** `{metaStatus, status, body}` of what the engine tells. */
function read({ error, status: metaStatus, text }, command) {
  if (error) throw systemError(error);
  if (metaStatus !== Status.Ok) return { metaStatus, status: metaStatus, body: null };
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (!protocol.isObject(body) || typeof body.status !== 'number') {
    const message = `The response to command ${command} is not a JSON object with a status`;
    throw eventError('EBADMSG', message, { text });
  }
  return { metaStatus, status: body.status, body };
}

function statusError(command, { metaStatus, status, body }) {
  const message = `Command ${command} was answered with status ${status}`;
  return eventError('ERR_APPVIEW_STATUS', message, { command, metaStatus, status, body });
}

module.exports = AppViewClient;
