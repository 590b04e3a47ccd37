'use strict';
// `ferripc serve`: a server that prints what comes, and sends it back if it is asked to. Used by index.js.

const { colorsFor, json, note, printable } = require('./output');
const { Count, Printer, told } = require('./running');
const { Failure, UsageError } = require('./statuses');
const {
  instance,
  placeOf,
  placeOptions,
  targetOf,
  targetOperand,
  tlsOptionOf,
  tlsOptions,
} = require('./target');
const { wireOptions } = require('./target');
const { toCount } = require('./words');

function failed(error, { shown }) {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Failure(`${shown} is taken: ${error.message}`);
    case 'EACCES':
    case 'EPERM':
      return new Failure(`you may not listen at ${shown}: permission denied`);
    case 'ENOENT':
      return new Failure(`there is no folder for ${shown}`);
    default:
      return new Failure(`${shown}: ${error.message}`);
  }
}

/** Socket -> its number. */
class Numbers {
  #numbers = new WeakMap();
  #last = 0;

  of(socket) {
    if (!this.#numbers.has(socket)) this.#numbers.set(socket, ++this.#last);
    return this.#numbers.get(socket);
  }
}

/** A client may leave before its message is sent back. */
const LEFT = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED']);

const REQUEST = 'ferripc:request';

/** What has come, for people or for programs. */
function lineOf({ type, data, bytes, connection, request }, asJson, paint) {
  if (asJson) {
    const content = bytes === undefined ? { type, data } : { base64: bytes.toString('base64') };
    return json({ connection, ...(request ? { request: true } : {}), ...content });
  }
  const who = paint.dim(`#${connection}`);
  if (bytes !== undefined) return `${who} ${bytes.length} B ${printable(bytes.toString('utf8'))}`;
  const kind = request ? `${paint.dim('request')} ` : '';
  return `${who} ${kind}${paint.bold(printable(type))} ${data === undefined ? '' : json(data)}`.trimEnd();
}

module.exports = {
  name: 'serve',
  synopsis: ['ferripc serve [options] <target>'],
  description: `Runs a server until it is told to end, and prints each message on a line: the number of its connection, its
type and its data. It refuses to start where another server is alive, and takes over the path of a dead one. SIGINT,
SIGTERM and SIGHUP end it, and it then removes its socket.

With --echo, it sends each message back to the sender, and answers each request with its own data.`,
  operands: [targetOperand],
  options: {
    echo: { short: 'e', help: 'Sends messages back.' },
    json: { help: 'Prints one JSON object per line.' },
    quiet: { short: 'q', help: 'Prints no messages. For benchmarks.' },
    count: { short: 'n', value: 'N', parse: toCount, help: 'Ends after N messages.' },
    raw: {
      help: 'Raw mode (config.rawBuffer): prints the bytes of each read, with --json as base64.',
    },
    tap: { help: 'Lets "ferripc tap" show the traffic, with payloads.' },
    ...placeOptions,
    ...wireOptions,
    tls: { help: 'Uses TLS. Needs host:port, --cert and --key.' },
    ca: {
      ...tlsOptions.ca,
      help: 'The authority that must have signed the certificates of clients: others are refused.',
    },
    cert: tlsOptions.cert,
    key: tlsOptions.key,
  },
  statuses: [],
  examples: [
    ['ferripc serve world', 'Shows what programs send to the id world:'],
    ['ferripc serve world --echo --quiet', 'A server for "ferripc bench":'],
    ['ferripc serve :8000 --json', 'On a port of this machine:'],
  ],

  async run({ options, operands: [word] }) {
    const target = targetOf(word, options);
    const { echo, quiet, raw = false, tap, ca } = options;
    const tls = tlsOptionOf(options);
    if (tls && !options.cert) throw new UsageError(`${tls} needs --cert and --key`);
    const ipc = instance(options, {
      id: target.id ?? 'ferripc',
      unlink: 'stale',
      rawBuffer: raw,
      maxConnections: 0,
      tap: tap ? { payloads: true } : false,
      ...placeOf(options),
    });
    if (ca) Object.assign(ipc.config.tls, { requestCert: true, rejectUnauthorized: true });
    if (target.port) ipc.serveNet(target.host, target.port);
    else ipc.serve(target.path);
    const { server } = ipc;
    const paint = colorsFor(process.stdout);
    const numbers = new Numbers();
    const printer = new Printer(() => server.sockets);
    const count = new Count(options.count);
    const show = (socket, facts) => {
      if (count.isOver) return;
      const connection = numbers.of(socket);
      const print = () => printer.print(lineOf({ connection, ...facts }, options.json, paint));
      if (!quiet) attempt(connection, print);
      count.add();
    };
    const send = (socket, type, data) =>
      attempt(numbers.of(socket), () => sendBack(server, socket, type, data));
    if (raw) {
      server.on('data', (bytes, socket) => {
        if (echo) server.emit(socket, bytes);
        show(socket, { bytes });
      });
    } else serveMessages(server, { echo, send, show });
    server.on('error', (error) => {
      if (server.server?.listening && !LEFT.has(error.code))
        note(`ferripc: ${printable(error.message)}`);
    });
    const signal = told();
    try {
      await server.start();
      note(`listening at ${printable(target.shown)}`);
      await Promise.race([signal.end, count.reached]);
    } catch (error) {
      throw failed(error, target);
    } finally {
      await server.stop({ disconnect: true });
      signal.forget();
    }
  },
};

/** Does something with what a connection has sent. Some of that cannot be written, such as what is nested too deeply. */
function attempt(connection, act) {
  try {
    act();
  } catch ({ message }) {
    note(`ferripc: #${connection}: ${printable(message)}`);
  }
}

function sendBack(server, socket, type, data) {
  try {
    server.emit(socket, type, data);
  } catch ({ message }) {
    throw new Error(`what came cannot be sent back (${message})`);
  }
}

/**
 * Shows messages of all types, and answers them. They reach no handlers, since a peer may send types that a server
 * itself reports.
 */
function serveMessages(server, { echo, send, show }) {
  server._onMessage = (socket, type, data) => {
    const isRequest = type === REQUEST && data !== null && typeof data === 'object';
    if (!isRequest) {
      if (echo) send(socket, type, data);
      show(socket, { type, data });
      return;
    }
    if (echo) send(socket, 'ferripc:reply', { id: data.id, data: data.data });
    else server._unheard(type, [data, socket]); // there is no handler
    if (typeof data.type !== 'string') show(socket, { type, data });
    else show(socket, { type: data.type, data: data.data, request: true });
  };
}
