'use strict';

// The small message of the benchmarks and the check that it arrived whole.
// Used by the workloads pingpong, oneway and echo64.
//
// On the wire one message is 100 to 105 bytes with its envelope and delimiter. The receiver compares
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

module.exports = { makeMessage, isMessage, mismatch };
