'use strict';
// How workers are started: the settings, checked when they are set. WorkerSetBuilder is what
// WorkerSet.builder() returns; spawn() takes the same as options.

const { core, process } = require('../core');
const path = core('path');
const { check, isBytes, toLimit, toOptions, toPatience } = require('../arguments');
const { argumentError, valueError } = require('../errors');
const { toEnvironment, toPath, toProgramArguments } = require('../programs');
const { json } = require('./codec');
const { Codec } = require('./codec/codec');

/** Default of `maxMessageBytes` and of `maxQueuedBytes`: as in Rust. */
const MAX_MESSAGE = 512 * 1024 * 1024;
const MAX_QUEUED = 1024 * 1024 * 1024;

/** The largest count that the engine takes. */
const MOST = 0xffffffff;

/** What Node runs itself. */
const SCRIPT = /\.[cm]?js$/i;

function whole(value, name, most = MOST) {
  const fits = Number.isInteger(value) && value >= 0 && value <= most;
  check(fits, name, `a whole number from 0 to ${most}`, value);
  return value;
}

const bytes = (value, name) => toLimit(value, name, MOST);

/** A codec, or anything that has both its methods. */
function toCodec(value, name) {
  if (value instanceof Codec) return value;
  const fits = typeof value?.encode === 'function' && typeof value?.decode === 'function';
  check(fits, name, 'a codec', value);
  return foreign(value, name);
}

/** A codec of the user's own. */
function foreign(codec, name) {
  const _encode = (value) => {
    const made = codec.encode(value);
    if (isBytes(made)) return made;
    throw argumentError(`${name}.encode()`, 'a function that returns a Uint8Array', made);
  };
  return { _encode, decode: (data) => codec.decode(data) };
}

/** Where a standard stream goes. */
function stream(value, name) {
  if (value === 'ignore' || value === 'inherit') return value;
  if (value === undefined || value === null) return 'inherit';
  const descriptor = typeof value === 'object' ? value.fd : value;
  const fits = Number.isInteger(descriptor) && descriptor >= 0 && descriptor < 2 ** 31;
  // `pipe` and `ipc`, too: nobody would read from it.
  check(fits, name, "'inherit', 'ignore', a descriptor or a stream that has one", value);
  return descriptor;
}

/** How a worker is started. Methods return `this`. */
class Launch {
  #args = [];
  #execArgv = [];
  #env = null;
  #cwd;
  #stdio = 'inherit';
  #connectTimeout = 10_000;
  #maxMessageBytes = MAX_MESSAGE;
  #maxQueuedBytes = MAX_QUEUED;
  #path = null;
  /** Codecs of jobs and of answers. */
  codecs = { request: json, response: json };

  workerPath(value) {
    const given = toPath(value, 'workerPath');
    // What has no separator is looked for where programs are.
    const isName = !given.includes('/') && !SCRIPT.test(given);
    this.#path = isName ? given : path.resolve(given);
    return this;
  }

  request(codec) {
    this.codecs = { ...this.codecs, request: toCodec(codec, 'request') };
    return this;
  }

  response(codec) {
    this.codecs = { ...this.codecs, response: toCodec(codec, 'response') };
    return this;
  }

  args(list) {
    this.#args = toProgramArguments(list, 'args');
    return this;
  }

  execArgv(list) {
    this.#execArgv = toProgramArguments(list, 'execArgv');
    return this;
  }

  env(variables) {
    this.#env = toEnvironment(variables, 'env');
    return this;
  }

  cwd(folder) {
    this.#cwd = path.resolve(toPath(folder, 'cwd'));
    return this;
  }

  stdio(streams) {
    const isList = Array.isArray(streams);
    const list = isList ? streams : [streams, streams, streams];
    if (list.length > 3) throw valueError('The "stdio" argument has more than three streams');
    const name = (i) => (isList ? `stdio[${i}]` : 'stdio');
    this.#stdio = [0, 1, 2].map((number) => stream(list[number], name(number)));
    return this;
  }

  connectTimeout(ms) {
    this.#connectTimeout = toPatience(ms, 'connectTimeout');
    return this;
  }

  maxMessageBytes(count) {
    this.#maxMessageBytes = bytes(count, 'maxMessageBytes');
    return this;
  }

  maxQueuedBytes(count) {
    this.#maxQueuedBytes = bytes(count, 'maxQueuedBytes');
    return this;
  }

  /** How a process is started. */
  _process() {
    if (this.#path === null) {
      throw valueError('No worker path set! The "workerPath" argument is required');
    }
    const isScript = SCRIPT.test(this.#path);
    if (!isScript && this.#execArgv.length > 0) {
      throw valueError('The "execArgv" argument is for workers that are scripts of Node');
    }
    const env = this.#env ?? toEnvironment(process.env, 'env');
    // As fork() has it.
    if (isScript && process.versions.electron) env.ELECTRON_RUN_AS_NODE = '1';
    return {
      path: isScript ? process.execPath : this.#path,
      args: isScript ? [...this.#execArgv, this.#path, ...this.#args] : this.#args,
      env,
      cwd: this.#cwd,
      stdio: this.#stdio,
    };
  }

  /** What the engine gets. */
  _limits() {
    return {
      connectTimeout: this.#connectTimeout,
      maxMessageBytes: this.#maxMessageBytes,
      maxQueuedBytes: this.#maxQueuedBytes,
    };
  }

  /** Calls the method of each option. */
  _apply(options) {
    for (const [name, value] of Object.entries(toOptions(options, 'options', OPTIONS))) {
      if (value !== undefined) this[name](value);
    }
    return this;
  }
}

/** Options of spawn(). */
const OPTIONS = Object.getOwnPropertyNames(Launch.prototype).filter(
  (it) => !/^_|^constructor$|^workerPath$/.test(it),
);

/** Describes a set of workers. `finish` starts it. Methods return `this`. */
class WorkerSetBuilder extends Launch {
  #finish;
  #count;
  #queue = 0;
  #respawn = true;
  #respawnIdle = true;
  #backoff = [100, 10_000];

  /** `finish(options, process, codecs)` makes the set. */
  constructor(finish) {
    super();
    this.#finish = finish;
  }

  workerCount(count) {
    this.#count = whole(count, 'workerCount', 0xffff);
    return this;
  }

  queue(count) {
    const most = count === Infinity ? MOST : count;
    this.#queue = most === false ? 0 : whole(most, 'queue');
    return this;
  }

  respawn(respawn) {
    check(typeof respawn === 'boolean', 'respawn', 'of type boolean', respawn);
    this.#respawn = respawn;
    return this;
  }

  respawnIdle(respawn) {
    check(typeof respawn === 'boolean', 'respawnIdle', 'of type boolean', respawn);
    this.#respawnIdle = respawn;
    return this;
  }

  backoff(first, longest) {
    this.#backoff = [toPatience(first, 'first'), toPatience(longest, 'longest')];
    return this;
  }

  /** Starts the set. */
  async finish() {
    const options = {
      worker: this._limits(),
      count: this.#count,
      queue: this.#queue,
      respawn: this.#respawn,
      respawnIdle: this.#respawnIdle,
      backoff: this.#backoff,
    };
    return this.#finish(options, this._process(), this.codecs);
  }
}

module.exports = { Launch, MAX_MESSAGE, WorkerSetBuilder, bytes, toCodec };
