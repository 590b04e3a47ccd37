'use strict';
// Connections: callbacks, errors and their codes, retry rules, closing, who owns a path.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const { check, needUnix } = require('../harness');
const { KINDS } = require('../../helpers/world');
const { once, collect, counter, record } = require('../../helpers/events');

/** What is thrown or rejected with, and emitted: a real Error with Node's fields. */
function assertError(error, expected) {
  assert.ok(error instanceof Error);
  for (const [field, value] of Object.entries(expected)) assert.equal(error[field], value, field);
}

for (const kind of KINDS) {
  check(`${kind}: the callback is synchronous, and an emit in it arrives (K3)`, async (world) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const arrived = once(server, 'early');
    const ipc = world.ipc();
    let inside = null;
    place.connectTo(ipc, 'server', (given) => {
      inside = given;
      ipc.of.server.emit('early', 1);
    });
    assert.equal(inside, ipc);
    assert.equal((await arrived)[0], 1);
  });

  check(
    `${kind}: nobody there: error and disconnect per attempt, then destroy (K10, K11, K8)`,
    async (world) => {
      const place = await world.place(kind);
      const client = world.dial(place, { maxRetries: 2, retry: 5 });
      const events = record(client);
      await once(client, 'destroy');
      const attempt = ['error', 'disconnect'];
      assert.deepEqual(
        events.map(([type]) => type),
        [...attempt, ...attempt, ...attempt, 'destroy'],
      );
      const where =
        kind === 'unix'
          ? { code: 'ENOENT', address: place.options.path }
          : { code: 'ECONNREFUSED', address: '127.0.0.1', port: place.options.port };
      assertError(events[0][1], { ...where, syscall: 'connect' });
      assert.equal(client.emit('x', 1), false); // K8: no throw
    },
  );

  check(
    `${kind}: connects again when the server is back; handlers survive (K10, K27)`,
    async (world) => {
      const place = await world.place(kind);
      const first = await world.serve(place);
      const config = { maxRetries: 1000, retry: 5, offlineQueue: 1024 };
      const { client } = await world.meet(first, place, config);
      const down = once(client, 'disconnect');
      const heard = once(client, 'hello');
      await first.stop({ disconnect: true });
      await down;
      assert.equal(client.emit('kept', 1), true);
      const second = world.ipc();
      place.serve(second);
      const back = once(second.server, 'connect');
      const kept = once(second.server, 'kept');
      await second.server.start();
      const [socket] = await back;
      second.server.emit(socket, 'hello', 2);
      assert.equal((await heard)[0], 2);
      assert.equal((await kept)[0], 1);
      assert.equal(client.retriesRemaining, 1000);
    },
  );

  check(`${kind}: a truthy stopRetrying ends it (K11)`, async (world) => {
    const client = world.dial(await world.place(kind), { stopRetrying: 1, retry: 5 });
    const events = record(client);
    await once(client, 'destroy');
    assert.deepEqual(
      events.map(([type]) => type),
      ['error', 'disconnect', 'destroy'],
    );
  });

  check(
    `${kind}: disconnect sends what was emitted before, even before the connection (F6)`,
    async (world) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const all = collect(server, 'x', 3);
      const early = world.dial(place);
      early.emit('x', 1);
      early.leave();
      const late = await world.connect(place);
      late.emit('x', 2);
      late.emit('x', 'b'.repeat(4 << 20));
      late.leave();
      assert.deepEqual(
        (await all).map((data) => data.length ?? data).sort(),
        [1, 2, 4 << 20].sort(),
      );
    },
  );

  check(
    `${kind}: stop leaves clients alone; with disconnect it closes them (K26, F7)`,
    async (world) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const { client, socket } = await world.meet(server, place, { maxRetries: 0 });
      await server.stop();
      await server.stop();
      const still = once(client, 'still');
      server.emit(socket, 'still', 1);
      await still;
      const [last, destroyed] = [once(client, 'last'), once(client, 'destroy')];
      server.emit(socket, 'last', 1);
      await server.stop({ disconnect: true });
      await Promise.all([last, destroyed]);
      assert.deepEqual(server.sockets, []);
    },
  );

  check(`${kind}: socket.disconnected names the socket and its id (K9, F11)`, async (world) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place);
    await world.meet(server, place);
    const named = once(server, 'x');
    client.emit('x', { id: 'me' });
    await named;
    const gone = once(server, 'socket.disconnected');
    client.leave();
    assert.deepEqual(await gone, [socket, 'me']);
    assert.equal(server.sockets.length, 1);
    assert.equal(server.emit(socket, 'late'), false);
    assert.equal(socket.stats().dropped.down, 1);
  });

  check(`${kind}: a second connectTo only calls back while connected (K16)`, async (world) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const ipc = world.ipc();
    const joined = once(server, 'connect');
    place.connectTo(ipc, 'server');
    const client = ipc.of.server;
    await Promise.all([once(client, 'connect'), joined]);
    let called = false;
    place.connectTo(ipc, 'server', () => (called = true));
    assert.ok(called);
    assert.equal(ipc.of.server, client);
    assert.equal(server.sockets.length, 1);
  });

  check(`${kind}: over maxConnections: dropped, with an error (K23, F16)`, async (world) => {
    const place = await world.place(kind);
    const server = await world.serve(place, { maxConnections: 1 });
    await world.meet(server, place);
    const error = once(server, 'error');
    const late = net.connect(place.options);
    late.on('error', () => {}); // to Bun, such a connection has failed
    const closed = once(late, 'close');
    assertError((await error)[0], { code: 'ERR_FERRIPC_MAX_CONNECTIONS' });
    late.resume();
    await closed;
    assert.equal(server.sockets.length, 1);
  });

  check(`${kind}: many connections at once`, async (world) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
    const clients = await Promise.all(Array.from({ length: 50 }, () => world.connect(place)));
    const answers = clients.map((client) => once(client, 'echo'));
    clients.forEach((client, n) => client.emit('echo', n));
    for (const [n, [data]] of (await Promise.all(answers)).entries()) assert.equal(data, n);
    const gone = counter(server, 'socket.disconnected');
    for (const client of clients) client.leave();
    await gone.reaches(50);
  });
}

check('tcp: a taken port is EADDRINUSE, from start and as an event (F10)', async (world) => {
  const place = await world.place('tcp');
  await world.serve(place);
  const late = world.ipc();
  place.serve(late);
  const event = once(late.server, 'error');
  const expected = { code: 'EADDRINUSE', syscall: 'listen', ...{ port: place.options.port } };
  await assert.rejects(late.server.start(), expected);
  assertError((await event)[0], { code: 'EADDRINUSE' });
});

check('tcp: a host by name, and one that does not exist (K13)', async (world) => {
  const { options } = await world.place('tcp');
  const ipc = world.ipc({ maxRetries: 0 });
  ipc.serveNet('localhost', options.port);
  await ipc.server.start();
  const connected = once(ipc.server, 'connect');
  ipc.connectToNet('server', 'localhost', options.port);
  await connected;
  ipc.connectToNet('nobody', 'no-such-host.invalid', options.port);
  const [error] = await once(ipc.of.nobody, 'error');
  assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code), error.code);
});

check('unix: a live path is taken over; stop leaves it to the new server (F9)', async (world) => {
  needUnix('socket files');
  const place = await world.place('unix');
  const old = await world.serve(place);
  const { client } = await world.meet(old, place);
  const young = await world.serve(place);
  await old.stop();
  await world.meet(young, place);
  const message = once(old, 'x');
  client.emit('x', 1);
  assert.equal((await message)[0], 1);
  await young.stop();
  assert.deepEqual(fs.readdirSync(world.tmp()), []);
});

check("unix: unlink 'stale' reports EADDRINUSE for a live path (F9)", async (world) => {
  needUnix('socket files');
  const place = await world.place('unix');
  const live = await world.serve(place);
  const late = world.ipc({ unlink: 'stale' });
  place.serve(late);
  await assert.rejects(late.server.start(), { code: 'EADDRINUSE', syscall: 'listen' });
  await world.meet(live, place);
});

check('unix: a killed process leaves a path that the next server takes (F9)', async (world) => {
  needUnix('socket files');
  const place = await world.place('unix');
  const child = world.child('listen.js', [place.options.path]);
  assert.equal(await child.next(), 'started');
  await child.kill();
  const client = world.dial(place, { maxRetries: 0 });
  assertError((await once(client, 'error'))[0], { code: 'ECONNREFUSED', syscall: 'connect' });
  const server = await world.serve(place, { unlink: 'stale' });
  await world.meet(server, place);
});

check('unix: a regular file is never touched (F9)', async (world) => {
  needUnix('socket files');
  const place = await world.place('unix');
  fs.writeFileSync(place.options.path, 'precious');
  const ipc = world.ipc();
  place.serve(ipc);
  await assert.rejects(ipc.server.start(), { code: 'EADDRINUSE' });
  assert.equal(fs.readFileSync(place.options.path, 'utf8'), 'precious');
});

check('a TypeError or RangeError for misuse', async (world) => {
  const ipc = world.ipc();
  assert.throws(() => ipc.connectToNet('x', 'localhost', 70_000), RangeError);
  assert.throws(() => ipc.serve('/x', 5), TypeError);
  assert.throws(() => world.ipc({ delimiter: '' }).serve('/x'), TypeError);
});
