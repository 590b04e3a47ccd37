'use strict';
// What the command `ferripc` prints. Used by index.js and all commands.
//
// What a peer has chosen (types, data, names, messages of errors) must not be able to drive the terminal: it is printed
// by `printable` or `json`, which leave no control character, nothing invisible and nothing that turns text around.

/** Control, format and private characters, halves of pairs, and what else ends a line. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

const escaped = (character) =>
  [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');

/** Anything as text: where a peer should have sent a text, it may have sent an object, which need not become one. */
function textOf(value) {
  if (value === null || typeof value !== 'object') return String(value);
  try {
    return String(JSON.stringify(value));
  } catch {
    return '(object)'; // nested too deeply
  }
}

/** `text` on one line, with what must not get to a terminal as `\u001b`. */
const printable = (text) => textOf(text).replace(UNPRINTABLE, escaped);

/**
 * A value as JSON on one line: the same value for programs, and harmless on a terminal.
 * @throws {Error} for what is nested too deeply, or would be too long
 */
function json(value) {
  try {
    return (JSON.stringify(value) ?? 'null').replace(UNPRINTABLE, escaped);
  } catch ({ message }) {
    throw new Error(`what came cannot be shown (${message})`);
  }
}

/** Whether `stream` gets colours: FORCE_COLOR, then NO_COLOR, then whether it is a terminal that has some. */
function hasColors(stream) {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = variables();
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return Boolean(stream.isTTY) && terminal !== 'dumb';
}

const variables = () => ({
  FORCE_COLOR: process.env.FORCE_COLOR,
  NO_COLOR: process.env.NO_COLOR,
  TERM: process.env.TERM,
});

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** `{bold, dim, red, …}`: functions that colour a text, or leave it as it is. */
function colorsFor(stream) {
  const isOn = hasColors(stream);
  const make = (code) => (text) => (isOn ? `\x1b[${code}m${text}\x1b[0m` : `${text}`);
  return Object.fromEntries(Object.entries(CODES).map(([name, code]) => [name, make(code)]));
}

/** What to do when nobody reads the output any more. */
let onGone = null;
let isGone = false;
/** Why it could not be written, if that is an error. */
let failure = null;

/** Makes sure that it is not an error if the reader of the output ends (`| head`). */
function prepare() {
  process.stderr.on('error', () => {}); // there is nowhere left to say so
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE' && error.code !== 'EOF') failure = error;
    if (isGone) return;
    isGone = true;
    onGone?.();
  });
}

/** What the output could not be written for; null if it was, or nobody wanted more of it. */
const outputFailure = () => failure;

/** `act` is called once when nobody reads the output any more: a command that runs on has to end then. */
function whenGone(act) {
  onGone = act;
  if (isGone) act();
}

/** Prints a line. False: its reader is behind, and `drain` of standard output should be awaited. */
const print = (line = '') => isGone || process.stdout.write(`${line}\n`);

/** Prints something that is not a result. */
const note = (line) => void process.stderr.write(`${line}\n`);

/** Lines of `rows`, arrays of texts, in columns. `paint(text, column, row)` colours a text that has its width. */
function columns(rows, paint = (text) => text) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row, at) =>
    row
      .map((text, i) => paint(i === row.length - 1 ? text : text.padEnd(widths[i]), i, at))
      .join('  ')
      .trimEnd(),
  );
}

module.exports = {
  colorsFor,
  columns,
  json,
  note,
  outputFailure,
  prepare,
  print,
  printable,
  textOf,
  whenGone,
};
