'use strict';
// Errors as Node makes them, in the caller's realm. Codes of our own begin with ERR_FERRIPC_.

const { core, later } = require('./core');
const util = core('util');

/** libuv's number for a code. */
function errnoOf(wanted) {
  for (const [errno, [code]] of util.getSystemErrorMap()) if (code === wanted) return errno;
  return undefined;
}

/**
 * `error`, for an event rather than a call: a stack would only show how the library noticed it. It keeps one frame,
 * as errors of Node's sockets do, so that it is printed in the same form.
 */
function reported(error, what = 'event') {
  error.stack = `${error.name}: ${error.message}\n    at ${what} (ferripc)`;
  return error;
}

/** An Error from what the engine reports: `message, errno, code, syscall, address, port, option`, or some. */
function systemError({ errno, ...rest }) {
  const fields = { ...rest, errno: errno ?? errnoOf(rest.code) };
  const error = reported(new Error(fields.message), fields.syscall ?? undefined);
  // Node's order, which is seen when an error is printed.
  const first = fields.syscall === 'listen' ? ['code', 'errno'] : ['errno', 'code'];
  for (const field of [...first, 'syscall', 'address', 'port', 'option']) {
    if (fields[field] !== undefined && fields[field] !== null) error[field] = fields[field];
  }
  return error;
}

/** The same for a call that throws it: with the stack of that call. */
function callError(fields) {
  const error = systemError(fields);
  Error.captureStackTrace(error, callError);
  return error;
}

/** What the engine would report for a failed call, directed at a path, at an address and port, or at nothing. */
function refused(syscall, code, { path, address = path, port }) {
  const errno = errnoOf(code);
  // Node explains the code for `listen` alone.
  const reason = syscall === 'listen' ? `: ${util.getSystemErrorMap().get(errno)?.[1]}` : '';
  const where = path ?? (address === undefined ? '' : `${address}:${port}`);
  const message = `${syscall} ${code}${reason} ${where}`.trimEnd();
  return { message, errno, code, syscall, address, port };
}

/** The error that Node makes of a failed call with an address. */
function addressError(syscall, code, address, port) {
  return systemError(refused(syscall, code, { address, port }));
}

/** One error for a connection that failed on every address that was tried. */
function connectError(list) {
  const errors = list.map(systemError);
  if (errors.length === 1) return errors[0];
  const { errno, code, syscall } = errors[0];
  const message = errors.map((error) => error.message).join('; ');
  const error = reported(new AggregateError(errors, message), syscall);
  return Object.assign(error, { errno, code, syscall });
}

/** An Error with a code and further properties. */
function codedError(code, message, properties) {
  return Object.assign(new Error(message), { code, ...properties });
}

/** The same for what has happened, to be reported as an `error` event. */
function eventError(code, message, properties) {
  return reported(codedError(code, message, properties));
}

/** For a message of `length` bytes that was discarded. */
function tooLargeError(length, limit) {
  const message = `Received a message of ${length} bytes, over the limit of ${limit}`;
  return eventError('ERR_FERRIPC_MESSAGE_TOO_LARGE', message, { length });
}

/** For a peer whose messages are of another form. */
function serializationError(what) {
  return eventError('ERR_FERRIPC_SERIALIZATION', `${what}: both sides need the same`);
}

/** For a message that was not accepted because `limit` bytes were waiting. */
function noBufferError(limit) {
  const message = `At most ${limit} bytes may wait to be sent: message dropped`;
  return eventError('ENOBUFS', message);
}

/**
 * The part of a thrown value that goes over the wire, `{name, message, code}`: anything can be thrown, even an object
 * that throws when it is read.
 */
function errorForm(thrown) {
  try {
    if (thrown === null || typeof thrown !== 'object') {
      return { name: 'Error', message: String(thrown) };
    }
    const { name = 'Error', message = '', code } = thrown;
    return {
      name: String(name),
      message: String(message),
      ...(['string', 'number'].includes(typeof code) && { code }),
    };
  } catch {
    return { name: 'Error', message: 'The handler threw a value that cannot be shown' };
  }
}

/**
 * What `what`, a function of the program, has thrown, for listeners that look into it: anything can be thrown, also what
 * throws when it is looked at.
 */
function thrownBy(what, thrown) {
  try {
    const isObject = Object(thrown) === thrown && typeof thrown.toString === 'function';
    if (!isObject) return valueError(`${what} threw ${String(thrown)}`);
    for (const name of ['name', 'message', 'code', 'stack']) void thrown[name];
    return thrown;
  } catch {
    return valueError(`${what} threw a value that cannot be shown`);
  }
}

/** Makes what a function of the program has thrown an uncaught exception, which disturbs nothing where it was thrown. */
function throwLater(thrown) {
  later(() => {
    throw thrown;
  });
}

/** Calls what belongs to the program. If it throws, that is an uncaught exception, and disturbs nothing here. */
function undisturbed(act) {
  try {
    act();
  } catch (thrown) {
    throwLater(thrown);
  }
}

/** A TypeError that names the argument. */
function argumentError(name, expected, actual) {
  const shown = actual === null ? 'null' : typeof actual;
  return Object.assign(
    new TypeError(`The "${name}" argument must be ${expected}. Received type ${shown}`),
    { code: 'ERR_INVALID_ARG_TYPE' },
  );
}

/** A TypeError for a value that is of the right type, and cannot be honoured. */
function valueError(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
}

/** A port number from what `net` accepts as one: `lowest` to 65535, or such a number as a string. */
function toPort(value, lowest = 0, name = 'port') {
  const number =
    typeof value === 'number' || (typeof value === 'string' && value.trim()) ? +value : -1;
  if (number === number >>> 0 && number >= lowest && number <= 0xffff) return number;
  throw Object.assign(
    new RangeError(
      `The "${name}" argument must be >= ${lowest} and < 65536. Received ${String(value)}`,
    ),
    { code: 'ERR_SOCKET_BAD_PORT' },
  );
}

module.exports = {
  refused,
  systemError,
  callError,
  addressError,
  connectError,
  codedError,
  eventError,
  tooLargeError,
  noBufferError,
  serializationError,
  errorForm,
  thrownBy,
  throwLater,
  undisturbed,
  argumentError,
  valueError,
  toPort,
};
