'use strict';
// The jobs of `npm run bench:ipc2`. Used by host.js and by the workers.

/** Bytes of a large job. */
const LARGE = 1_000_000;

const large = () =>
  Buffer.alloc(
    LARGE,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );

/** By name: what is sent, what is done with it, whether an answer is right, and the types for ipc2. */
const jobs = {
  small: {
    data: () => [20, 22],
    work: ([a, b]) => a + b,
    fits: (answer) => answer === 42,
    types: ({ tuple, u32 }) => ({ request: tuple(u32, u32), response: u32 }),
  },
  large: {
    data: large,
    work: (bytes) => bytes,
    fits: (answer) => answer.length === LARGE && answer[LARGE - 1] === ((LARGE - 1) & 0xff),
    types: ({ bytes }) => ({ request: bytes, response: bytes }),
  },
};

module.exports = jobs;
