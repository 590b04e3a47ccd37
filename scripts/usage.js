'use strict';
// The options of a script, which the comment at the head of its file describes: that is printed with `--help`, and where the
// script is called in a way that it does not know. Used by the scripts of this folder and of bench/.

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

module.exports = { optionsOf, refuse };
