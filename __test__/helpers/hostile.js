'use strict';
// Frames that a peer should not send, or that look as if it should not, and what each amounts to:
// `[event type, matcher of its argument]` as events.js' `record` notes it.

const brackets = 200_000;
const nested = '['.repeat(brackets) + ']'.repeat(brackets);

const notJson = (name, frame, response = frame) => ({
  name,
  frame,
  outcome: () => [
    'error',
    { message: 'Invalid JSON response format', err: expect.any(SyntaxError), response },
  ],
});

const noMessage = (name, frame) => ({
  name,
  frame,
  outcome: () => [
    'error',
    expect.objectContaining({ code: 'ERR_FERRIPC_INVALID_MESSAGE', response: frame }),
  ],
});

const message = (name, frame, type, data) => ({ name, frame, outcome: () => [type, data] });

/** A message of a type that means something to the library, or to JavaScript. */
const oddType = (type) =>
  message(`type ${JSON.stringify(type)}`, JSON.stringify({ type, data: 7 }), type, 7);

const malformed = [
  notJson('text that is not JSON', 'GET / HTTP/1.1\r\n'),
  notJson('nothing', ''),
  notJson('NUL bytes', '\0\0\0'),
  notJson('bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x80]), '\ufffd\ufffd\ufffd'),
  notJson('JSON and more', '{"type":"x"} {"type":"y"}'),
  notJson('a message with its end missing', '{"type":"x","data":{"a":1'),
  notJson(`${brackets} nested brackets without end`, '['.repeat(brackets)),
  noMessage('null', 'null'),
  noMessage('an array', '[]'),
  noMessage('a number', '1'),
  noMessage('a string', '"x"'),
  noMessage('true', 'true'),
  noMessage('an empty object', '{}'),
  noMessage('data without a type', '{"data":{}}'),
  noMessage('type 5', '{"type":5}'),
  noMessage('type null', '{"type":null,"data":1}'),
  noMessage('type {}', '{"type":{},"data":1}'),
  noMessage('type ["x"]', '{"type":["x"],"data":1}'),
  noMessage('a type in the prototype', '{"__proto__":{"type":"x"},"data":1}'),
  noMessage(`${brackets} nested brackets`, nested),
];

const odd = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '*', '', 'close', 'error'].map(
    oddType,
  ),
  ...['socket.disconnected', 'connect', 'disconnect', 'destroy', 'start', 'drain'].map(oddType),
  message('a message without data', '{"type":"bare"}', 'bare', undefined),
  message('data null', '{"type":"bare","data":null}', 'bare', null),
  message('keys in another order', '{"data":1,"more":2,"type":"turned"}', 'turned', 1),
  message('white space', ' \n{ "type" : "spaced" , "data" : 1 }\t', 'spaced', 1),
  message('NUL as an escape', '{"type":"nul","data":"\\u0000"}', 'nul', '\0'),
  message('a lone surrogate', '{"type":"half","data":"\\ud800"}', 'half', '\ud800'),
  message(
    'a string that is not UTF-8',
    Buffer.concat([
      Buffer.from('{"type":"bytes","data":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]),
    'bytes',
    '\ufffd',
  ),
  message('data nested too deep for recursion', `{"type":"deep","data":${nested}}`, 'deep', {
    asymmetricMatch: Array.isArray,
  }),
  message(
    'a prototype as data',
    '{"type":"proto","data":{"__proto__":{"polluted":1}}}',
    'proto',
    expect.any(Object),
  ),
  message(
    'an id that is not a string',
    '{"type":"id","data":{"id":{"toString":1,"valueOf":1}}}',
    'id',
    { id: { toString: 1, valueOf: 1 } },
  ),
];

module.exports = { malformed, odd };
