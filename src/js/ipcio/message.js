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

const text = (value) => (value === null || value === undefined ? null : String(value));

/**
 * The text of a message, with its members in ipcIO's order. Data that JSON has no form for, such as undefined,
 * leave the member out. `failure`: of a delivery that failed, `{name, message, code}`; ipcIO itself does not
 * know it and takes such a delivery for one whose feedback is null.
 * @throws {TypeError} for data that JSON.stringify refuses
 */
function encode({ id = null, command, data, delivery = null, failure }) {
  const message = { id: text(id), command: text(command), data, delivery };
  if (failure !== undefined) message.error = failure;
  return JSON.stringify(message);
}

/** A message from its text: `{id, command, data, delivery, failure}`, or `{problem}` with an error number. */
function decode(json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    return { problem: NOT_JSON };
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return { problem: NOT_A_MESSAGE };
  }
  const { id = null, command = null, data = null, delivery = null, error } = value;
  const own = Object.hasOwn(value, 'error') && error !== null && typeof error === 'object';
  return { id, command, data, delivery, failure: own ? error : undefined };
}

module.exports = { Reserved, NOT_JSON, NOT_A_MESSAGE, NAME_TAKEN, encode, decode };
