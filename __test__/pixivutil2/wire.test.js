'use strict';
// A controller and plain `net`: what was recorded of the real PixivUtil2, byte by byte, bytes that make no sense, and
// limits of connections.

const net = require('node:net');
const { once } = require('node:events');
const { Controller } = require('../../pixivutil2');
const { createWorld } = require('../helpers/world');
const { NodePeer, endpoints, handshake, said, turns } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();

async function control(options) {
  const controller = new Controller({ ...endpoints(world, 'tcp'), ...options });
  world.after(() => controller.stop());
  return controller.start();
}

async function dial(endpoint) {
  const socket = net.connect(Number(/:(\d+)$/.exec(endpoint)[1]), '127.0.0.1');
  world.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket.setNoDelay().on('error', () => {});
}

test.each(['comm', 'task'])('the recorded session of %s', async (side) => {
  const controller = await control();
  controller.onFfmpeg(() => 0).onAria2(() => 0);
  const socket = await dial(controller.endpoints[side]);
  let came = Buffer.alloc(0);
  socket.on('data', (data) => (came = Buffer.concat([came, data])));
  let expected = Buffer.alloc(0);
  let task = null;
  const recorded = Buffer.from('92100000', 'hex');
  const withTask = (bytes) => {
    const at = bytes.indexOf(recorded);
    if (task === null || at < 0) return bytes;
    return Buffer.concat([bytes.subarray(0, at), task, bytes.subarray(at + 4)]);
  };
  for (const [from, bytes] of turns(side)) {
    if (from === 'REQ>ROUTER') {
      for (const byte of withTask(bytes)) socket.write(Buffer.of(byte));
      continue;
    }
    const end = expected.length + bytes.length;
    while (came.length < end) await once(socket, 'data');
    // The number of a job is the controller's to choose.
    if (bytes.includes('FFMPEG_REQ')) task = came.subarray(end - 4, end);
    expected = Buffer.concat([expected, withTask(bytes)]);
    expect(came.subarray(0, end).toString('hex')).toBe(expected.toString('hex'));
  }
  expect(came).toHaveLength(expected.length);
});

test('after senseless bytes the others go on', async () => {
  const controller = await control({ connectionTimeout: 60_000 });
  const { comm } = controller.endpoints;
  const peer = new NodePeer(world);
  await peer.connect('comm', comm);
  const start = Buffer.concat(said().slice(0, 2)); // to the first of its READY
  let seed = 1;
  const random = (length) =>
    Buffer.from(Array.from({ length }, () => (seed = (seed * 16807) % 2147483647) & 0xff));
  const hostile = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from(`ff00000000000000017f03${'00'.repeat(53)}`, 'hex'),
    Buffer.concat([start, Buffer.from('06ffffffffffffffff', 'hex')]),
    Buffer.concat([start, Buffer.from('03ffffffffffffffff', 'hex')]),
    ...Array.from({ length: 20 }, (_, i) => random(10 * i + 1)),
    ...Array.from({ length: 20 }, (_, i) => Buffer.concat([start, random(10 * i + 1)])),
  ];
  for (const bytes of hostile) {
    const socket = await dial(comm);
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
    expect(String((await peer.ask('comm', ['TITLE', 'here']))[1])).toBe('Ok');
  }
});

test('all agents together hold maxBufferedBytes of messages that they have begun', async () => {
  const controller = await control({ maxBufferedBytes: 5_000_000 });
  const { comm } = controller.endpoints;
  const head = Buffer.from('0200000000003d0900', 'hex'); // of a frame of 4,000,000 bytes
  const begun = Buffer.concat([handshake(), head, Buffer.alloc(2_000_000)]);
  const ends = [];
  for (let i = 0; i < 3; i++) {
    const socket = (await dial(comm)).resume();
    ends.push(once(socket, 'close'));
    socket.write(begun);
  }
  await Promise.race(ends);
  const peer = new NodePeer(world);
  await peer.connect('comm', comm);
  expect(String((await peer.ask('comm', ['TITLE', 'here']))[1])).toBe('Ok');
});

/** Commands of a peer, whole. */
const PING = Buffer.from('04070450494e470000', 'hex');
const PONG = Buffer.from('040504504f4e47', 'hex');

describe('of connections', () => {
  /** Two who do the same, the first with a controller of more patience: which of them is closed first. */
  async function closedFirst(patient, impatient, act) {
    const ended = [];
    for (const options of [patient, impatient]) {
      const { endpoints } = await control(options);
      const socket = (await dial(endpoints.comm)).resume();
      act(socket);
      ended.push(once(socket, 'close').then(() => options));
    }
    return Promise.race(ended);
  }

  test('maxConnections: one more is closed at once, until there is room; each socket counts alone', async () => {
    const controller = await control({ maxConnections: 1 });
    const greeted = async (endpoint) => {
      const socket = await dial(endpoint);
      const answer = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return Buffer.isBuffer(answer[0]) ? socket : null;
    };
    const first = await greeted(controller.endpoints.comm);
    expect(first).not.toBeNull();
    expect(await greeted(controller.endpoints.comm)).toBeNull();
    expect(await greeted(controller.endpoints.task)).not.toBeNull();
    first.destroy();
    let next = null;
    while (next === null) next = await greeted(controller.endpoints.comm);
  });

  test('connectionTimeout: a client that sends nothing, or too little', async () => {
    for (const bytes of ['', handshake().subarray(0, 70)]) {
      const impatient = { connectionTimeout: 100 };
      const act = (socket) => socket.write(bytes);
      expect(await closedFirst({ connectionTimeout: 5000 }, impatient, act)).toBe(impatient);
    }
  });

  test('heartbeatInterval and heartbeatTimeout: who answers stays, who does not is given up', async () => {
    const beating = (heartbeatTimeout) => ({ heartbeatInterval: 20, heartbeatTimeout });
    const impatient = beating(100);
    const silent = (socket) => socket.write(handshake());
    expect(await closedFirst(beating(5000), impatient, silent)).toBe(impatient);

    const { endpoints } = await control(beating(3000));
    const socket = await dial(endpoints.comm);
    socket.write(handshake());
    let came = Buffer.alloc(0);
    let pings = 0;
    while (pings < 200) {
      const [data] = await once(socket, 'data');
      came = Buffer.concat([came, data]);
      for (let at; (at = came.indexOf(PING)) >= 0; pings++) {
        came = came.subarray(at + PING.length);
        socket.write(PONG);
      }
    }
    expect(socket.closed).toBe(false);
  });

  test('without heartbeatInterval nobody is asked', async () => {
    const { endpoints } = await control({ heartbeatTimeout: 20 });
    const socket = await dial(endpoints.comm);
    socket.write(handshake());
    const all = [];
    socket.on('data', (data) => all.push(data));
    const peer = new NodePeer(world);
    await peer.connect('comm', endpoints.comm);
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(String((await peer.ask('comm', ['TITLE', 'here']))[1])).toBe('Ok');
    }
    socket.write(Buffer.from('01000102485301016e0004436f6d6d', 'hex')); // HS n Comm
    while (!Buffer.concat(all).includes('Ok')) await once(socket, 'data');
    expect(Buffer.concat(all).includes('PING')).toBe(false);
  });
});
