'use strict';
// `drain` where all that waited has left with a later message, and not when the event loop found room for it. See also
// src/engine/driver/drained.rs.

const { Worker } = require('node:worker_threads');
const { once } = require('../helpers/events');
const { onLinux, onNative } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');

const world = createWorld();

/** A socket with one of these is not writable. */
const LONG = 'x'.repeat(140_000);

const fixture = require.resolve('../fixtures/on-demand.js');

/** A server in another thread, which reads while this one waits. */
async function reader(path) {
  const counts = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(fixture, { workerData: { path, counts } });
  world.after(() => thread.terminate());
  await once(thread, 'message');
  return {
    tell: (task) => thread.postMessage(task),
    /** Has it read up to so many bytes, and blocks this thread until then. */
    readUpTo(total) {
      thread.postMessage({ total });
      const read = Atomics.load(counts, 0);
      if (read < total) expect(Atomics.wait(counts, 0, read, 20_000)).not.toBe('timed-out');
    },
  };
}

onLinux.describe('drain', () => {
  onNative.test('comes if all that waited leaves with a message', async () => {
    const place = await world.place('unix');
    const peer = await reader(place.options.path);
    const client = await world.connect(place, { serialization: 'advanced' });
    const { socket } = client;
    const greeting = socket.bytesWritten;
    const inSystem = () => socket.bytesWritten - socket.writableLength - greeting;
    while (client.emit('x', LONG));
    const drained = once(client, 'drain');
    // In one turn: the event loop has no part in it.
    for (let round = 0; round < 10 && socket.writableLength > 0; round++) {
      peer.readUpTo(inSystem());
      client.emit('x', LONG);
    }
    // By now there is something to read, and no room to write.
    peer.tell({ answer: 'y' });
    await once(client, 'y');
    peer.tell({ total: Infinity });
    await drained;
    expect(socket.writableLength).toBe(0);
  });
});
