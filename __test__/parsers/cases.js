'use strict';
// What a peer sends to a client or server with a parser, piece by piece. Played by play.mjs with ferripc and with
// node-ipc 14, whose events must be the same; what those are is in parsers.test.js where node-ipc 14 crashes.
// `closes`: the connection is closed by the side that is tested.

const message = (type, data) => JSON.stringify({ type, data });
const large = 'x'.repeat(2000);

const HOSTILE = [
  ['text that is no JSON', 'GET / HTTP/1.1\f'],
  ['an empty frame', '\f'],
  ['JSON with its end missing', '{"type":"x","data":{"a":1\f'],
];

/** What only guarded and assured look at. */
const GUARDED = [
  ...HOSTILE,
  ['null', 'null\f'],
  ['a list', '[1,2]\f'],
  ['a number', '7\f'],
  ['a message without type', '{"data":1}\f'],
  ['a type that is a number', '{"type":5,"data":1}\f'],
  ['an empty type', '{"type":"","data":1}\f'],
  ['a type that is too long', `${message('t'.repeat(257), 1)}\f`],
  ['a type of every object', `${message('constructor', 1)}\f`],
  ['the prototype', '{"type":"__proto__","data":1}\f'],
  ['a reserved type', `${message('connect', 1)}\f`],
  ['a reserved type behind another', '{"type":"ok","data":1,"type":"error"}\f'],
  ['a message over the limit', `${message('ok', large)}\f`],
  ['a message over the limit in wide characters', `${message('ok', 'é'.repeat(600))}\f`],
  ['a message over the limit without end', `{"type":"ok","data":"${large}`],
  ['a message over the limit without end, behind a good one', `${message('ok', 1)}\f${large}`],
  ['a good message, a bad one and a good one', `${message('ok', 1)}\f{}\f${message('ok', 2)}\f`],
];

const GOOD = [
  ['a message at the limit', `${message('ok', 'x'.repeat(1024 - message('ok', '').length))}\f`],
  ['a type at the limit', `${message('t'.repeat(256), 1)}\f`],
  ['messages in pieces', ['{"ty', 'pe":"ok","data":"é', 'é"}', `\f${message('ok', 1)}\f`]],
  ['missing data', `${message('ok', null)}\f${message('ok', '')}\f{"type":"ok"}\f`],
  ['what looks like an event emitter', `${message('ok', { _maxListeners: 1, a: 2 })}\f`],
  ['an id', `${message('ok', { id: 'me' })}\f`],
  ['what a handler refuses', `${message('refused', 1)}\f${message('ok', 1)}\f`],
  ['other keys, another order', '{"x":1,"data":{"a":1},"type":"ok"}\f'],
];

const limits = { maxMessageSize: 1024 };
const GOOD_TYPES = ['ok', 'done', 'refused', 't'.repeat(256)];

/** `[name, config, cases]`. */
const SUITES = [
  ['fast', { parser: 'fast' }, [...HOSTILE, ...GOOD]],
  ['fast, with identifyPeer', { parser: 'fast', identifyPeer: true }, GOOD],
  ['guarded', { parser: 'guarded', ...limits }, [...GUARDED, ...GOOD]],
  [
    'guarded, with allowReservedEvents',
    { parser: 'guarded', allowReservedEvents: true },
    [['a reserved type', `${message('start', 1)}\f`]],
  ],
  [
    'guarded, with another delimiter',
    { parser: 'guarded', ...limits, delimiter: '\r\n' },
    [
      ['bad', 'no\r\n'],
      ['good', [`${message('ok', 1)}\r`, `\n${message('ok', 2)}\r\n`]],
    ],
  ],
  [
    'guarded, with a short time',
    { parser: 'guarded', messageTimeout: 50 },
    [['a message that never ends', '{"type":"ok","da']],
  ],
  [
    'guarded, with a short limit for types',
    { parser: 'guarded', maxEventNameLength: 2 },
    [['too long', `${message('ok!', 1)}\f`]],
  ],
];

const ASSURED = [
  'assured',
  { parser: 'assured', allowedEvents: GOOD_TYPES, ...limits },
  [...GUARDED, ['a type that is not listed', `${message('other', 1)}\f`], ...GOOD],
];

const ok = (data) => `${message('ok', data)}\f`;
const refusal = `${message('refused', 1)}\f`;

/** Datagrams, each with whole messages; what is refused is the end of its datagram. */
const DATAGRAMS = [
  ['good ones', [ok(1) + ok(2), ok(3)]],
  ['text that is no JSON between good ones', [`${ok(1)}no\f${ok(2)}`, ok(3)]],
  ['several bad ones in one', [`${ok(1)}no\fno\f${ok(2)}no\f`, ok(3)]],
  ['what a handler refuses', [ok(1) + refusal + ok(2), ok(3)]],
  ['many, one of them bad', [`${ok(1).repeat(1100)}no\f${ok(2)}`, ok(3)]],
  ['bad ones in a row', ['no\f', 'no\f', `no\f${ok(1)}`]],
];

/** The same for what only guarded refuses. */
const GUARDED_DATAGRAMS = [
  ['a message over the limit', [ok(1) + ok(large) + ok(2), ok(3)]],
  ['a message over the limit first', [ok(large) + ok(1), ok(2)]],
  ['a reserved type', [`${ok(1)}${message('error', 1)}\f${ok(2)}`, ok(3)]],
];

module.exports = { ASSURED, DATAGRAMS, GUARDED_DATAGRAMS, SUITES };
