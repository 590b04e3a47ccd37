'use strict';
// Checks of callers' arguments, at the time of the call. Used by the public classes of ipc2, mqueue, appview,
// pixivutil2 and scale, and where a function of the program is asked.

const { core } = require('./core');
const { isUint8Array } = core('util').types;
const { argumentError, thrownBy, valueError } = require('./errors');

/** The longest time that a timer takes, in ms: 24 days. */
const LONGEST_TIME = 2 ** 31 - 1;

/** @throws {TypeError} that names the argument, unless it `fits` */
function check(fits, name, expected, value) {
  if (!fits) throw argumentError(name, expected, value);
  return value;
}

/** An object of options. With `known`, the names of all options, any other one is refused. */
function toOptions(options, name = 'options', known = null) {
  const fits = options !== null && typeof options === 'object' && !Array.isArray(options);
  check(fits, name, 'of type object', options);
  for (const key of known === null ? [] : Object.keys(options)) {
    if (!known.includes(key)) throw valueError(`The "${name}.${key}" argument is not an option`);
  }
  return options;
}

/** Whether it is a Buffer or Uint8Array, of whatever realm: jest's environment of jsdom, for one, has classes of its own. */
const isBytes = (value) => typeof value === 'object' && isUint8Array(value);

const toText = (value, name) => check(typeof value === 'string', name, 'of type string', value);

/** A list of strings, without holes. */
function toTexts(value, name) {
  check(Array.isArray(value), name, 'an array of strings', value);
  return Array.from(value, (item, i) => toText(item, `${name}[${i}]`));
}

/** The JSON of an object or array. Its values may have no JSON, and its functions may throw. */
function toJson(value, name) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    const { message } = thrownBy('toJSON()', thrown);
    throw valueError(`The "${name}" argument has no JSON: ${message}`);
  }
  return check(/^[[{]/.test(text), name, 'an object in JSON', value) && text;
}

const toFunction = (value, name) =>
  check(typeof value === 'function', name, 'of type function', value);

function toInteger(value, name, lowest, highest = Number.MAX_SAFE_INTEGER) {
  check(typeof value === 'number', name, 'of type number', value);
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  throw rangeError(name, `an integer >= ${lowest} and <= ${highest}`, value);
}

const rangeError = (name, expected, value) =>
  Object.assign(new RangeError(`The "${name}" argument must be ${expected}. Received ${value}`), {
    code: 'ERR_OUT_OF_RANGE',
  });

/** What is meant to be no limit says so: a number that is too large is a mistake. */
function toFinite(value, name, highest = Number.MAX_SAFE_INTEGER) {
  if (value <= highest || value === Infinity) return value;
  throw rangeError(name, `<= ${highest}, or Infinity`, value);
}

/** A time in ms, more than 0. */
function toTime(value, name) {
  check(typeof value === 'number' && value > 0, name, 'a time in ms, more than 0', value);
  return Math.min(toFinite(value, name), LONGEST_TIME);
}

/** A time in ms that may be 0; Infinity: forever. */
function toPatience(value, name) {
  check(typeof value === 'number' && value >= 0, name, 'a time in ms, 0 or more', value);
  return toFinite(value, name) > LONGEST_TIME ? Infinity : value;
}

/** A number of things or bytes. */
function toLimit(value, name, highest = Number.MAX_SAFE_INTEGER) {
  check(typeof value === 'number' && value > 0, name, 'a positive number', value);
  return Math.min(Math.ceil(toFinite(value, name, highest)), highest);
}

/**
 * What a function of the program, `name`, has answered. A promise would be truthy whatever it becomes.
 * @throws {TypeError} for a promise; what it is rejected with is nobody's then
 */
function answerOf(name, answer) {
  if (typeof answer?.then !== 'function') return answer;
  Promise.resolve(answer).catch(() => {});
  throw valueError(`${name} must return its answer, not a promise`);
}

module.exports = {
  LONGEST_TIME,
  answerOf,
  check,
  isBytes,
  toFunction,
  toInteger,
  toJson,
  toLimit,
  toOptions,
  toPatience,
  toText,
  toTexts,
  toTime,
};
