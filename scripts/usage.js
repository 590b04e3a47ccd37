'use strict';
// The options of a script, which the comment at the head of its file describes: that is printed with `--help`, and where the
// script is called in a way that it does not know. Used by the scripts of this folder, of bench/ and of the fuzzers.

const fs = require('node:fs');
const { parseArgs } = require('node:util');

function headOf(file) {
  const [, head] = /^((?:\/\/.*\n)+)/m.exec(fs.readFileSync(file, 'utf8'));
  return head.replace(/^\/\/ ?/gm, '');
}

/** Ends the process: `message` is what the script in `file` does not understand. */
function refuse(file, message) {
  console.error(`${message}\n\n${headOf(file)}`);
  process.exit(2);
}

/** As `parseArgs`, for the script in `file`. */
function optionsOf(file, config = {}) {
  const help = { type: 'boolean' };
  try {
    const parsed = parseArgs({ ...config, options: { ...config.options, help } });
    if (!parsed.values.help) return parsed;
  } catch (error) {
    refuse(file, error.message);
  }
  console.log(headOf(file));
  return process.exit(0);
}

/** The number above 0 that is the value of the option `name`; undefined where it has none. */
function numberOf(file, values, name) {
  const value = values[name];
  if (value === undefined) return undefined;
  if (Number(value) > 0) return Number(value);
  return refuse(file, `--${name} ${value}: not a number above 0`);
}

/** The value of the option `name`, or a list of them. Refuses what is not in `known`. */
function chosen(file, values, name, known) {
  const wrong = [values[name] ?? []].flat().find((it) => !known.includes(it));
  if (wrong === undefined) return values[name];
  return refuse(file, `--${name} ${wrong}: it is one of ${known.join(', ')}`);
}

module.exports = { chosen, numberOf, optionsOf, refuse };
