'use strict';
// Every kind of value through serialization 'advanced': on each transport and driver, from each side and in every
// way to send, what child_process delivers with the same setting. The comparison is in fixtures/values.js.

const Child = require('../helpers/child');
const { TRANSPORTS } = require('../helpers/world');

const WAYS = [
  'client.emit',
  'server.emit',
  'server.broadcast',
  'client.request',
  'server.request',
  'errors',
];

test.each(['loop', 'tokio'])(
  '%s: what arrives is what child_process delivers',
  async (driver) => {
    const child = new Child(
      'values.js',
      {},
      { env: { FERRIPC_DRIVER: driver, TRANSPORTS: TRANSPORTS.join() } },
    );
    const { code, lines, stderr } = await child.exited;
    expect(stderr).toBe('');
    const wanted = TRANSPORTS.flatMap((transport) =>
      WAYS.map((way) => ({ transport, way, wrong: [] })),
    );
    const used = process.platform === 'win32' ? 'tokio' : driver;
    expect(lines).toEqual([...wanted, { driver: used, count: expect.any(Number) }]);
    expect(lines.at(-1).count).toBeGreaterThan(80);
    expect(code).toBe(0);
  },
  120_000,
);
