'use strict';
// A socket that is paused when its connection ends: what has come before is still delivered, at the program's pace, and
// `close` after it. Our socket is the only one of this thread, so that the engine has nothing else to go on for.

const { setImmediate: turn } = require('node:timers/promises');
const { once } = require('./helpers/events');
const Peer = require('./helpers/peer');
const { isScript } = require('./helpers/platform');
const { createTlsWorld } = require('./helpers/tls');

const world = createTlsWorld();

const COUNT = 10;
const messages = Array.from({ length: COUNT }, (_, n) => `{"type":"x","data":${n}}\f`).join('');

/** A client, and its peer, which is Node's. */
const pairs = {
  unix: async (config) => plain(await world.place('unix'), config),
  tcp: async (config) => plain(await world.place('tcp'), config),
  async tls(config) {
    const place = await world.at();
    const server = await world.nodeServer(place);
    const secured = once(server, 'secureConnection');
    const client = await world.connect(place, config);
    return { client, peer: new Peer((await secured)[0]) };
  },
};

async function plain(place, config) {
  const { next } = await world.rawServer(place);
  const client = await world.connect(place, { tls: false, ...config });
  return { client, peer: await next() };
}

/** A paused client whose connection has ended, after so many messages. It does not know yet. */
async function ended(connect) {
  const { client, peer } = await connect({ maxRetries: 0 });
  const { socket } = client;
  client.on('error', () => {}); // that the peer did not take everything
  socket.pause();
  peer.socket.pause();
  await new Promise((resolve) => peer.socket.write(messages, resolve));
  while (client.emit('y', 'y'.repeat(60_000)));
  peer.socket.destroy();
  while (socket.writableLength > 0) await turn();
  // What is over has been put away.
  for (let i = 0; i < 10; i++) await turn();
  return client;
}

// The JavaScript engine's TLS sockets are Node's, which lose what they have when a write fails.
const all = Object.entries(pairs).filter(([name]) => name !== 'tls' || !isScript);

describe.each(all)('%s', (_, connect) => {
  test('what a paused socket has from its peer comes after `resume`, and then `close`', async () => {
    const client = await ended(connect);
    const got = [];
    client.on('x', (n) => got.push(n));
    const closed = once(client.socket, 'close');
    client.socket.resume();
    await closed;
    expect(got).toEqual([...messages.matchAll(/\d+/g)].map(Number));
  });

  test('it may be paused again meanwhile', async () => {
    const client = await ended(connect);
    const { socket } = client;
    const got = [];
    let isPaused = false;
    client.on('x', async (n) => {
      got.push(isPaused ? `${n}, paused` : n);
      isPaused = true;
      socket.pause();
      for (let i = 0; i < 3; i++) await turn();
      isPaused = false;
      socket.resume();
    });
    const closed = once(socket, 'close').then(() => got.push(isPaused ? 'close, paused' : 'close'));
    socket.resume();
    await closed;
    expect(got).toEqual([...Array(COUNT).keys(), 'close']);
  });
});
