'use strict';
// What servers tell each other, as JSON, and the subjects on which they do; specified in docs/scale.md. Anybody who
// reaches the broker can publish there: messages are checked here, and anything invalid is null.

const { isBytes } = require('../arguments');

const VERSION = 1;

/** Characters of a client's id. */
const LONGEST_ID = 1024;

const isText = (value) => typeof value === 'string';
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isTime = (value) => typeof value === 'number' && value > 0 && value < 2 ** 31;
const isId = (value) => isText(value) && value.length > 0 && value.length <= LONGEST_ID;
const isIds = (value) => Array.isArray(value) && value.every(isId);
const isServer = (value) => isText(value) && /^[0-9a-f]{24}$/.test(value);
const isAnything = () => true;

const ofServer = { name: isText, heartbeat: isTime, timeout: isTime, revision: isCount };

/** To all servers: kind -> its fields. */
const TO_ALL = {
  /** A sign of life. `hello`: the sender wants to know of the others. */
  beat: { ...ofServer, hello: (value) => typeof value === 'boolean' },
  /** The sender ends. */
  bye: {},
  /** Which clients have come and gone, between two revisions of the sender's list. */
  delta: { base: isCount, revision: isCount, add: isIds, remove: isIds },
  broadcast: { type: isText, data: isAnything },
};

/** To one server. */
const TO_ONE = {
  /** The sender wants the list of clients. */
  sync: {},
  /** A part of it. */
  state: { ...ofServer, part: isCount, parts: isCount, ids: isIds },
  emit: { to: isId, type: isText, data: isAnything },
  request: { number: isCount, to: isId, type: isText, data: isAnything },
  /** With `data`, with `error` (the handler's), or with `failure` (`{code, message}`: it was not answered). */
  reply: { number: isCount },
  cancel: { number: isCount },
};

/** The body of a message between servers: its JSON without the head, which says who sends it. */
function bodyOf(kind, fields) {
  return JSON.stringify({ kind, ...fields }).slice(1);
}

/** The beginning of all messages of a server, up to their number. */
const headOf = (from) => `{"v":${VERSION},"from":"${from}","n":`;

/** What has come; null if it is not one of ours. */
function decode(bytes, isToAll) {
  if (!isBytes(bytes)) return null;
  let frame;
  try {
    const { buffer, byteOffset, length } = bytes;
    frame = JSON.parse(Buffer.from(buffer, byteOffset, length).toString());
  } catch {
    return null;
  }
  if (frame === null || typeof frame !== 'object' || frame.v !== VERSION) return null;
  if (!isServer(frame.from) || !isCount(frame.n) || frame.n === 0) return null;
  const kinds = isToAll ? TO_ALL : TO_ONE;
  if (!isText(frame.kind) || !Object.hasOwn(kinds, frame.kind)) return null;
  for (const [name, fits] of Object.entries(kinds[frame.kind])) {
    if (!fits(frame[name])) return null;
  }
  return frame;
}

/** Some characters have a meaning for brokers: all except letters, digits, _ and - become %XX. */
function escaped(text) {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^A-Za-z0-9_-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** `{all, one(server)}`: the subject of all servers of a cluster, and that of one. */
function subjectsOf(prefix, id) {
  const cluster = `${prefix}.${escaped(id)}`;
  return { all: `${cluster}.all`, one: (server) => `${cluster}.to.${server}` };
}

/**
 * A message's data as they are on the wire. `exact`: their JSON is null or '', though they are not, and node-ipc's
 * rule for missing data must not be applied to them.
 */
function content(type, data) {
  const odd = data && (typeof data === 'number' || typeof data.toJSON === 'function');
  const text = odd ? JSON.stringify({ data }) : '';
  return text === '{"data":null}' || text === '{"data":""}'
    ? { type, data, exact: true }
    : { type, data };
}

/** The data of a message that has come, to be emitted. */
const dataOf = ({ data, exact }) => (exact === true ? { toJSON: () => data } : data);

module.exports = {
  LONGEST_ID,
  bodyOf,
  content,
  dataOf,
  decode,
  headOf,
  isId,
  subjectsOf,
};
