'use strict';
// A case of the differential fuzz, from a seed: what one peer sends and how it is cut, what our side emits, the
// configuration. Plain JSON, so that a failing one can be printed, shrunk (run.js) and kept. Played by play.js.

const { seeded } = require('../../helpers/random');

const DELIMITERS = [
  ...['\f', '\f', '\f', '\n', '\r\n', '\0', '|', '\u00e9', '\u{1F4A9}|', 'aba', 'abab'],
  ...[' ', '}', '"', '{"', '\ufffd', '\ud800', 'a longer delimiter than most'],
];
const TYPES = [
  ...['a', 'b', 'message', 'app.message', '', '*', 'data', 'error', 'close', 'connect'],
  ...[
    '__proto__',
    'toString',
    'socket.disconnected',
    'caf\u00e9',
    '\u{1F600}',
    'q"uote',
    'back\\s',
  ],
];
const TEXTS = [
  '',
  'x',
  'hello',
  'caf\u00e9',
  '\u{1F600}',
  '\ud800',
  'a"b',
  '\\',
  '\f',
  '\u2028',
  '\0',
  'aba',
];
const ENCODINGS = ['utf8', 'hex', 'base64', 'latin1', 'ascii', 'utf16le'];
/** What stands for data, and is not one JSON value, or one that takes some care to see the end of. */
const ODD = [
  '',
  '1}',
  '"',
  '1,"type":"y"',
  '01',
  '1,2',
  '[1],[2]',
  ']',
  '],[',
  '{"a":1]',
  '"\\"]"',
  '{"a":"\\\\"}',
];

const OTHERS = [
  'null',
  '[]',
  '5',
  '"x"',
  '{}',
  '{"type":5}',
  '{"data":1}',
  '{"type":null,"data":1}',
];
const MOST_CUTS = 300;

/** `only`: `{transport, role}` if they are not to be chosen, and `bulk` for many small messages. */
function makeCase(seed, only = {}) {
  const random = seeded(seed);
  const pick = (list) => list[random(list.length)];
  const chance = (percent) => random(100) < percent;

  function value(depth = 0) {
    switch (random(depth > 3 ? 5 : 9)) {
      case 0:
        return pick(TEXTS).repeat(1 + random(3));
      case 1:
        return random(2) === 0 ? random(1000) : (random(2 ** 31) - 2 ** 30) / 7;
      case 2:
        return pick([true, false, null, -0, 1e300, 1e-7]);
      case 3:
        return pick(TEXTS).repeat(random(200));
      case 4:
        return { id: pick(['x', 5, '', null]) };
      case 5:
      case 6:
        return Array.from({ length: random(4) }, () => value(depth + 1));
      default:
        return Object.fromEntries(
          Array.from({ length: random(4) }, () => [pick([...TYPES, 'k']), value(depth + 1)]),
        );
    }
  }

  const latin = (text) => Buffer.from(text).toString('latin1');

  /** A frame, as a string of bytes. It may hold a delimiter: then it is several. */
  function frame(type, delimiter) {
    const kind = only.bulk && chance(98) ? random(60) : random(100);
    if (kind < 60) return latin(JSON.stringify({ type, data: value() }));
    if (kind < 66) return latin(JSON.stringify({ type, data: pick(TEXTS).repeat(random(3000)) }));
    if (kind < 67) return latin(JSON.stringify({ type, data: 'long_'.repeat(random(60000)) }));
    if (kind < 72) return latin(` ${JSON.stringify({ data: value(), more: 1, type }, null, 1)}\t`);
    if (kind < 75)
      return latin(`{"type":"first","type":${JSON.stringify(type)},"data":1,"data":2}`);
    if (kind < 78) return '{"type":"\\u0061","data":"\\ud83d\\ude00"}';
    if (kind < 83) return pick(OTHERS);
    if (kind < 87) return latin(JSON.stringify({ type, data: value() }).slice(0, random(40)));
    if (kind < 90) return latin(`{"type":${JSON.stringify(type)},"data":${pick(ODD)}}`);
    if (kind < 95)
      return String.fromCharCode(...Array.from({ length: random(30) }, () => random(256)));
    if (kind < 97) return `{"type":"t","data":"\xff${latin(delimiter).slice(0, 1)}\xc3"}`;
    return '';
  }

  const emitted = () => ({
    type: pick(TYPES),
    data: chance(75) ? { json: value() } : { special: pick(Object.keys(SPECIAL)) },
    when: pick(['now', 'now', 'later', 'answer']),
    broadcast: chance(10),
  });

  const delimiter = pick(DELIMITERS);
  const role = only.role ?? pick(['server', 'client']);
  const transport = only.transport ?? pick(['unix', 'unix', 'tcp', 'tls', 'udp']);
  const udp = transport === 'udp';
  const many = only.bulk || chance(25);
  const phase = () => {
    const frames = [];
    for (
      let left = udp ? random(30) : only.bulk ? 20_000 : many ? random(3000) : random(40);
      left > 0;
    ) {
      const type = pick(TYPES);
      const run = Math.min(left, 1 + random(many ? 300 : 5)); // of one type: they share a head
      for (let i = 0; i < run; i++) frames.push(frame(type, delimiter));
      left -= run;
    }
    return {
      frames,
      rest: chance(30) ? frame('rest', delimiter) : '',
      cuts: Array.from({ length: random(MOST_CUTS) }, () =>
        many ? 1 + random(4000) : 1 + random(50),
      ),
      pauses: pick([0, 0, 1, 7]),
      emits: Array.from({ length: random(many ? 400 : 12) }, emitted),
      raw: !udp && chance(20),
    };
  };
  return {
    seed,
    transport,
    role: udp ? 'server' : role,
    config: {
      delimiter,
      encoding: pick(ENCODINGS),
      ...(chance(25) ? { maxMessageBytes: 1 + random(200) } : {}),
    },
    phases: Array.from({ length: 1 + random(4) }, phase),
    end: pick(['peer', 'ours']),
  };
}

/** Data that JSON does not have. */
const SPECIAL = {
  undefined: () => undefined,
  NaN: () => NaN,
  emitter: () => ({ _maxListeners: 10, x: 1 }),
  date: () => new Date(0),
  key: () => ({ toJSON: (key) => `as ${key}` }),
  nothing: () => ({ toJSON: () => undefined }),
  function: () => () => {},
  map: () => new Map([[1, 2]]),
  buffer: () => Buffer.from([1, 2, 255]),
  number: () => Object(7),
  long: () => 'long_\u00e8'.repeat(20000),
  quoted: () => 'say_"\\_\f'.repeat(20000),
};

const dataOf = ({ json, special }) => (special === undefined ? json : SPECIAL[special]());

module.exports = { makeCase, dataOf };
