'use strict';
// What `ferripc tap` prints of a tap's records, for people and for programs. Used by tap.js. Nothing in them is
// trusted: any program that listens at the path may call itself a tap.

const { colorsFor, json, printable, textOf } = require('./output');

const two = (number) => String(number).padStart(2, '0');

/** A text that is made of values of any kind; those that are missing become `?`. */
const printed = (texts, ...values) =>
  printable(String.raw(texts, ...values.map((it) => textOf(it ?? '?'))));

/** Null for what is not a time in ms. */
function dateOf(time) {
  const at = new Date(typeof time === 'number' ? time : NaN);
  return Number.isNaN(at.getTime()) ? null : at;
}

function clock(ms) {
  const at = dateOf(ms);
  if (at === null) return '??:??:??.???';
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function partner({ connection, peer, name }) {
  const { address, port, pid } = peer ?? {};
  const words = [];
  if (connection !== undefined) words.push(printed`#${connection}`);
  if (name !== undefined) words.push(printed`${name}`);
  if (address !== undefined) words.push(printed`${address}:${port}`);
  else if (pid !== undefined) words.push(printed`pid ${pid}`);
  return words.join(' ');
}

function content({ payload, text, base64, cut }) {
  const more = cut ? ' …' : '';
  if (payload !== undefined) return `  ${json(payload)}`;
  if (text !== undefined) return `  ${printable(text)}${more}`;
  return base64 === undefined ? '' : `  base64 ${printable(base64)}${more}`;
}

/** What has happened. */
function happened({ event, direction, hadError }, paint) {
  const directions = { in: () => paint.green('in '), out: () => paint.cyan('out') };
  const events = {
    message: () => known(directions, direction),
    dropped: () => paint.red(printed`dropped ${direction}`),
    open: () => paint.dim('open'),
    close: () => paint.dim(hadError ? 'closed by an error' : 'closed'),
    refused: () => paint.yellow('refused'),
    error: () => paint.red('error'),
  };
  return known(events, event);
}

/** What the one of `words` says; a word of which nothing is known as it is. */
const known = (words, word) =>
  typeof word === 'string' && Object.hasOwn(words, word) ? words[word]() : printed`${word}`;

/** One line for a record. */
function lineOf(record, paint) {
  const { event, direction, type, bytes, reason, code, message } = record;
  const parts = [paint.dim(clock(record.time)), happened(record, paint)];
  const who = partner(record);
  if (who !== '') parts.push(who);
  if (direction !== undefined || type !== undefined) {
    parts.push(typeof type === 'string' ? paint.bold(printable(type)) : 'bytes');
    parts.push(typeof bytes === 'number' ? `${bytes} B` : '? B');
  }
  if (reason !== undefined) parts.push(printed`${reason}`);
  if (event === 'error') parts.push(printed`${code ?? ''} ${message ?? ''}`.trim());
  return parts.join('  ') + content(record);
}

const title = ({ id, pid, transport, address, connections }) =>
  printed`tapping ${id} (pid ${pid}), ${transport} ${address}, connections: ${connections}`;

const skippedLine = (skipped, paint) => paint.yellow(`… ${skipped} not shown`);

/** The record as JSON, with a time that programs know. */
function jsonOf({ time, ...record }) {
  return json({ time: dateOf(time)?.toISOString() ?? null, ...record });
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
      title: (facts) => {
        const own = { time: Date.now(), event: 'tap' };
        return jsonOf({ ...own, ...facts, ...own });
      },
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
