'use strict';
// A worker may end right after an answer.

const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { codec, spawn } = require('../../ipc2');
const { createWorld } = require('../helpers/world');
const { onUnix } = require('../helpers/platform');

const world = createWorld();
const LEAVER = path.join(__dirname, '..', 'fixtures', 'ipc2-leaver.js');

/** More than the system takes at once. */
const LONG = 8_000_000;

onUnix.describe.each(['loop', 'tokio'])('an answer and process.exit() (%s)', (driver) => {
  const leaver = async (how) => {
    const env = { ...process.env, FERRIPC_DRIVER: driver };
    const codecs = { request: codec.u32, response: codec.bytes };
    const worker = await spawn(LEAVER, { ...codecs, env, args: [how] });
    world.after(() => worker.kill());
    return worker;
  };

  test.each([1, LONG])('%d bytes arrive, and so does the exit code', async (length) => {
    const worker = await leaver('exit');
    expect(await worker.send(length)).toHaveLength(length);
    expect(await worker.exited).toMatchObject({ code: 3 });
  });

  test.each([
    ['reallyExit', { code: 3 }],
    ['kill', { signal: 'SIGTERM' }],
    ['abort', { signal: 'SIGABRT' }],
  ])('%s, of which no event tells', async (how, exit) => {
    const worker = await leaver(how);
    expect(await worker.send(LONG)).toHaveLength(LONG);
    expect(await worker.exited).toMatchObject(exit);
  });

  test('a host that does not read is not waited for long', async () => {
    const target = world.socketPath();
    const server = net.createServer({ pauseOnConnect: true }).listen(target);
    world.after(() => server.close());
    await once(server, 'listening');
    const env = { FERRIPC_DRIVER: driver, IPC2_SOCKET_PATH: target };
    const child = world.child('ipc2-leaver.js', [], { env });
    const [socket] = await once(server, 'connection');
    world.after(() => socket.destroy());
    const job = Buffer.from('0000000c' + '01000000' + '00000000' + '00000000', 'hex');
    job.writeUInt32LE(LONG, 8);
    socket.write(job);
    expect(await child.exited).toMatchObject({ code: 3 });
  });
});
