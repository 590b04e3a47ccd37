'use strict';
// Checks of callers' arguments, at the time of the call. Used by the public classes of ipc2, mqueue, appview,
// pixivutil2 and scale, and where a function of the program is asked.

const { argumentError, valueError } = require('./errors');

/** The longest time that a timer takes, in ms: 24 days. */
const LONGEST_TIME = 2 ** 31 - 1;

/** @throws {TypeError} that names the argument, unless it `fits` */
function check(fits, name, expected, value) {
  if (!fits) throw argumentError(name, expected, value);
  return value;
}

/** An object of options. With `known`, the names of all options, any other one is refused. */
function toOptions(options, name = 'options', known = null) {
  check(options !== null && typeof options === 'object', name, 'of type object', options);
  for (const key of known === null ? [] : Object.keys(options)) {
    if (!known.includes(key)) throw valueError(`The "${name}.${key}" argument is not an option`);
  }
  return options;
}

const toText = (value, name) => check(typeof value === 'string', name, 'of type string', value);

const toFunction = (value, name) =>
  check(typeof value === 'function', name, 'of type function', value);

function toInteger(value, name, lowest, highest = Number.MAX_SAFE_INTEGER) {
  check(typeof value === 'number', name, 'of type number', value);
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  throw Object.assign(
    new RangeError(
      `The "${name}" argument must be an integer >= ${lowest} and <= ${highest}. Received ${value}`,
    ),
    { code: 'ERR_OUT_OF_RANGE' },
  );
}

/** A time in ms, more than 0. */
function toTime(value, name) {
  check(typeof value === 'number' && value > 0, name, 'a time in ms, more than 0', value);
  return Math.min(value, LONGEST_TIME);
}

/** A number of things or bytes. */
function toLimit(value, name) {
  check(typeof value === 'number' && value > 0, name, 'a positive number', value);
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER);
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
  toFunction,
  toInteger,
  toLimit,
  toOptions,
  toText,
  toTime,
};
