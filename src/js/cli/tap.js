'use strict';
// `ferripc tap`: prints what a server's tap reports (diagnostics/tap.js). Used by index.js.

const fs = require('node:fs');
const path = require('node:path');
const { note } = require('./output');
const { Count, Printer, told } = require('./running');
const { FAILED, Failure, NOBODY, OK, TIMEOUT, UsageError, failureOf } = require('./statuses');
const { Deadline, connect, placeOptions } = require('./target');
const { targetOf, timeoutOption } = require('./target');
const { linesFor, recordsOf } = require('./tap-lines');
const { toCount } = require('./words');

const ENDING = '.tap';

/** The paths of a server's taps: one, or in a cluster one for each worker. */
function tapsOf({ path: server }) {
  if (server.endsWith(ENDING)) return [server];
  const first = server + ENDING;
  if (process.platform === 'win32' || server.startsWith('\0')) return [first];
  const [folder, name] = [path.dirname(server), path.basename(server)];
  const names = attempt(() => fs.readdirSync(folder)) ?? [path.basename(first)];
  const isTap = (it) => it.startsWith(`${name}.`) && /^\.(\d+\.)?tap$/.test(it.slice(name.length));
  return names.filter(isTap).map((it) => path.join(folder, it));
}

function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

/** Connects to all taps that are alive. @throws {Failure} if there is none */
async function connectAll(target, options, deadline) {
  const links = [];
  for (;;) {
    let failure = null;
    for (const tap of tapsOf(target)) {
      const at = { shown: tap, path: tap };
      // Whether to try again is decided here, for all of them.
      const tried = connect(at, {}, deadline, { identifyPeer: false });
      const link = await tried.catch((error) => void (failure = error));
      if (link) links.push(link);
    }
    if (links.length > 0) return links;
    const isMissing = failure === null || failure.status === NOBODY;
    if (!isMissing) throw failure;
    if (!options.retry || deadline.left < 100) throw await missing(target);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function missing(target) {
  const { shown, path: server } = target;
  const isAbstract = server.startsWith('\0');
  const isThere = isAbstract || attempt(() => fs.lstatSync(server)) !== null;
  if (isThere && !isAbstract && (await require('./list-sockets').isDead(server))) {
    return failureOf({ code: 'ECONNREFUSED' }, target);
  }
  const hint = 'its server has to set config.tap = true, or to be started with FERRIPC_TAP=1';
  if (isThere) return new Failure(`${shown} has no tap: ${hint}`);
  return new Failure(`there is no socket at ${shown}, nor a tap of a server on a port`, NOBODY);
}

/** Starts the tap. Resolves with what it says about its server. */
async function begin(link, { payloads = false, type: types = [] }, deadline) {
  const ready = new Promise((resolve) => link.client.once('tap.ready', resolve));
  const ended = link.ended.then((error) => {
    throw new Failure(error ? error.message : 'the tap has ended the connection');
  });
  ended.catch(() => {});
  link.client.emit('tap', { payloads, types });
  const facts = await deadline.limit(Promise.race([ready, ended]), 'the tap did not answer');
  return facts !== null && typeof facts === 'object' ? facts : {};
}

const withoutPayloads = ({ shown }) =>
  new Failure(
    `${shown} shows no payloads: its server has to set config.tap = { payloads: true }, or to be started with FERRIPC_TAP=payloads`,
  );

/** What is printed of all taps, up to a number of messages. */
class Shown {
  #lines;
  #asJson;
  #printer;
  #count;

  constructor(links, { json: asJson = false, count }) {
    this.#asJson = asJson;
    this.#lines = linesFor(asJson);
    this.#count = new Count(count);
    this.#printer = new Printer(() => links.map(({ client }) => client.socket));
  }

  /** Fulfilled when all messages that were asked for are printed. */
  get enough() {
    return this.#count.reached;
  }

  title(facts) {
    const line = this.#lines.title(facts);
    if (this.#asJson) this.#printer.print(line);
    else note(line);
  }

  /** Prints what a tap reports. Resolves with the exit code when its server has ended. */
  follow(link) {
    link.client.on('tap.records', (data) => {
      const { records, skipped } = recordsOf(data);
      for (const record of records) this.#record(record);
      this.#skipped(skipped);
    });
    const end = new Promise((resolve) => {
      link.client.once('tap.end', (data) => {
        this.#skipped(recordsOf(data).skipped);
        resolve(OK);
      });
    });
    return Promise.race([end, link.ended.then(() => FAILED)]);
  }

  #record(record) {
    if (this.#count.isOver) return;
    let line;
    try {
      line = this.#lines.record(record);
    } catch {
      this.#skipped(1); // its payload is nested too deeply
      return;
    }
    this.#printer.print(line);
    if (record.event === 'message') this.#count.add();
  }

  #skipped(count) {
    if (count > 0 && !this.#count.isOver) this.#printer.print(this.#lines.skipped(count));
  }
}

module.exports = {
  name: 'tap',
  synopsis: ['ferripc tap [options] <target>'],
  description: `Prints what a server sends and receives, and its connections, errors and drops, as they happen. The server
has to allow it, with config.tap = true or the environment variable FERRIPC_TAP=1. To show payloads, it needs config.tap =
{ payloads: true } or FERRIPC_TAP=payloads. The tap is a second socket, which only the user of the server can open. Its
path is that of the server, followed by .tap. For a server on a port, the path is made from its id.

Each line shows the time, the direction as the server sees it, the connection and its peer, the type of the message and
its length without the delimiter. With --payloads, it also shows the data. If the reader is too slow, the server does not
wait: a line says how many records were not shown.

It ends with the server, on a signal, or after --count messages.`,
  operands: [
    {
      name: 'target',
      help: 'The server: its id, its path (with a slash in it), or @name for an abstract socket of Linux.',
    },
  ],
  options: {
    payloads: { short: 'p', help: 'Also prints the data of messages. Long data is cut off.' },
    type: {
      value: 'GLOB',
      many: true,
      help: 'Prints only messages of this type. * stands for any characters, ? for one. Can be given several times.',
    },
    count: { short: 'n', value: 'N', parse: toCount, help: 'Ends after N messages.' },
    json: {
      help: 'Prints one JSON object per line. The first one describes the server. docs/cli.md lists the fields.',
    },
    timeout: {
      ...timeoutOption.timeout,
      help: 'How long to wait for the tap, in ms. 0 means forever. Default: 10000',
    },
    retry: { help: 'While there is no tap, tries again until the time is up.' },
    ...placeOptions,
  },
  statuses: [NOBODY, TIMEOUT],
  examples: [
    ['ferripc tap world', 'Everything that happens at the server with the id world:'],
    [`ferripc tap world --type 'job.*' --payloads`, 'Messages of some types, with their data:'],
    [`ferripc tap world --json | jq 'select(.bytes > 100000)'`, 'Large messages only:'],
  ],

  async run({ options, operands: [word] }) {
    const target = targetOf(word, options);
    if (target.port) {
      throw new UsageError(
        'a tap is a local socket: name the id of the server, or the path of its tap',
      );
    }
    const deadline = new Deadline(options.timeout);
    const links = await connectAll(target, options, deadline);
    const signal = told();
    const shown = new Shown(links, options);
    try {
      const ends = links.map((link) => shown.follow(link));
      for (const link of links) {
        const facts = await begin(link, options, deadline);
        if (options.payloads && !facts.payloads) throw withoutPayloads(target);
        shown.title(facts);
      }
      const all = Promise.all(ends).then((statuses) => Math.max(...statuses));
      const stopped = signal.end.then(() => OK);
      const status = await Promise.race([all, shown.enough.then(() => OK), stopped]);
      if (status === FAILED) note('ferripc: the server is gone');
      return status;
    } catch (error) {
      throw failureOf(error, target);
    } finally {
      await Promise.all(links.map((link) => link.close().catch(() => {})));
      signal.forget();
    }
  },
};
