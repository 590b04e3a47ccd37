'use strict';
// Bursts of messages to peers that read as ipcIO does: each read, of 64 KiB at most, is taken for whole messages. Those
// peers fail if a message crosses the end of a read.

const path = require('node:path');
const { once } = require('node:events');
const Pace = require('../../src/js/ipcio/pace');
const { createWorld } = require('../helpers/world');
const { onLinux } = require('../helpers/platform');
const { collect, createParties, datas } = require('./parties');
const { enter, host } = require('./peers');

const world = createWorld();
const { connect, makeClient, serve } = createParties(world);
const place = () => path.join(world.tmp(), 'IPC.io.default');

const suite = process.platform === 'win32' ? describe.skip : describe;

/** Several times of what a socket of the system has room for. */
const COUNT = 4000;
const data = (number) => `${number} ${'x'.repeat(200)}`;
const ALL = Array.from({ length: COUNT }, (_, number) => data(number));

async function read(raw, count = COUNT) {
  const messages = [];
  while (messages.length < count) messages.push((await raw.next()).data);
  return messages;
}

suite('a burst arrives whole at a peer that reads as ipcIO', () => {
  test('from a client', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = await connect('ours');
    const { own } = await peer.next();
    const sent = ALL.map((it) => client.send('m', it));
    expect(await read(own)).toEqual(ALL);
    await Promise.all(sent);
  });

  test('from a server, to each client', async () => {
    const server = await serve();
    const peers = await Promise.all(['a', 'b'].map((name) => enter(place(), name)));
    world.after(() =>
      peers.forEach(({ domain, own }) => [domain, own].map((it) => it.socket.destroy())),
    );
    for (const it of ALL) server.broadcast('m', it);
    for (const { own } of peers) expect(await read(own)).toEqual(ALL);
  });

  test('on the domain’s socket', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = await connect('ours');
    const { domain } = await peer.next();
    for (const it of ALL) client.emit('other', 'm', it);
    const inner = (await read(domain)).map((text) => JSON.parse(text).data);
    expect(inner).toEqual(ALL);
  });

  test('from a client that disconnects behind it', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = await connect('ours');
    const { own } = await peer.next();
    for (const it of ALL) client.send('m', it);
    const disconnected = client.disconnect();
    expect(await read(own)).toEqual(ALL);
    await disconnected;
  });

  test('and `writeCommand` calls back, and tells when there is room', async () => {
    const server = await serve();
    const { domain, own } = await enter(place(), 'a');
    world.after(() => [domain, own].map((it) => it.socket.destroy()));
    const [{ socket }] = await new Promise((resolve) => {
      server.addHandlers({ hello: (...args) => resolve(args) });
      own.send({ command: 'hello' });
    });
    const drained = once(socket, 'drain');
    const written = ALL.map((it) => {
      let below;
      const done = new Promise((resolve, reject) => {
        below = socket.writeCommand('m', it, (error) => (error ? reject(error) : resolve()));
      });
      return { below, done };
    });
    expect([written[0].below, written.at(-1).below]).toEqual([true, false]);
    expect(await read(own)).toEqual(ALL);
    await Promise.all(written.map(({ done }) => done));
    await drained;
  });
});

test('what another thread hands to the system meanwhile counts as unread', () => {
  let inQueue = 0;
  let inSystem = 0;
  /** All moves right after somebody has looked. */
  const looked = (bytes) => {
    inSystem += inQueue;
    inQueue = 0;
    return bytes;
  };
  const socket = {
    get writableLength() {
      return looked(inQueue);
    },
    get _unread() {
      return looked(inSystem);
    },
  };
  const write = ({ length }) => (inQueue += length);
  const pace = new Pace(socket, { most: 65_536, maxQueued: Infinity, linger: 0, write });
  for (let i = 0; i < 3; i++) pace.offer({ length: 30_000 });
  expect([inQueue + inSystem, pace.queued]).toEqual([60_000, 30_000]);
  pace.takeBack();
});

suite('what waits for a peer that does not read', () => {
  /** A server of ipcIO's kind that reads nothing of the first client's own socket. */
  async function deaf(options) {
    const peer = await host(place());
    const client = makeClient('ours', {}, options);
    await client.connect();
    const { domain, own } = await peer.next();
    own.socket.pause();
    return { peer, client, domain, own };
  }

  test('goes with the next connection, in order', async () => {
    const { peer, client, domain } = await deaf();
    world.after(() => peer.close());
    const sent = ALL.map((it) => client.send('m', it));
    domain.socket.destroy();
    const { own } = await peer.next();
    await Promise.all(sent);
    // What had left is lost with the connection: 64 KiB, and as much that was read.
    const first = Number((await own.next()).data.split(' ')[0]);
    expect(first).toBeLessThan(COUNT / 4);
    const rest = ALL.slice(first + 1);
    expect(await read(own, rest.length)).toEqual(rest);
  });

  test('is refused beyond maxQueuedBytes', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = await connect('ours', {}, { maxQueuedBytes: 300_000 });
    const { own } = await peer.next();
    own.socket.pause();
    const ends = await Promise.all(
      ALL.map((it) => Promise.race([client.send('m', it), new Promise(setImmediate)])).map((it) =>
        it.then(
          () => 'waits or sent',
          ({ code }) => code,
        ),
      ),
    );
    expect(ends[0]).toBe('waits or sent');
    expect(ends.at(-1)).toBe('ENOBUFS');
  });

  test('keeps a connection that closes open for as long as `linger` says', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const order = [];
    const leave = async (name, limits) => {
      const client = makeClient(name, {}, limits);
      await client.connect();
      const { own } = await peer.next();
      own.socket.pause();
      for (const it of ALL) client.send('m', it).catch(() => {}); // the connection is closed before they leave
      return () => client.disconnect().then(() => order.push(name));
    };
    const unpaced = { warnAtBytes: Infinity, linger: 1000 };
    const leaves = [await leave('patient', unpaced), await leave('hasty', { linger: 0 })];
    await Promise.all(leaves.map((disconnect) => disconnect()));
    expect(order).toEqual(['hasty', 'patient']);
  });

  test('is counted in bytes', async () => {
    const client = makeClient('c', {}, { maxQueuedBytes: 300_000 });
    client.send('m', 'é'.repeat(120_000));
    await expect(client.send('m', 'é'.repeat(40_000))).rejects.toMatchObject({ code: 'ENOBUFS' });
  });

  // Where the system tells what a peer has not read.
  const test_ = process.env.FERRIPC_DRIVER === 'js' ? test.skip : onLinux.test;

  test_(
    'is no matter if all peers run ferripc: more than they read at once leaves as it is sent',
    async () => {
      const { peer, client, own } = await deaf({ warnAtBytes: Infinity });
      world.after(() => peer.close());
      const sent = Array.from({ length: 8 }, () => client.send('m', 'x'.repeat(20_000)));
      await Promise.all(sent); // the system has room for as much
      own.socket.resume();
    },
  );

  test_('leaves alone if the system takes it apart', async () => {
    const { peer, client, own } = await deaf();
    world.after(() => peer.close());
    const turns = async () => {
      for (let i = 0; i < 100; i++) await new Promise(setImmediate);
    };
    const socket = new Promise((resolve) => {
      client.addHandlers({ hello: (container) => resolve(container.socket) });
      own.send({ command: 'hello' });
    });
    const sent = [];
    while (!((await socket)._unread > 0)) {
      sent.push(client.send('m', 'x'.repeat(20_000))); // the peer's buffer takes some of these
      await sent.at(-1);
      await turns();
    }
    let hasLeft = false;
    sent.push(client.send('m', 'y'.repeat(40_000)).then(() => (hasLeft = true)));
    await turns();
    expect(hasLeft).toBe(false);
    own.socket.resume();
    await Promise.all(sent);
    expect((await read(own, sent.length)).at(-1)).toBe('y'.repeat(40_000));
  });

  test.each([
    [12, 10_000], // more than the peer would read at once, and less than the system takes
    [4000, 100], // more than it takes
  ])('ends with a program that exits, and %i are still sent', async (count, length) => {
    const { handler, all } = collect(count);
    await serve({ m: handler });
    const child = world.child(require.resolve('./burst-and-exit'), [world.tmp(), count, length]);
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
    const numbers = datas(await all).map((data) => Number(data.split(' ')[0]));
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('does not wait if the program says that all peers run ferripc', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = await connect('ours', {}, { warnAtBytes: Infinity });
    const { own } = await peer.next();
    own.socket.pause();
    await client.send('m', 'x'.repeat(60_000));
    await client.send('m', 'x'.repeat(60_000));
  });
});
