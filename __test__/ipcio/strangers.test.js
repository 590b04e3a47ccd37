'use strict';
// What strangers make ipcIO's server hold, and how that ends. They are made of plain `net`.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');
const { createWorld } = require('../helpers/world');
const { collect, createParties } = require('./parties');
const { dial, enter } = require('./peers');

const world = createWorld();
const { connect, makeClient, serve } = createParties(world);
const place = () => path.join(world.tmp(), 'IPC.io.default');

// Their peers know Unix sockets.
const suite = process.platform === 'win32' ? describe.skip : describe;

/** The lock of a directory is taken by this program, where it is there. */
const hasFlock = spawnSync('flock', ['--version']).status === 0;

/**
 * Reads all `length` bytes, a little at a time, and then waits until the server has seen what comes after the questions. Returns
 * how many were read before it had: most, if it reads no further than it is read.
 */
async function readSlowly(socket, length, hasSeen) {
  let read = 0;
  let readBefore = 0;
  for await (const data of socket) {
    read += data.length;
    if (!hasSeen()) readBefore = read;
    if (read > length) break;
    await turn();
  }
  while (!hasSeen()) await turn();
  return readBefore;
}

suite('strangers', () => {
  (hasFlock ? test : test.skip)('that hold the lock of the folder hold up no client', async () => {
    await serve();
    const script = 'console.log("held"); setInterval(() => {}, 1000)';
    const args = ['--no-fork', world.tmp(), process.execPath, '-e', script];
    const stranger = spawn('flock', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    world.after(() => stranger.kill('SIGKILL'));
    await once(stranger.stdout, 'data');
    const clients = ['a', 'b'].map((name) => makeClient(name));
    for (const client of clients) await client.connect();
    // Each had a socket file, which is removed as soon as it is connected. Under the lock it would be left there.
    expect(fs.readdirSync(world.tmp())).toEqual(['IPC.io.default']);
  });

  test('that begin messages: all clients together hold maxBufferedBytes, and the worst is closed', async () => {
    const server = await serve({ ask: () => 'here' }, { maxBufferedBytes: 1_000_000 });
    const clients = [];
    for (const name of ['a', 'b', 'c']) clients.push(await enter(place(), name));
    const failed = once(server, 'error');
    const left = new Promise((resolve) => server.once('disconnect', resolve));
    for (const [i, { own }] of clients.entries()) {
      own.socket.write(`{"command":"${'x'.repeat(400_000 + i * 1000)}`);
    }
    expect((await failed)[0].code).toBe('ERR_FERRIPC_TOO_MUCH_BUFFERED');
    expect(['a', 'b', 'c']).toContain((await left).name);
    const client = makeClient('ours');
    await client.connect();
    expect(await client.deliver('ask')).toBe('here');
    expect((await client.discover()).clients).toHaveLength(3);
  });

  test('… also in a worker of node:cluster', async () => {
    const child = world.child('ipcio-cluster.js', [world.tmp(), 1_000_000]);
    expect(await child.next()).toBe('listening');
    for (const name of ['a', 'b', 'c']) {
      const { own } = await enter(place(), name);
      own.socket.write(`{"command":"${'x'.repeat(400_000)}`);
    }
    expect(await child.next()).toBe('ERR_FERRIPC_TOO_MUCH_BUFFERED');
  });

  test('that go on asking are not read from while they do not read the answers', async () => {
    const name = 'a command'.padEnd(20_000);
    await serve({ [name]: () => {} });
    let seen = false;
    await connect('witness', { seen: () => (seen = true) });
    const socket = net.connect(place());
    world.after(() => socket.destroy());
    const count = 2000;
    socket.write('{"command":"discover"}'.repeat(count));
    socket.write(JSON.stringify({ command: 'broadcast', data: '{"command":"seen"}' }));
    const readBefore = await readSlowly(socket, count * name.length, () => seen);
    expect(readBefore).toBeGreaterThan((count * name.length) / 2);
  });

  test('… nor as clients', async () => {
    const answer = 'an answer'.padEnd(20_000);
    let seen = false;
    await serve({ ask: () => answer, seen: () => (seen = true) });
    const domain = await dial(place());
    world.after(() => domain.socket.destroy());
    domain.send({ command: 'handshake', data: 'asks' });
    const { data: uuid } = await domain.next();
    const socket = net.connect(`${place()}.${uuid}`);
    world.after(() => socket.destroy());
    const count = 2000;
    socket.write('{"command":"ask","delivery":"1"}'.repeat(count));
    socket.write('{"command":"seen"}');
    const readBefore = await readSlowly(socket, count * answer.length, () => seen);
    expect(readBefore).toBeGreaterThan((count * answer.length) / 2);
  });

  test('that give deliveries endless numbers: those are refused, others are passed on', async () => {
    const server = await serve();
    const [from, to] = [await enter(place(), 'from'), await enter(place(), 'to')];
    const deliver = (delivery) => {
      const inner = JSON.stringify({ id: 'to', command: 'x', data: delivery.length, delivery });
      from.domain.send({ command: 'emit', data: inner, delivery });
    };
    const failed = once(server, 'error');
    deliver('n'.repeat(257));
    deliver('n'.repeat(256));
    expect((await failed)[0]).toMatchObject({ code: 'ERR_IPCIO_NOT_A_MESSAGE', number: 102 });
    expect((await to.own.next()).data).toBe(256);
  });

  test('that have endless names are refused; our client does not try', async () => {
    await serve();
    const stranger = await dial(place());
    stranger.send({ command: 'handshake', data: 'n'.repeat(32_769) });
    expect(await stranger.next()).toMatchObject({ id: null, command: 'error', data: 201 });
    stranger.send({ command: 'handshake', data: 'n'.repeat(32_768) });
    expect(await stranger.next()).toMatchObject({ command: 'handshake' });
    expect(() => makeClient('n'.repeat(32_769))).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringContaining('options.name'),
      }),
    );
  });

  test('that ask, take a name and do not come are shown out, and the name is free', async () => {
    const server = await serve({}, { handshakeTimeout: 500 });
    const failed = once(server, 'error');
    const stranger = await dial(place());
    const gone = once(stranger.socket, 'close');
    stranger.send({ command: 'discover' });
    await stranger.next();
    stranger.send({ command: 'handshake', data: 'taken' });
    await stranger.next();
    expect((await failed)[0].code).toBe('ERR_IPCIO_HANDSHAKE_TIMEOUT');
    await gone;
    while (fs.readdirSync(world.tmp()).length > 1) await turn();
    await makeClient('taken').connect();
  });

  test('that take a name while the server waits for them to read are not let in', async () => {
    const commands = Array.from({ length: 2000 }, (_, i) => [`${i}`.padEnd(1000), () => {}]);
    const server = await serve(Object.fromEntries(commands));
    const { handler, all } = collect();
    await connect('witness', { seen: handler });
    const stranger = net.connect(place());
    let answers = '';
    for (let i = 0; i < 3; i++) stranger.write('{"command":"discover"}');
    stranger.write(JSON.stringify({ command: 'broadcast', data: '{"command":"seen"}' }));
    await all;
    const stopped = server.stop();
    stranger.write('{"command":"handshake","data":"late"}');
    stranger.setEncoding('utf8').on('data', (text) => (answers += text));
    await Promise.all([stopped, once(stranger, 'close')]);
    expect(answers.match(/"command":"\w+"/g)).toEqual(Array(3).fill('"command":"discover"'));
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });
});
