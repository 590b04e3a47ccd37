'use strict';
// The codecs of the JavaScript engine, against the specification in a few lines: any bytes, cut anywhere.

const v8 = require('node:v8');
const vm = require('node:vm');
const { decoderOf, splitterOf } = require('../src/js/engine/js/codec');

/** A generator of numbers below `most`, the same in each run. */
function numbers(seed) {
  return (most) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return (seed >>> 8) % most;
  };
}

/** Each frame, or the length of one that is too large; and the bytes of the one that has not ended. */
function decode(framing, stream, random) {
  const decoder = decoderOf(framing);
  const out = [];
  for (let at = 0; at < stream.length;) {
    const end = at + 1 + random(12);
    for (const { text, ends, tooLarge } of decoder.add(stream.subarray(at, end))) {
      if (tooLarge !== undefined) out.push(tooLarge);
      let start = 0;
      for (const frameEnd of ends ?? []) {
        out.push(text.slice(start, frameEnd));
        start = frameEnd + framing.delimiter.length;
      }
    }
    at = end;
  }
  return [out, decoder.partial];
}

function naive({ delimiter, maxFrame }, stream) {
  const bytes = Buffer.from(delimiter);
  const out = [];
  let start = 0;
  for (let at; (at = stream.indexOf(bytes, start)) >= 0; start = at + bytes.length) {
    out.push(at - start > maxFrame ? at - start : stream.toString('utf8', start, at));
  }
  return [out, stream.length - start];
}

test('frames with delimiters of any length, whatever the bytes and the reads', () => {
  const random = numbers(1);
  const letters = ['a', 'b', 'é', '\n', '😀', '\ufffd'];
  const some = (most) => Array.from({ length: most }, () => letters[random(6)]).join('');
  for (let i = 0; i < 3000; i++) {
    const framing = { delimiter: some(1 + random(3)), maxFrame: i % 3 ? 1e9 : random(10) };
    const stream = Buffer.from(some(random(60)));
    for (let n = 0; n < (i % 5 ? 0 : 5) && stream.length > 0; n++) {
      stream[random(stream.length)] = random(256);
    }
    expect([framing, decode(framing, stream, random)]).toEqual([framing, naive(framing, stream)]);
  }
});

test('JSON values with nothing between them', () => {
  const random = numbers(2);
  const values = [{ a: 1, s: '}{"\\é' }, [1, '['], 'x"y', 42, true, null, { t: { u: [] } }];
  for (let i = 0; i < 500; i++) {
    const sent = Array.from({ length: random(8) }, () => values[random(values.length)]);
    const between = [' ', '\n', ' \n'][i % 3];
    const stream = Buffer.from(sent.map((it) => JSON.stringify(it) + between).join(''));
    const [frames, partial] = decode({ delimiter: '', maxFrame: 1e9 }, stream, random);
    expect([frames.map((text) => JSON.parse(text)), partial]).toEqual([sent, 0]);
  }
});

test('an event has 2048 frames at most', () => {
  const events = decoderOf({ delimiter: '\f', maxFrame: 1e9 }).add(Buffer.from('x\f'.repeat(5000)));
  expect(events.map(({ ends }) => ends.length)).toEqual([2048, 2048, 904]);
});

test('the datagrams of a socket, each of which ends its last frame', () => {
  const random = numbers(3);
  for (let i = 0; i < 2000; i++) {
    const delimiter = ['\f', 'ab', '\n'][random(3)];
    const framing = { delimiter, maxFrame: i % 3 ? 1e9 : random(6) };
    const letters = ['a', 'b', 'é', delimiter];
    const text = Array.from({ length: random(8) }, () => letters[random(4)]).join('');
    const out = [];
    for (const { text: all, ends, tooLarge } of splitterOf(framing)(Buffer.from(text))) {
      let start = 0;
      if (tooLarge !== undefined) out.push(tooLarge);
      for (const end of ends ?? []) {
        out.push(all.slice(start, end));
        start = end + delimiter.length;
      }
    }
    const frames = text.split(delimiter);
    if (frames.at(-1) === '') frames.pop();
    const expected = frames.map((frame) => {
      const size = Buffer.byteLength(frame);
      return size > framing.maxFrame ? size : frame;
    });
    expect([framing, text, out]).toEqual([framing, text, expected]);
  }
  expect(splitterOf({ delimiter: '\f', maxFrame: 9 })(Buffer.alloc(0))).toEqual([
    { text: '', ends: [] }, // it is told of, without a message
  ]);
});

test.each(['\f', 'ab', ''])(
  'a read is not kept for its last bytes, with %j between frames',
  (delimiter) => {
    v8.setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc');
    const decoders = [];
    const size = 1024 * 1024;
    const read = (end) => {
      const decoder = decoderOf({ delimiter, maxFrame: Infinity });
      const begin = `"${'x'.repeat(size)}"${delimiter}`;
      decoder.add(Buffer.from(begin + end));
      decoders.push(decoder); // as connections, which stay
    };
    gc();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 32; i++) read(i % 2 ? '"a' : '');
    const kept = () => process.memoryUsage().arrayBuffers - before;
    for (let i = 0; i < 10 && kept() >= 8 * size; i++) gc(); // V8 frees some of it later
    expect(kept()).toBeLessThan(8 * size);
    expect(decoders.map(({ partial }) => partial)).toEqual(decoders.map((_, i) => (i % 2 ? 2 : 0)));
  },
);
