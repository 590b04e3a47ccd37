'use strict';
// What `ferripc tap` prints of a tap's records, for people and for programs. Used by tap.js. Nothing in them is
// trusted: any program that listens at the path may call itself a tap.

const { colorsFor, json, printable } = require('./output');

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

/** `{title, record, skipped}`: functions that make the lines. */
function linesFor(asJson) {
  if (asJson) {
    return {
      title: (facts) => jsonOf({ time: Date.now(), event: 'tap', ...facts }),
      record: jsonOf,
      skipped: (count) => json({ event: 'skipped', count }),
    };
  }
  const paint = colorsFor(process.stdout);
  return {
    title,
    record: (record) => lineOf(record, paint),
    skipped: (count) => skippedLine(count, paint),
  };
}

module.exports = { linesFor, recordsOf };
