'use strict';
// `ferripc tap`: prints what a server's tap tells of it (diagnostics/tap.js). Used by index.js.

const fs = require('node:fs');
const path = require('node:path');
const { colorsFor, json, note, printable } = require('./output');
const { Printer, told } = require('./running');
const { FAILED, Failure, NOBODY, OK, TIMEOUT, UsageError, failureOf } = require('./statuses');
const { Deadline, connect, placeOptions } = require('./target');
const { targetOf, targetOperand, timeoutOption } = require('./target');
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
    if (!options.retry || deadline.left < 100) throw missing(target);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function missing({ shown, path: server }) {
  const isThere = server.startsWith('\0') || attempt(() => fs.lstatSync(server)) !== null;
  const hint = 'its server has to set config.tap = true, or to be started with FERRIPC_TAP=1';
  if (isThere) return new Failure(`${shown} has no tap: ${hint}`);
  return new Failure(`there is no socket at ${shown}, and no tap of a server on a port`, NOBODY);
}

/** Has the tap begin. Resolves with what it says about its server. */
async function begin(link, wish, deadline) {
  const ready = new Promise((resolve) => link.client.once('tap.ready', resolve));
  const ended = link.ended.then((error) => {
    throw new Failure(error ? error.message : 'the tap has ended the connection');
  });
  ended.catch(() => {});
  link.client.emit('tap', wish);
  const facts = await deadline.limit(Promise.race([ready, ended]), 'the tap did not answer');
  return facts !== null && typeof facts === 'object' ? facts : {};
}

// ---- for people -----------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, '0');

function clock(ms) {
  const at = new Date(ms);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function partner({ connection, peer = {}, name }) {
  const { address, port, pid } = peer;
  const words = [];
  if (connection !== undefined) words.push(printable(`#${connection}`));
  if (name !== undefined) words.push(printable(name));
  if (address !== undefined) words.push(printable(`${address}:${port}`));
  else if (pid !== undefined) words.push(printable(`pid ${pid}`));
  return words.join(' ');
}

function content({ payload, text, base64, cut }) {
  const more = cut ? ' …' : '';
  if (payload !== undefined) return `  ${json(payload)}`;
  if (text !== undefined) return `  ${printable(text)}${more}`;
  return base64 === undefined ? '' : `  base64 ${printable(base64)}${more}`;
}

/** One line for a record. */
function lineOf(record, paint) {
  const { event, direction, type, bytes, reason, code, message, hadError } = record;
  const what = {
    message: () => (direction === 'in' ? paint.green('in ') : paint.cyan('out')),
    dropped: () => paint.red(printable(`dropped ${direction}`)),
    open: () => paint.dim('open'),
    close: () => paint.dim(hadError ? 'closed by an error' : 'closed'),
    refused: () => paint.yellow('refused'),
    error: () => paint.red('error'),
  };
  const parts = [paint.dim(clock(record.time)), what[event]?.() ?? printable(event)];
  const who = partner(record);
  if (who !== '') parts.push(who);
  if (direction !== undefined) {
    parts.push(typeof type === 'string' ? paint.bold(printable(type)) : 'bytes');
    parts.push(typeof bytes === 'number' ? `${bytes} B` : '? B');
  }
  if (reason !== undefined) parts.push(printable(reason));
  if (event === 'error') parts.push(printable(`${code ?? ''} ${message}`.trim()));
  return parts.join('  ') + content(record);
}

const title = ({ id, pid, transport, address, connections }) =>
  printable(`tapping ${id} (pid ${pid}), ${transport} ${address}, connections: ${connections}`);

const skippedLine = (skipped, paint) => paint.yellow(`… ${skipped} not shown`);

/** The record as JSON, with a time that programs know. */
function jsonOf({ time, ...record }) {
  const at = new Date(time);
  return json({ time: Number.isNaN(at.getTime()) ? null : at.toISOString(), ...record });
}

/** What a tap has sent, or something else that calls itself one. */
function recordsOf(data) {
  const { records, skipped } = data ?? {};
  const isRecord = (it) => it !== null && typeof it === 'object';
  return {
    records: Array.isArray(records) ? records.filter(isRecord) : [],
    skipped: Number.isInteger(skipped) ? skipped : 0,
  };
}

module.exports = {
  name: 'tap',
  synopsis: ['ferripc tap [options] <target>'],
  description: `Prints what a server sends and receives, and its connections, errors and drops, as they happen. The server
has to allow it: by config.tap = true, or by the variable FERRIPC_TAP=1 when it is started; payloads by config.tap = {
payloads: true } or FERRIPC_TAP=payloads. Its tap is a socket beside its own, with the ending .tap, that only its user
can open; that of a server on a port is where its id would be.

A line has the time, the direction as the server sees it, the connection and who is at its other end, the type of the
message, its length without the delimiter, and with --payloads its data. If this command is read too slowly, the server
does not wait: a line says how many were not shown.

It ends with the server, by a signal, or with --count.`,
  operands: [{ ...targetOperand, help: `${targetOperand.help.split(', or host')[0]}.` }],
  options: {
    payloads: { short: 'p', help: 'Prints the data of messages, too. What is long is cut off.' },
    type: {
      value: 'GLOB',
      many: true,
      help: 'Prints messages of this type only; * stands for any characters, ? for one. May be given several times.',
    },
    count: { short: 'n', value: 'N', parse: toCount, help: 'Ends after so many messages.' },
    json: {
      help: 'Prints one JSON object on each line; the first one tells of the server. Their fields are in docs/cli.md.',
    },
    timeout: {
      ...timeoutOption.timeout,
      help: 'How long to wait for the tap, in ms; 0 is as long as it takes. Default: 10000',
    },
    retry: { help: 'While there is no tap, tries again until the time is over.' },
    ...placeOptions,
  },
  statuses: [NOBODY, TIMEOUT],
  examples: [
    ['ferripc tap world', 'All of what happens at the server of the id world:'],
    [`ferripc tap world --type 'job.*' --payloads`, 'Some messages with what is in them:'],
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
    const { payloads = false, type: types = [], count = Infinity } = options;
    const links = await connectAll(target, options, deadline);
    const signal = told();
    const paint = colorsFor(process.stdout);
    const pause = (isBehind) => {
      for (const { client } of links) client.socket[isBehind ? 'pause' : 'resume']();
    };
    const printer = new Printer(pause);
    let shown = 0;
    let isCounted;
    const counted = new Promise((resolve) => (isCounted = resolve));
    const show = (record) => {
      if (shown >= count) return;
      printer.print(options.json ? jsonOf(record) : lineOf(record, paint));
      if (record.event === 'message' && ++shown >= count) isCounted(OK);
    };
    const skip = (skipped) => {
      if (!(skipped > 0) || shown >= count) return;
      const line = () => skippedLine(skipped, paint);
      printer.print(options.json ? json({ event: 'skipped', count: skipped }) : line());
    };
    const follow = (link) => {
      link.client.on('tap.records', (data) => {
        const { records, skipped } = recordsOf(data);
        for (const record of records) show(record);
        skip(skipped);
      });
      const end = new Promise((resolve) => {
        link.client.once('tap.end', (data) => {
          skip(recordsOf(data).skipped);
          resolve(OK);
        });
      });
      return Promise.race([end, link.ended.then(() => end.status ?? FAILED)]);
    };
    try {
      const ends = links.map(follow);
      for (const link of links) {
        const facts = await begin(link, { payloads, types }, deadline);
        if (payloads && !facts.payloads) {
          throw new Failure(
            `${target.shown} shows no payloads: its server has to set config.tap = { payloads: true }, or to be started with FERRIPC_TAP=payloads`,
          );
        }
        if (options.json) printer.print(jsonOf({ time: Date.now(), event: 'tap', ...facts }));
        else note(title(facts));
      }
      const all = Promise.all(ends).then((statuses) => Math.max(...statuses));
      const status = await Promise.race([all, counted, signal.end.then(() => OK)]);
      if (status === FAILED) note('ferripc: the server is gone');
      return status;
    } catch (error) {
      throw failureOf(error, target);
    } finally {
      signal.forget();
      await Promise.all(links.map((link) => link.close().catch(() => {})));
    }
  },
};
