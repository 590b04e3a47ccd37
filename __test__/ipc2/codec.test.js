'use strict';
// Codecs: values to the bytes of bincode 1.3.3 and back, what they refuse, and what they make of hostile bytes.

const fs = require('node:fs');
const path = require('node:path');
const { codec } = require('../../ipc2');
const { seeded } = require('../helpers/random');
const { createWorld } = require('../helpers/world');
const { onUnix } = require('../helpers/platform');
const { All, Nested, Task } = require('./tasks');
const { KINDS, starter } = require('./workers');

const world = createWorld();
const start = starter(world);

jest.setTimeout(300_000); // the Rust programs may have to be built

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => Buffer.from(text.replace(/ /g, ''), 'hex');

/** The frames of docs/vectors, without their lengths: the message within an envelope of tag and job id. */
const vectors = fs
  .readFileSync(path.join(__dirname, '..', '..', 'docs', 'vectors', 'ipc2-frames.txt'), 'utf8')
  .split('\n')
  .map((line) => /^(H>W|W>H) (\w+)$/.exec(line))
  .filter(Boolean)
  .map(([, way, text]) => ({ way, frame: Buffer.from(text, 'hex') }));

test('the vectors, both ways', () => {
  const Sent = codec.enum({
    Unidirectional: Task,
    Bidirectional: { data: Task, job_id: codec.u32 },
  });
  const Received = codec.enum({ Response: { data: codec.u32, job_id: codec.u32 } });
  const values = vectors.map(({ way, frame }) => {
    const type = way === 'H>W' ? Sent : Received;
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    const value = type.decode(frame.subarray(4));
    expect(hex(type.encode(value))).toBe(hex(frame.subarray(4)));
    return value;
  });
  expect(values).toEqual([
    { Bidirectional: { data: { Add: [6, 7] }, job_id: 0 } },
    { Response: { data: 13, job_id: 0 } },
    { Bidirectional: { data: { Sub: [1, 2] }, job_id: 1 } },
    { Response: { data: 0xffffffff, job_id: 1 } },
    { Bidirectional: { data: { Echo: 'héllo' }, job_id: 2 } },
    { Response: { data: 6, job_id: 2 } },
    { Unidirectional: { Note: 'hi' } },
  ]);
});

/** Codec, value, bytes, and what is read where it is not the same value. */
const examples = {
  u8: [codec.u8, 255, 'ff'],
  u16: [codec.u16, 0x1234, '3412'],
  u32: [codec.u32, 0xfedcba98, '98badcfe'],
  u64: [codec.u64, 2n ** 64n - 1n, 'ffffffffffffffff'],
  'u64 of a number': [codec.u64, 5, '0500000000000000', 5n],
  usize: [codec.usize, 1n, '0100000000000000'],
  u128: [codec.u128, 2n ** 64n + 2n, '02000000000000000100000000000000'],
  i8: [codec.i8, -128, '80'],
  i16: [codec.i16, -2, 'feff'],
  i32: [codec.i32, -1, 'ffffffff'],
  i64: [codec.i64, -(2n ** 63n), '0000000000000080'],
  isize: [codec.isize, -1n, 'ffffffffffffffff'],
  i128: [codec.i128, -2n, 'feffffffffffffffffffffffffffffff'],
  f32: [codec.f32, 1.5, '0000c03f'],
  'f64 -0': [codec.f64, -0, '0000000000000080'],
  'f64 NaN': [codec.f64, NaN, '000000000000f87f'],
  bool: [codec.bool, true, '01'],
  char: [codec.char, '🦀', 'f09fa680'],
  string: [codec.string, 'é', '0200000000000000c3a9'],
  'string of U+FFFD': [codec.string, '\ufffd', '0300000000000000efbfbd'],
  unit: [codec.unit, undefined, '', null],
  bytes: [codec.bytes, Buffer.from([1, 2]), '02000000000000000102'],
  'bytes of a Uint8Array': [codec.bytes, new Uint8Array(1), '010000000000000000', Buffer.alloc(1)],
  vec: [codec.vec(codec.u8), [1, 2], '02000000000000000102'],
  'option: None': [codec.option(codec.u8), null, '00'],
  'option: Some': [codec.option(codec.u8), 7, '0107'],
  'option of unit: undefined': [codec.option(codec.unit), undefined, '00', null],
  'option of an option: None': [codec.option(codec.option(codec.u8)), null, '00'],
  'option of an option: Some(None)': [codec.option(codec.option(codec.u8)), { Some: null }, '0100'],
  'option of an option: both': [codec.option(codec.option(codec.u8)), { Some: 7 }, '010107'],
  tuple: [codec.tuple(codec.u8, codec.bool), [1, false], '0100'],
  'tuple of a list': [codec.tuple([codec.u8]), [1], '01'],
  array: [codec.array(codec.u8, 2), [1, 2], '0102'],
  struct: [codec.struct({ a: codec.u8, b: codec.u16 }), { a: 1, b: 2 }, '010200'],
  'enum: nothing': [codec.enum({ A: null, B: null }), 'B', '01000000'],
  'enum of names': [codec.enum(['A', 'B']), 'B', '01000000'],
  'enum: nothing, in long': [codec.enum({ A: codec.unit }), { A: null }, '00000000', 'A'],
  'enum: a value': [codec.enum({ A: codec.u8 }), { A: 1 }, '0000000001'],
  'enum: a tuple': [codec.enum({ A: [codec.u8, codec.u8] }), { A: [1, 2] }, '000000000102'],
  'enum: a struct': [codec.enum({ A: { b: codec.u8 } }), { A: { b: 1 } }, '0000000001'],
  map: [codec.map(codec.u8, codec.bool), new Map([[1, true]]), '01000000000000000101'],
  'map of an object': [
    codec.map(codec.string, codec.u8),
    { a: 1 },
    '010000000000000001000000000000006101',
    new Map([['a', 1]]),
  ],
  json: [codec.json, { a: [1, '\ud800'] }, '12000000000000007b2261223a5b312c225c7564383030225d7d'],
};

test.each(Object.entries(examples))('%s', (_, [type, value, bytes, read = value]) => {
  expect(hex(type.encode(value))).toBe(bytes);
  expect(type.decode(unhex(bytes))).toEqual(read);
  // What follows is left alone, and where the bytes lie does not matter.
  const copy = Uint8Array.from(unhex(`aa${bytes}bb`)).subarray(1);
  expect(type.decode(copy)).toEqual(read);
});

const recursive = codec.enum({ End: null, More: codec.lazy(() => recursive) });
const circle = {};
circle.More = circle;

test.each([
  [codec.u8, 256, 'value', '0 to 255 (u8). Received number 256'],
  [codec.u8, -1, 'value', 'Received number -1'],
  [codec.u8, 1.5, 'value', 'Received number 1.5'],
  [codec.u8, '1', 'value', 'Received type string'],
  [codec.u8, 1n, 'value', 'Received bigint 1'],
  [codec.u32, NaN, 'value', 'Received number NaN'],
  [codec.u64, -1n, 'value', 'range of u64'],
  [codec.u64, 2n ** 64n, 'value', 'range of u64'],
  [codec.u64, 2 ** 53, 'value', 'Received number 9007199254740992'],
  [codec.i128, 2n ** 127n, 'value', 'range of i128'],
  [codec.f64, '1', 'value', 'a number (f64)'],
  [codec.bool, 1, 'value', 'type boolean'],
  [codec.char, 'ab', 'value', 'one character'],
  [codec.char, '\ud800', 'value', 'one character'],
  [codec.string, 'a\ud800', 'value', 'lone surrogates'],
  [codec.string, null, 'value', 'Received type null'],
  [codec.unit, 0, 'value', 'null or undefined'],
  [codec.bytes, 'x', 'value', 'Uint8Array'],
  [codec.vec(codec.u8), new Set(), 'value', 'an array'],
  [codec.vec(codec.u8), [1, 300], 'value[1]', 'Received number 300'],
  [codec.option(codec.u8), 300, 'value', 'u8'],
  [codec.option(codec.unit), 'x', 'value', '{ Some: … }'],
  [codec.tuple(codec.u8), [1, 2], 'value', '1 elements'],
  [codec.struct({ a: codec.u8 }), {}, 'value.a', 'Received type undefined'],
  [codec.struct({ a: codec.u8 }), { a: 1, b: 2 }, 'value', 'without "b"'],
  [codec.struct({ a: codec.struct({ 'b c': codec.u8 }) }), { a: {} }, 'value.a["b c"]', 'u8'],
  [codec.enum({ A: [codec.u8] }), 'B', 'value', 'one of { A: … }'],
  [codec.enum({ A: [codec.u8] }), { A: [1], B: 1 }, 'value', 'one of'],
  [codec.enum({ A: [codec.u8] }), { A: [-1] }, 'value.A[0]', 'u8'],
  [codec.enum({ A: null }), { A: 1 }, 'value.A', 'null or undefined'],
  [codec.enum({ A: null }), 'toString', 'value', 'one of'],
  [codec.map(codec.u8, codec.u8), { a: 1 }, 'value.keys()', 'u8'],
  [codec.map(codec.string, codec.u8), { a: -1 }, 'value.a', 'u8'],
  [codec.json, undefined, 'value', 'JSON has a form for'],
  [codec.json, 1n, 'value', 'JSON has a form for'],
  [codec.json, circle, 'value', 'circular'],
  [recursive, circle, 'value.More.More', '256 levels'],
])('%# a TypeError names the part that is wrong', (type, value, name, text) => {
  let thrown;
  try {
    type.encode(value);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TypeError);
  expect(thrown.code).toBe('ERR_INVALID_ARG_TYPE');
  expect(thrown.message).toContain(`The "${name}`);
  expect(thrown.message).toContain(text);
  expect(hex(codec.u8.encode(1))).toBe('01'); // nothing is left of it
});

/** Never anything. */
const lazy = codec.lazy(() => lazy);

test.each([
  [() => codec.vec(), 'item'],
  [() => codec.vec({}), 'item'],
  [() => codec.option(1), 'item'],
  [() => codec.tuple(codec.u8, null), 'items[1]'],
  [() => codec.array(codec.u8, -1), 'length'],
  [() => codec.struct(null), 'fields'],
  [() => codec.struct({ a: 1 }), 'fields.a'],
  [() => codec.struct({ 1: codec.u8 }), 'fields'],
  [() => codec.enum({ A: 1 }), 'variants.A'],
  [() => codec.enum({ A: [1] }), 'variants.A[0]'],
  [() => codec.enum({ A: { b: 1 } }), 'variants.A.b'],
  [() => codec.enum([1]), 'variants'],
  [() => codec.enum(['A', 'A']), 'variants'],
  [() => codec.map(codec.u8), 'value'],
  [() => codec.lazy(codec.u8), 'get'],
  [() => codec.lazy(() => codec.unit).encode(null), 'get()'],
  [() => lazy.encode(null), 'get()'],
  [() => codec.u8.decode('x'), 'bytes'],
])('%#: something that is not a type is refused', (make, name) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(`The "${name}`);
});

test.each([
  [codec.u32, '010203', 'ends within'],
  [codec.bool, '02', '2 is not a bool'],
  [codec.option(codec.u8), '0201', 'not a tag of an Option'],
  [codec.string, '0200000000000000ff41', 'not UTF-8'],
  [codec.string, 'ffffffffffffffff41', 'ends within'],
  [codec.bytes, 'ffffffffffffff7f00', 'ends within'],
  [codec.char, 'ff', 'char'],
  [codec.char, 'c2', 'ends within'],
  [codec.char, 'eda080', 'char'],
  [codec.enum(['A']), '01000000', '1 is not a variant of an enum of 1'],
  [codec.vec(codec.u8), 'ffffffffffffffff00', 'ends within'],
  [codec.vec(codec.unit), 'ffffffffffffffff', 'elements without bytes'],
  [codec.vec(codec.vec(codec.unit)), '0100000000000000ffffffffffffff00', 'elements without bytes'],
  [codec.map(codec.unit, codec.unit), 'ffffffffffffffff', 'elements without bytes'],
  [recursive, '01000000'.repeat(10_000), '256 levels'],
  [codec.json, '02000000000000007b7b', 'not JSON'],
])('%# hostile bytes are an error', (type, bytes, text) => {
  let thrown;
  try {
    type.decode(unhex(bytes));
  } catch (error) {
    thrown = error;
  }
  expect(thrown?.message).toContain(text);
  expect(thrown.code).toBe('ERR_IPC2_PAYLOAD');
});

/** A random value of `All`, and a random tree. */
function makeNested(random, depth = 0) {
  const more = () => makeNested(random, depth + 1);
  const variants = [
    () => 'Leaf',
    () => ({ One: more() }),
    () => ({ Two: [more(), random(2) ? more() : null] }),
    () => ({ Named: { left: more(), value: random(2 ** 32) - 2 ** 31 } }),
  ];
  return variants[depth > 5 ? 0 : random(4)]();
}

function makeAll(random) {
  const big = (bits, isSigned) => {
    const parts = Array.from({ length: 4 }, () => BigInt(random(2 ** 32)));
    const value = parts.reduce((sum, it) => (sum << 32n) | it, 0n) >> BigInt(random(128));
    return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  };
  const int = (least, most) => least + random(most - least + 1);
  const text = () => Array.from({ length: random(20) }, char).join('');
  const list = (make) => Array.from({ length: random(5) }, make);
  const char = () => String.fromCodePoint([65, 0xe9, 0x4e16, 0x1f980, 0, 0x10ffff][random(6)]);
  return {
    small: [int(0, 255), int(-128, 127), int(0, 65535), int(-32768, 32767), !random(2), char()],
    large: [
      big(64),
      big(64, true),
      big(128),
      big(128, true),
      Math.fround(random(1e6) / 7),
      1 / (1 + random(1e9)),
    ],
    text: text() + char().repeat(random(10)),
    list: list(() => (random(2) ? text() + char() : null)),
    map: new Map(list(() => [char(), list(() => random(2 ** 32))]).sort()),
    nested: makeNested(random),
    unit: null,
    array: [int(0, 65535), int(0, 65535), int(0, 65535)],
  };
}

// The first is ferripc's own end, the second one made of bincode 1.3.3 alone.
onUnix.test.each([[['all']], [['peer', 'all']]])(
  'what is made up arrives in Rust and comes back: %j',
  async (args) => {
    const set = await start(
      KINDS.Rust(...args)
        .workerCount(1)
        .request(All)
        .response(All),
    );
    const random = seeded(7);
    for (let i = 0; i < 200; i++) {
      const value = makeAll(random);
      expect(All.decode(All.encode(value))).toEqual(value);
      expect(await set.send(value)).toEqual(value);
    }
  },
);

test('a type within itself may have as many levels as any other', () => {
  const Nested = codec.vec(codec.lazy(() => Nested));
  const nested = (levels) => (levels === 1 ? [] : [nested(levels - 1)]);
  const bytes = Nested.encode(nested(256));
  expect(Nested.decode(bytes)).toEqual(nested(256));
  expect(() => Nested.encode(nested(257))).toThrow('at most 256 levels');
  expect(() => Nested.decode(Buffer.concat([Nested.encode([[]]).subarray(0, 8), bytes]))).toThrow(
    'more than 256 levels',
  );
});

test('no bytes do more than throw', () => {
  const random = seeded(11);
  for (let i = 0; i < 3000; i++) {
    const bytes = All.encode(makeAll(random));
    const changes = 1 + random(4);
    for (let j = 0; j < changes; j++) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(0, random(bytes.length + 1));
    for (const type of [All, Nested, codec.json, codec.vec(codec.option(codec.string))]) {
      try {
        type.decode(cut);
      } catch (error) {
        if (error.code !== 'ERR_IPC2_PAYLOAD') throw error;
      }
    }
  }
});

test('long values', () => {
  const text = 'é'.repeat(1 << 20);
  expect(codec.string.decode(codec.string.encode(text)) === text).toBe(true);
  const bytes = Buffer.alloc(5 << 20, 7);
  expect(codec.bytes.decode(codec.bytes.encode(bytes)).equals(bytes)).toBe(true);
  const first = codec.u8.encode(1);
  codec.u8.encode(2);
  expect(hex(first)).toBe('01'); // its own memory
});
