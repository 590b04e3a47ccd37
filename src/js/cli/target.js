'use strict';
// The server that a command line names, and the connection to it. Used by all commands that talk to one.
//
//   world            the id: socketRoot + appspace + id, as ipc.connectTo('world') has it
//   ./x, /tmp/x      a path; on Windows also the name of a pipe
//   @name            an abstract socket (Linux)
//   127.0.0.1:8000   a host and a port; [::1]:8000

const fs = require('node:fs');
const { Failure, TIMEOUT, UsageError, failureOf } = require('./statuses');
const { toDelimiter, toMs } = require('./words');

/** How long to wait unless --timeout says otherwise, in ms. */
const TIMEOUT_MS = 10_000;

/** Time between two attempts to connect, in ms. */
const RETRY_MS = 50;

const file = { value: 'FILE' };

const placeOptions = {
  root: {
    value: 'PATH',
    help: 'The first part of the path of an id, in place of config.socketRoot. Default: /tmp/. A folder needs no slash at its end.',
  },
  appspace: {
    value: 'TEXT',
    help: 'The second part of the path of an id, in place of config.appspace. Default: app.',
  },
};

const wireOptions = {
  delimiter: {
    value: 'TEXT',
    parse: toDelimiter,
    help: 'What ends a message, in place of config.delimiter. You can write \\n, \\r, \\t, \\f and \\0. Default: \\f',
  },
};

const tlsOptions = {
  tls: { help: 'Connects with TLS to host:port, and checks the certificate of the server.' },
  ca: {
    ...file,
    help: 'The certificate of the authority that signed the certificate of the other side.',
  },
  cert: { ...file, help: 'The certificate of this side.' },
  key: { ...file, help: 'The key of this side.' },
  insecure: { help: 'Does not check the certificate of the server.' },
};

const timeoutOption = {
  timeout: {
    short: 't',
    value: 'MS',
    parse: toMs,
    help: `How long to wait for the connection and the answer, in ms. 0 means forever. Default: ${TIMEOUT_MS}`,
  },
};

const retryOption = {
  retry: { help: 'While there is no server, tries again until the time is up.' },
};

/** What commands that connect to a server take. */
const clientOptions = {
  ...timeoutOption,
  ...retryOption,
  ...placeOptions,
  ...wireOptions,
  ...tlsOptions,
};

const targetOperand = {
  name: 'target',
  help: 'The server: its id, its path (with a slash in it), @name for an abstract socket of Linux, or host:port.',
};

/** The settings that decide where an id is. */
function placeOf({ root, appspace }) {
  const { Defaults } = require('../node-ipc/config');
  const usual = new Defaults();
  const socketRoot = root === undefined ? usual.socketRoot : withSlash(root);
  return { socketRoot, appspace: appspace ?? usual.appspace };
}

/** A user who names a folder means what is in it; config.socketRoot needs the slash. */
function withSlash(root) {
  if (root === '' || /[/\\]$/.test(root)) return root;
  return fs.statSync(root, { throwIfNoEntry: false })?.isDirectory() ? `${root}/` : root;
}

/** The first of the given options about TLS, as it is written; undefined without any. */
function tlsOptionOf(options) {
  const given = Object.keys(tlsOptions).find((name) => options[name] !== undefined);
  return given && `--${given}`;
}

/**
 * `{shown, path}` or `{shown, host, port}`, with `id` if it is one.
 * @throws {UsageError} for what is not one, and for options that would change nothing: about TLS where there is none, about
 *   the path of an id where there is no id, about messages in raw mode
 */
function targetOf(word, options) {
  const target = named(word, options);
  const place = Object.keys(placeOptions).find((name) => options[name] !== undefined);
  // The tap of a server on a port is at the path of an id.
  if (place && target.id === undefined && !(target.port && options.tap))
    throw new UsageError(`--${place} needs an id`);
  if (options.raw && options.delimiter !== undefined)
    throw new UsageError('--raw and --delimiter exclude each other');
  const option = tlsOptionOf(options);
  if (option && !target.port) throw new UsageError(`${option} needs host:port`);
  if (options.cert && !options.key) throw new UsageError('--cert needs --key');
  if (options.key && !options.cert) throw new UsageError('--key needs --cert');
  return target;
}

function named(word, options) {
  if (word === undefined) throw new UsageError('which server? Name its id, its path, or host:port');
  if (word === '') throw new UsageError('a server has no empty name');
  if (/[/\\]/.test(word)) return local(word);
  const net = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(word);
  if (net !== null) {
    const host = net[1] ?? (net[2] || '127.0.0.1');
    const port = Number(net[3]);
    if (port > 65535) throw new UsageError(`no port is as large as ${port}`);
    if (port === 0) throw new UsageError('a port is a number from 1 to 65535, and not 0');
    return { shown: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, host, port };
  }
  if (word.startsWith('@')) return { shown: word, path: `\0${word.slice(1)}` };
  const { defaultPath } = require('../node-ipc/paths');
  return { ...local(defaultPath(placeOf(options), word)), id: word };
}

const local = (path) => ({ shown: path, path: require('../sockets/paths').systemPath(path) });

/** An instance that does as the options say; `config` besides. */
function instance(options, config) {
  const IPC = require('../node-ipc/ipc');
  const { ca, cert, key, insecure, delimiter } = options;
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'ferripc', silent: true, maxRetries: 0 }, config);
  if (delimiter !== undefined) ipc.config.delimiter = delimiter;
  if (tlsOptionOf(options)) {
    ipc.config.tls = { ...readAll({ ca, cert, key }), rejectUnauthorized: !insecure };
  }
  return ipc;
}

function readAll(files) {
  const read = {};
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined) continue;
    try {
      read[name] = fs.readFileSync(path);
    } catch ({ code, message }) {
      throw new UsageError(
        `--${name}: ${code === 'ENOENT' ? `there is no file ${path}` : message}`,
      );
    }
  }
  return read;
}

/** A server that reads ends its side within this time, unless it is busy. */
const MOMENT_MS = 200;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The same, but a command whose connections have ended does not go on for it. */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** What is left of the time that a command has. */
class Deadline {
  #end;

  /** `ms`: 0 is no limit. */
  constructor(ms = TIMEOUT_MS) {
    this.ms = ms;
    this.#end = ms === 0 ? Infinity : performance.now() + ms;
  }

  get left() {
    return Math.max(0, this.#end - performance.now());
  }

  /** What `promise` is fulfilled with. Throws a Failure that begins with `missing` when the time is over. */
  async limit(promise, missing) {
    if (this.#end === Infinity) return promise;
    let timer;
    const over = new Promise((_, reject) => {
      const fail = () => reject(new Failure(`${missing} within ${this.ms} ms`, TIMEOUT));
      timer = setTimeout(fail, this.left);
    });
    try {
      return await Promise.race([promise, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A connection to a server. `ended` is fulfilled when it is over, whoever has ended it, with its error if there is one. */
class Link {
  #ipc;
  /** The server's messages have another form: this says so. Null otherwise. */
  unlike = null;

  constructor(ipc) {
    this.#ipc = ipc;
    this.client = ipc.of.server;
    const { socket } = this.client;
    this.ended = new Promise((resolve) => {
      let failure;
      const fail = (error) => (failure ??= error);
      socket.once('error', fail);
      // What fails while the connection is being closed is an event of the client alone. A peer's message of this type, and
      // what is wrong with others, has no `syscall`, or is not an Error.
      this.client.on('error', (error) => {
        if (!(error instanceof Error)) return;
        if (error.code === 'ERR_FERRIPC_SERIALIZATION') this.unlike = error;
        if (error.syscall || error === this.unlike) fail(error);
      });
      socket.once('close', () => resolve(failure));
    });
  }

  /**
   * The data of the first message of this type that comes from now on. The client's own events do not count, though some have
   * names that a message may have, too.
   */
  message(type) {
    const { client } = this;
    const pass = client._onMessage;
    return new Promise((resolve) => {
      client._onBad = (_, error) => client.publish('error', error); // as an event: it is no message
      client._onMessage = (socket, its, data) => {
        if (its === type) resolve(data);
        pass.call(client, socket, its, data);
      };
    });
  }

  /**
   * Ends this side, and gives the server a moment to end its own: one whose messages have another form says so.
   * @throws {Error} that, or why the connection has failed
   */
  async end() {
    this.client.socket.end();
    const failure = await Promise.race([this.ended, pause(MOMENT_MS)]);
    if (failure) throw failure;
  }

  /** Sends what was emitted, and ends the connection. @throws {Error} what of it could not be sent */
  async close() {
    const { socket } = this.client;
    const isOver = socket.destroyed;
    this.#ipc.disconnect('server');
    const failure = await this.ended;
    if (failure && !isOver) throw failure;
  }

  /** Ends the connection when nobody waits any more: what has not left, since the server reads too slowly, is dropped. */
  async giveUp() {
    if (this.client.stats().bytesQueued > 0) this.client.socket.destroy();
    await this.close().catch(() => {});
  }
}

/** Connects. @throws {Failure} */
async function connect(target, options, deadline, config) {
  for (;;) {
    const ipc = instance(options, config);
    const { host, port, path } = target;
    try {
      const connected = port
        ? ipc.connectToNet('server', host, port)
        : ipc.connectTo('server', path);
      await deadline.limit(connected, `${target.shown} did not answer`);
      return new Link(ipc);
    } catch (error) {
      ipc.disconnect('server');
      const failure = failureOf(error, target);
      if (!options.retry || failure.status !== 3 || deadline.left < RETRY_MS) throw failure;
      await wait(RETRY_MS);
    }
  }
}

/**
 * Data from a command line: JSON, or `-` for JSON from standard input; nothing is `undefined`.
 * @throws {UsageError}
 */
async function dataOf(word) {
  if (word === undefined) return undefined;
  const text = word === '-' ? (await standardInput()).toString('utf8') : word;
  try {
    return JSON.parse(text);
  } catch ({ message }) {
    const hint = word === '-' ? '' : `. A text has quotes within those of the shell: '"text"'`;
    throw new UsageError(`the data is not JSON: ${message}${hint}`);
  }
}

async function standardInput() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

module.exports = {
  Deadline,
  clientOptions,
  connect,
  dataOf,
  instance,
  pause,
  placeOf,
  placeOptions,
  standardInput,
  targetOf,
  targetOperand,
  timeoutOption,
  tlsOptionOf,
  tlsOptions,
  wireOptions,
};
