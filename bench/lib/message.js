'use strict';

// The messages of the benchmarks and the check that they arrived whole.
// Used by the workloads pingpong, oneway, echo64 and broadcast.
//
// On the wire one small message is 100 to 105 bytes with its envelope and delimiter. The receiver compares
// every field of every message with what must have been sent: a hash would have to be computed inside
// the timed part and would cost more than the transport.

const KEYS = [];
const TEXTS = [];
for (let i = 0; i < 16; i++) {
  KEYS.push(`user:${1000 + i * 37}`);
  TEXTS.push(`state ${i.toString(16)} of the record`);
}

/** @param {number} seq position in the stream; decides the content */
function makeMessage(seq) {
  const i = seq & 15;
  return { seq, op: 'set', key: KEYS[i], text: TEXTS[i], ok: true };
}

/** True when `data` is exactly the message number `seq`. */
function isMessage(data, seq) {
  const i = seq & 15;
  return (
    data.seq === seq &&
    data.op === 'set' &&
    data.key === KEYS[i] &&
    data.text === TEXTS[i] &&
    data.ok === true
  );
}

/** What to report when `isMessage` said no. */
function mismatch(data, seq) {
  return new Error(`message ${seq} arrived as ${String(JSON.stringify(data)).slice(0, 120)}`);
}

/** 64 kB with its envelope; the text is ASCII, as most that is sent. */
const LONG_TEXT = TEXTS.join(', ')
  .repeat(2 ** 8)
  .slice(0, 2 ** 16 - 48);

/** The two kinds for a workload that can have either. */
const shortMessages = { make: makeMessage, is: isMessage, mismatch };
const longMessages = {
  make: (seq) => ({ seq, text: LONG_TEXT }),
  is: (data, seq) => data.seq === seq && data.text === LONG_TEXT,
  mismatch,
};

module.exports = { makeMessage, isMessage, mismatch, shortMessages, longMessages };
