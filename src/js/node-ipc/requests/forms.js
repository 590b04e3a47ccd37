'use strict';
// Requests on the wire: ordinary messages of three types, specified in docs/wire-format.md. What a peer may have put
// into them is checked here. Used by the files beside this one, and by party.js for the types.

const RemoteError = require('./remote-error');
const { codedError, eventError } = require('../../errors');

/** `{id, type, data}`: a question. */
const REQUEST = 'ferripc:request';
/** `{id, data}` or `{id, error: {name, message, code}}`: its answer. */
const REPLY = 'ferripc:reply';
/** `{id}`: the asker does not wait any more. */
const CANCEL = 'ferripc:cancel';

/** The answer to a request whose type has no handler. */
const noHandler = (type) =>
  codedError('ERR_FERRIPC_NO_HANDLER', `Nobody answers requests of the type ${quoted(type)}`);

/** The answer to a peer with too many requests in progress. */
const tooMany = (limit) =>
  codedError('ERR_FERRIPC_TOO_MANY_REQUESTS', `${limit} requests of this connection are under way`);

/** What is reported of a request, reply or cancellation that is not one. */
const malformed = (type, response) =>
  eventError('ERR_FERRIPC_INVALID_MESSAGE', `Received a malformed ${type}`, {
    response,
  });

/** A type within a message for people, whatever a peer has made it. */
function quoted(type) {
  if (typeof type !== 'string') return `(${typeof type})`;
  return JSON.stringify(type.length > 100 ? `${type.slice(0, 100)}\u2026` : type);
}

/** Whether this can be the id of a request: a string or a number. */
const isId = (id) => typeof id === 'string' || typeof id === 'number';

/** The error of a reply: peers on node-ipc may also send a text, or an object with fewer members. */
function remoteError(form, type) {
  const { name, message, code } = form !== null && typeof form === 'object' ? form : {};
  const text = typeof form === 'string' ? form : message;
  return new RemoteError(typeof text === 'string' ? text : '', {
    name: typeof name === 'string' ? name : undefined,
    code: isId(code) ? code : undefined,
    request: type,
  });
}

module.exports = {
  CANCEL,
  REPLY,
  REQUEST,
  isId,
  malformed,
  noHandler,
  remoteError,
  tooMany,
};
