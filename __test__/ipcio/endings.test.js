'use strict';
// The ends of ipcIO's servers and clients, whatever their programs do: what waits is settled.

const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');
const { createParties } = require('./parties');
const { enter } = require('./peers');

const world = createWorld();
const { makeClient, serve } = createParties(world);

test('disconnect rejects what waits for a connection that nobody has begun', async () => {
  const client = makeClient('c');
  const waiting = [
    client.send('n', 1),
    client.emit('x', 'n', 1),
    client.broadcast('n'),
    client.discover(),
    client.deliver('n', 1),
  ];
  await client.disconnect();
  for (const it of waiting) {
    await expect(it).rejects.toMatchObject({ code: 'ERR_IPCIO_DISCONNECTED' });
  }
});

test('deliver is late whatever the command is', async () => {
  const late = makeClient('c').deliver(Symbol('odd'), 1, { timeout: 1 });
  await expect(late).rejects.toMatchObject({ code: 'ERR_IPCIO_TIMEOUT' });
});

test('stop and disconnect resolve although handlers throw, and each exception surfaces once', async () => {
  const surfaced = await world.child('ipcio-throwing.js', [world.tmp()]).next();
  const events = ['server: connect', 'client: connect', 'server: disconnect', 'client: disconnect'];
  expect(new Set(surfaced)).toEqual(new Set(events));
  expect(surfaced).toHaveLength(events.length);
});

// Their peers know Unix sockets.
onUnix.test.each(['now', 'later'])(
  'what a listener throws because an answer is refused (%s) is an uncaught exception, and no answer',
  async (command) => {
    const place = path.join(world.tmp(), 'IPC.io.default');
    const child = world.child('ipcio-refused.js', [world.tmp(), place, command]);
    const surfaced = ['uncaughtException: listener of ENOBUFS'];
    expect(await child.next()).toEqual({ surfaced, isTold: false });
  },
);

test('stop closes what connects meanwhile, too', async () => {
  for (let round = 0; round < 20; round++) {
    const server = await serve();
    const peers = Array.from({ length: 10 }, () => net.connect(server._path).on('error', () => {}));
    const gone = peers.map((peer) => new Promise((resolve) => peer.resume().on('close', resolve)));
    await once(peers[0], 'connect');
    await server.stop();
    await Promise.all(gone);
  }
});

test('a client that is disconnected while messages wait sends them, and handles no more', async () => {
  const count = 10;
  let all;
  const done = new Promise((resolve) => (all = resolve));
  let got = 0;
  const server = await serve({
    long({ name }) {
      server.emit(name, 'say');
      if (++got === count) all();
    },
  });
  let said;
  const disconnected = new Promise((resolve) => (said = resolve));
  const say = jest.fn(() => said(client.disconnect()));
  const client = makeClient('c', { say });
  await client.connect();
  // One leaves when the one before it was read.
  for (let i = 0; i < count; i++) client.send('long', 'x'.repeat(100_000));
  await Promise.all([done, disconnected]);
  expect(say).toHaveBeenCalledTimes(1);
});

onUnix.test('what a client has sent arrives, even if it has left before it is let in', async () => {
  const count = 50;
  let all;
  const done = new Promise((resolve) => (all = resolve));
  const got = new Set();
  await serve({ say: ({ data }) => got.add(data).size === count && all() });
  const place = path.join(world.tmp(), 'IPC.io.default');
  const write = (socket, message) => socket.write(JSON.stringify({ id: null, ...message }));
  const visits = Array.from({ length: count }, async (_, i) => {
    const domain = net.connect(place);
    write(domain, { command: 'handshake', data: `client ${i}`, delivery: null });
    const [answer] = await once(domain, 'data');
    // The system does both at once, and the server learns of the end first.
    domain.destroy();
    const own = net.connect(`${place}.${JSON.parse(answer).data}`).resume();
    write(own, { command: 'say', data: i, delivery: null });
    own.on('error', () => {}); // perhaps a reset
    await new Promise((resolve) => own.once('close', resolve));
  });
  await Promise.all(visits);
  await done;
});

onUnix.test('a delivery to a client that leaves before it is let in is rejected', async () => {
  await serve();
  const asker = makeClient('asker');
  await asker.connect();
  const place = path.join(world.tmp(), 'IPC.io.default');
  const domain = net.connect(place).on('error', () => {});
  const hello = { id: null, command: 'handshake', data: 'ghost', delivery: null };
  domain.write(JSON.stringify(hello));
  await once(domain, 'data'); // it has the name
  const answer = asker.deliver('ghost', 'say', 1);
  await asker.discover(); // the server has both
  domain.destroy();
  await expect(answer).rejects.toMatchObject({ code: 'ERR_IPCIO_DISCONNECTED' });
});

/** How a server says something to the client that leaves, while it handles its messages. */
const SAYINGS = {
  emit: ({ name }, server) => void server.emit(name, 'thanks'),
  broadcast: (_, server) => void server.broadcast('thanks'),
  'an answer': () => 'thanks',
  writeCommand: ({ socket }) => void socket.writeCommand('thanks', null, () => {}),
};

onUnix.test.each(Object.keys(SAYINGS))(
  'what a client has sent arrives, even if the server answers when it has left (%s)',
  async (how) => {
    const count = 60;
    const numbers = [];
    const errors = [];
    let all;
    const done = new Promise((resolve) => (all = resolve));
    const server = await serve({
      say: (container) => {
        if (numbers.push(container.data[0]) === count) all();
        return SAYINGS[how](container, server);
      },
    });
    server.on('error', (error) => errors.push(error));
    const { domain, own } = await enter(path.join(world.tmp(), 'IPC.io.default'), 'leaves');
    domain.socket.destroy();
    for (let i = 0; i < count; i++) {
      const data = [i, 'x'.repeat(20_000)];
      own.send({ command: 'say', data, delivery: how === 'an answer' ? `d${i}` : null });
    }
    own.socket.end();
    await done;
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(errors).toEqual([]);
  },
);
