'use strict';
// The protocol of this example: records of six bytes, an unsigned 16-bit sensor number and a signed
// 32-bit value, both big-endian. Used by server.js and client.js.

const LENGTH = 6;

function encode(sensor, value) {
  const record = Buffer.alloc(LENGTH);
  record.writeUInt16BE(sensor, 0);
  record.writeInt32BE(value, 2);
  return record;
}

/**
 * Returns a function for `data` events that calls `onRecord(sensor, value)` for each record. One
 * event holds whatever one read has brought, half a record or several: what is incomplete is kept.
 */
function decoder(onRecord) {
  let kept = Buffer.alloc(0);
  return (bytes) => {
    kept = Buffer.concat([kept, bytes]);
    let start = 0;
    for (; kept.length - start >= LENGTH; start += LENGTH) {
      onRecord(kept.readUInt16BE(start), kept.readInt32BE(start + 2));
    }
    kept = kept.subarray(start);
  };
}

module.exports = { encode, decoder };
