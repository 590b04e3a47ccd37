'use strict';
// Turns the words of a command line into a command's options and operands. Used by index.js.
// Flags of one letter may stand together: `-qa` is `-q -a`, and an option with a value may be the last of them.
//
// An option: `{ help, short, value, parse, many }`. `value` is the name that stands for its value in the help; without it
// the option is a flag. `parse(text)` makes the value, or throws a UsageError. `many`: may be given several times.

const { UsageError } = require('./statuses');

/** What every command has, beside its own options. */
const HELP_OPTION = { help: { short: 'h', help: 'Prints this page.' } };

/** `-5` is data, and `-` stands for standard input. */
const isOption = (word) => /^-./.test(word) && !/^-[\d.]/.test(word);

/**
 * `{options, operands}` from words. All words that are not known are named at once.
 * @throws {UsageError}
 */
function read(words, command) {
  const options = {};
  const operands = [];
  const unknown = [];
  const waiting = [...words];
  while (waiting.length > 0) {
    const word = waiting.shift();
    if (word === '--') operands.push(...waiting.splice(0));
    else if (!isOption(word)) operands.push(word);
    else if (!takeOption(word, command, options, waiting)) unknown.push(word);
  }
  const { operands: wanted = [] } = command;
  const most = wanted.some((it) => it.many) ? Infinity : wanted.length;
  unknown.push(...operands.splice(most));
  if (unknown.length > 0) throw new UsageError(refusal(unknown, command));
  return { options, operands };
}

/** Whether the help is asked for, also with other flags (`-qh`). This is looked for first: the rest may be wrong. */
function asksForHelp(words, { options = {} }) {
  const known = { ...options, ...HELP_OPTION };
  const asks = (word) => isOption(word) && keysOf(word.slice(1), known)?.includes('help');
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).some((it) => it === '--help' || asks(it));
}

/** False if the word is not known. */
function takeOption(word, { options: known = {} }, options, waiting) {
  const [, dashes, name, given] = /^(--?)([^=]*)(?:=([^]*))?$/.exec(word);
  const keys =
    dashes === '--' ? [name].filter((it) => Object.hasOwn(known, it)) : keysOf(name, known);
  if (keys === null || keys.length === 0) return false;
  keys.forEach((key, i) => {
    const shown = dashes === '--' ? word.split('=')[0] : `-${known[key].short}`;
    const isLast = i === keys.length - 1;
    take(key, known[key], shown, options, isLast ? { given, waiting } : {});
  });
  return true;
}

/** The options whose letters stand in `name`, or null. Those before the last are flags. */
function keysOf(name, known) {
  const keys = [...name].map((letter) =>
    Object.keys(known).find((it) => known[it].short === letter),
  );
  const isCluster = keys.every((key, i) => key && (i === keys.length - 1 || !known[key].value));
  return isCluster && !Object.hasOwn(known, name) ? keys : null;
}

function take(key, { value, parse, many }, shown, options, { given, waiting }) {
  if (value === undefined) {
    if (given !== undefined) throw new UsageError(`${shown} takes no value`);
    options[key] = true;
    return;
  }
  const text = given ?? waiting.shift();
  if (text === undefined) throw new UsageError(`${shown} needs a value: ${shown} ${value}`);
  const parsed = parse === undefined ? text : parse(text, shown);
  if (many) (options[key] ??= []).push(parsed);
  else options[key] = parsed;
}

function refusal(unknown, { name, options = {} }) {
  const named = unknown.map((word) => JSON.stringify(word)).join(', ');
  const known = Object.keys(options).map((it) => `--${it}`);
  const hintFor = (word) => attached(word, options) ?? hintOf(word.split('=')[0], known);
  const hints = unknown.filter(isOption).map(hintFor);
  return `${name} does not know ${named}${hints.find(Boolean) ?? ''}`;
}

/** The hint for `-t500`: a value is a word of its own. */
function attached(word, options) {
  const [, letter, number] = /^-(\w)(\d+)$/.exec(word) ?? [];
  const hasValue = Object.values(options).some((it) => it.value && it.short === letter);
  return letter && hasValue ? `: did you mean -${letter} ${number}?` : undefined;
}

/** The end of a message about an unknown word: the word that was probably meant, or else `otherwise`. */
function hintOf(word, known, otherwise = '') {
  const meant = nearest(word, known);
  return meant === undefined ? otherwise : `: did you mean ${meant}?`;
}

/** The one of `known` that somebody may have meant by `word`; undefined if none is near. */
function nearest(word, known) {
  const ranked = known
    .map((it) => ({
      it,
      distance: it.startsWith(word) && word.length > 2 ? 0 : distance(word, it),
    }))
    .sort((a, b) => a.distance - b.distance);
  const [first] = ranked;
  return first && first.distance <= Math.max(1, Math.floor(word.length / 3)) ? first.it : undefined;
}

/** How many characters are missing, too many, wrong or swapped with the next. */
function distance(a, b) {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost));
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}

// ---- values ---------------------------------------------------------------------------------------

function toNumber(text, name, what, fits) {
  const number = text.trim() === '' ? NaN : Number(text);
  if (!Number.isNaN(number) && fits(number)) return number;
  throw new UsageError(`${name} must be ${what}, and not ${JSON.stringify(text)}`);
}

/** A number of things, 1 or more. */
const toCount = (text, name) =>
  toNumber(text, name, 'a whole number, 1 or more', (it) => Number.isInteger(it) && it >= 1);

/** A time in ms; 0 is no limit. */
const toMs = (text, name) =>
  toNumber(text, name, 'a number of ms, up to 2147483647', (it) => it >= 0 && it < 2 ** 31);

const toSeconds = (text, name) =>
  toNumber(text, name, 'a number of seconds, more than 0', (it) => it > 0 && it < 1e6);

const ESCAPES = { n: '\n', r: '\r', t: '\t', f: '\f', 0: '\0', '\\': '\\' };

/** A delimiter, in which `\n` and the like stand for what they stand for in JavaScript. */
function toDelimiter(text, name) {
  const made = text.replace(/\\([nrtf0\\])/g, (_, letter) => ESCAPES[letter]);
  if (made === '') throw new UsageError(`${name} must be one or more characters`);
  return made;
}

module.exports = { HELP_OPTION, asksForHelp, hintOf, read, toCount, toDelimiter, toMs, toSeconds };
