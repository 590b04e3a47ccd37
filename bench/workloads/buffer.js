'use strict';

// One Buffer as a message, one way, until the receiver's acknowledgement is back: values as they are, by
// config.serialization 'advanced' and by fork's option of that name. See index.js for the interface; loaded from
// there.

const { MB, acknowledgingServer, measureTransfers, noise } = require('../lib/transfer.js');

const BUFFERS = {
  make: (length) => noise(length, (state) => state >>> 24),
  messageOf: (bytes) => ({ bytes }),
  unit: 'bytes',
  changed: 'the server received other bytes',
};

function server({ send, fail }) {
  return acknowledgingServer({ send }, ({ bytes }) => {
    if (!Buffer.isBuffer(bytes)) {
      fail(new Error('what has arrived is no Buffer'));
    }
    return bytes;
  });
}

const bufferWorkload = (megabytes, count, quickCount) => ({
  name: `buffer-${megabytes}m`,
  title: `One Buffer of ${megabytes} MB`,
  metrics: [{ key: 'time', title: 'time', unit: 'ms', better: 'lower', target: 2 }],
  use: 'values',
  large: true,
  modes: ['free'],
  count,
  quickCount,
  server,
  client: (ctx) => measureTransfers(ctx, megabytes * MB, BUFFERS),
  timeLimitMs: 60000,
});

module.exports = [
  bufferWorkload(1, 80, 15),
  bufferWorkload(8, 20, 5),
  bufferWorkload(32, 10, 3),
  bufferWorkload(128, 3, 1),
];
