'use strict';
// ipcIO's messages <-> JSON text. Used by server.js, client.js and channel.js.

/** Commands of the protocol itself, for which no handler can be registered. */
const Reserved = Object.freeze({
  HANDSHAKE: 'handshake',
  DISCOVER: 'discover',
  BROADCAST: 'broadcast',
  EMIT: 'emit',
  DELIVER: 'deliver',
  ERROR: 'error',
});

/** ipcIO's error numbers. */
const NOT_JSON = 101;
const NOT_A_MESSAGE = 102;
const NAME_TAKEN = 201;

/** The longest name of a client, in characters. Its server keeps it. */
const LONGEST_NAME = 32 * 1024;

const text = (value) => (value === null || value === undefined ? null : String(value));

/**
 * The text of a message, with its members in ipcIO's order. Data that JSON has no form for, such as undefined, is
 * left out. `failure`: of a delivery that failed, `{name, message, code}`; ipcIO itself does not
 * know it and takes such a delivery for one whose feedback is null.
 * @throws {TypeError} for data that JSON.stringify refuses
 */
function encode({ id = null, command, data, delivery = null, failure }) {
  const message = { id: text(id), command: text(command), data, delivery };
  if (failure !== undefined) message.error = failure;
  return JSON.stringify(message);
}

/** The text of what a peer has said; null for data that are nested too deeply to be written again. */
function encodeAgain(message) {
  try {
    return encode(message);
  } catch {
    return null;
  }
}

const isObject = (value) => value !== null && typeof value === 'object';

/**
 * A message from its text: `{id, command, data, delivery, failure}`, or `{problem}` with an error number. Only data
 * can be an object: of others there may be no text (`{"toString":1}`), which is looked for when they are passed on.
 */
function decode(json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    return { problem: NOT_JSON };
  }
  if (!isObject(value) || Array.isArray(value)) return { problem: NOT_A_MESSAGE };
  const { id = null, command = null, data = null, delivery = null, error } = value;
  if ([id, command, delivery].some(isObject)) return { problem: NOT_A_MESSAGE };
  const own = Object.hasOwn(value, 'error') && isObject(error);
  return { id, command, data, delivery, failure: own ? toFailure(error) : undefined };
}

/** The message that is sent within another one, as text; see `decode`. */
function decodeInner({ data }) {
  return typeof data === 'string' ? decode(data) : { problem: NOT_A_MESSAGE };
}

/** What a peer says about a failure. Members that are not text are left out. */
function toFailure({ name, message, code }) {
  const [its, words, number] = [name, message, code].map((part) => (isObject(part) ? null : part));
  return { name: text(its) ?? 'Error', message: text(words) ?? '', code: number ?? undefined };
}

module.exports = {
  LONGEST_NAME,
  Reserved,
  NOT_JSON,
  NOT_A_MESSAGE,
  NAME_TAKEN,
  encode,
  encodeAgain,
  decode,
  decodeInner,
};
