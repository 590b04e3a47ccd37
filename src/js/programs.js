'use strict';
// Checks of what a process is started with: paths, arguments, variables. Used by ipc2 and pixivutil2.

const { core } = require('./core');
const { fileURLToPath } = core('url');
const { toOptions, toText, toTexts } = require('./arguments');
const { argumentError, valueError } = require('./errors');

/** A text without the character that no path, argument or variable can have. */
function withoutNull(value, name) {
  toText(value, name);
  if (value.includes('\0')) throw valueError(`The "${name}" argument must be without null bytes`);
  return value;
}

function toPath(value, name) {
  const isUrl = typeof value?.href === 'string'; // of whatever realm
  const given = withoutNull(isUrl ? fileURLToPath(value) : value, name);
  if (given === '') throw valueError(`The "${name}" argument must not be empty`);
  return given;
}

const toProgramArguments = (value, name) =>
  toTexts(value, name).map((item, i) => withoutNull(item, `${name}[${i}]`));

/** Variables as a process has them: strings. */
function toEnvironment(variables, name) {
  const made = {};
  for (const [key, value] of Object.entries(toOptions(variables, name))) {
    if (value === undefined) continue;
    if (key === '' || key.includes('=')) {
      throw valueError(`The "${name}" argument has the name ${JSON.stringify(key)}`);
    }
    withoutNull(key, name);
    made[key] = withoutNull(asText(value, `${name}.${key}`), `${name}.${key}`);
  }
  return made;
}

/** As `child_process` makes it one; symbols, and some objects, cannot be. */
function asText(value, name) {
  try {
    return `${value}`;
  } catch {
    throw argumentError(name, 'a value that becomes a string', value);
  }
}

module.exports = { toEnvironment, toPath, toProgramArguments };
