'use strict';
// The messages of the soak: numbered, of 10 B to 1 MB, with a hash of what they carry. Used by server.js, clients.js and
// systems-party.js.

const { createHash } = require('node:crypto');

/** Of 1,000 messages, so many have up to so many bytes. */
const SIZES = [
  [700, 200],
  [250, 5_000],
  [45, 64_000],
  [5, 1_000_000],
];

const TEXT = Array.from({ length: 200_000 }, (_, i) => `${i} caf\u00e9 "\\ `)
  .join('')
  .slice(0, 1_010_000);

function sizeOf(random) {
  let left = random(1000);
  for (const [share, most] of SIZES) {
    if (left < share) return 10 + random(most - 9);
    left -= share;
  }
  return 10;
}

const hashOf = (text) => createHash('sha1').update(text).digest('base64');

/** The `n`th message, of `most` characters at most. */
function make(n, random, most = Infinity) {
  const size = Math.min(sizeOf(random), most);
  const at = random(TEXT.length - size);
  const body = TEXT.slice(at, at + size);
  return { n, hash: hashOf(body), body };
}

/** Whether a message is as it was made. */
const isWhole = ({ hash, body }) => hashOf(body) === hash;

/** What has come from one side: each once, in order, as it was sent. */
class Ledger {
  next = 0;
  lost = 0;
  again = 0;
  corrupt = 0;

  take(message) {
    const { n } = message;
    if (n < this.next) this.again++;
    else {
      this.lost += n - this.next;
      this.next = n + 1;
    }
    if (!isWhole(message)) this.corrupt++;
  }
}

/** The sums of `ledgers`. */
function sums(ledgers) {
  const total = { messages: 0, lost: 0, again: 0, corrupt: 0 };
  for (const { next, lost, again, corrupt } of ledgers) {
    total.messages += next - lost;
    total.lost += lost;
    total.again += again;
    total.corrupt += corrupt;
  }
  return total;
}

module.exports = { Ledger, isWhole, make, sums };
