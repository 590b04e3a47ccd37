'use strict';

// One long string, one way, until the receiver's acknowledgement is back: what a byte costs when a
// message comes in hundreds of chunks. See index.js for the interface; loaded from there.

const { MB, acknowledgingServer, measureTransfers, noise } = require('../lib/transfer.js');

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .';

const STRINGS = {
  make: (length) => noise(length, (state) => ALPHABET.charCodeAt(state >>> 26)).toString('latin1'),
  messageOf: (string) => string,
  unit: 'characters',
  changed: 'the server received a changed string',
};

const server = ({ send }) => acknowledgingServer({ send }, (string) => string);

/** Both copy and search all that they have with every chunk: four times the length, 16 times the time. */
const QUADRATIC = {
  rounds: 1,
  quickRounds: 0,
  why: 'time grows with the square of the length: 1 sample in a full run, none with --quick',
};

function stringWorkload(megabytes, { target, ...options }) {
  return {
    name: `string-${megabytes}m`,
    title: `One string of ${megabytes} MB`,
    metrics: [{ key: 'time', title: 'time', unit: 'ms', better: 'lower', target }],
    large: true,
    modes: ['free'],
    count: 1,
    quickCount: 1,
    server,
    client: (ctx) => measureTransfers(ctx, megabytes * MB, STRINGS),
    ...options,
  };
}

module.exports = [
  stringWorkload(1, { target: 2, count: 80, quickCount: 15, timeLimitMs: 60000 }),
  stringWorkload(32, {
    target: 10,
    timeLimitMs: 120000,
    limits: {
      achrinza: { rounds: Infinity, quickRounds: 1, why: '1 sample with --quick' },
      'node-ipc-14': { rounds: Infinity, quickRounds: 1, why: '1 sample with --quick' },
    },
  }),
  stringWorkload(128, {
    target: 30,
    timeLimitMs: 300000,
    limits: { achrinza: QUADRATIC, 'node-ipc-14': QUADRATIC, 'net-plain': QUADRATIC },
  }),
];
