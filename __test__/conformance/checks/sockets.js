'use strict';
// The sockets and listeners that users see: net.Socket and net.Server (K4, K5).

const assert = require('node:assert/strict');
const net = require('node:net');
const { check } = require('../harness');
const { KINDS } = require('../../helpers/world');
const { once, collect } = require('../../helpers/events');

const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;

for (const kind of KINDS) {
  /** Our socket of either side, the peer at its other end, and the bus that gets its messages. */
  const sides = {
    async server(world) {
      const place = await world.place(kind);
      const bus = await world.serve(place);
      const connected = once(bus, 'connect');
      const peer = await world.peer(place);
      const [socket] = await connected;
      return { bus, socket, peer, emit: (type, data) => bus.emit(socket, type, data) };
    },
    async client(world) {
      const place = await world.place(kind);
      const raw = await world.rawServer(place);
      const bus = await world.connect(place, { maxRetries: 0 });
      const emit = (type, data) => bus.emit(type, data);
      return { bus, socket: bus.socket, peer: await raw.next(), emit };
    },
  };

  for (const [side, open] of Object.entries(sides)) {
    const about = `${kind}, socket of the ${side}`;

    check(
      `${about}: a net.Socket with its state, addresses and users' properties (K4)`,
      async (world) => {
        const { bus, socket, peer } = await open(world);
        assert.ok(socket instanceof net.Socket);
        const { connecting, pending, destroyed, readyState, readable, writable } = socket;
        assert.deepEqual(
          { connecting, pending, destroyed, readyState, readable, writable },
          {
            connecting: false,
            pending: false,
            destroyed: false,
            readyState: 'open',
            readable: true,
            writable: true,
          },
        );
        if (kind === 'tcp') {
          assert.equal(socket.localPort, peer.socket.remotePort);
          assert.equal(socket.remotePort, peer.socket.localPort);
          assert.equal(socket.remoteAddress, '127.0.0.1');
          const address = { address: '127.0.0.1', family: 'IPv4', port: socket.localPort };
          assert.deepEqual(socket.address(), address);
          assert.equal(socket.setNoDelay().setKeepAlive(true, 1000), socket);
        } else {
          assert.deepEqual(socket.address(), {});
        }
        socket.mine = 1;
        peer.send('x', 1);
        const [, from = bus.socket] = await once(bus, 'x');
        assert.equal(from, socket);
        assert.equal(from.mine, 1);
      },
    );

    check(`${about}: counts its bytes, and keeps the counts (K4)`, async (world) => {
      const { bus, socket, peer, emit } = await open(world);
      assert.deepEqual([socket.bytesRead, socket.bytesWritten], [0, 0]);
      const bytes = Buffer.byteLength(frame('x', 'é'));
      emit('x', 'é');
      assert.equal(socket.bytesWritten, bytes);
      await peer.message();
      peer.send('x', 'é');
      await once(bus, 'x');
      assert.equal(socket.bytesRead, bytes);
      const closed = once(socket, 'close');
      peer.socket.end();
      await closed;
      assert.deepEqual([socket.bytesRead, socket.bytesWritten], [bytes, bytes]);
      assert.equal(socket.destroyed, true);
    });

    check(
      `${about}: data listeners, own writes and their callbacks, in order (K4, K25)`,
      async (world) => {
        const { socket, peer, emit, bus } = await open(world);
        const text = once(socket, 'data');
        const message = once(bus, 'x');
        peer.send('x', 'é');
        assert.equal((await message)[0], 'é');
        assert.equal((await text)[0], frame('x', 'é'));
        emit('n', 0);
        socket.write(frame('n', 1));
        emit('n', 2);
        const written = new Promise((resolve) => socket.write(Buffer.from(frame('n', 3)), resolve));
        for (let n = 0; n < 4; n++) assert.equal((await peer.message()).data, n);
        await written;
      },
    );

    check(`${about}: pause holds messages, resume delivers them (K4)`, async (world) => {
      const { bus, socket, peer } = await open(world);
      const received = [];
      const first = new Promise((resolve) => {
        bus.on('x', (data) => {
          received.push(data);
          if (data !== 2) return;
          socket.pause();
          resolve();
        });
      });
      peer.write([1, 2, 3, 4].map((data) => frame('x', data)).join(''));
      await first;
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(received, [1, 2]);
      assert.equal(socket.isPaused(), true);
      const rest = collect(bus, 'x', 2);
      socket.resume();
      assert.deepEqual(await rest, [3, 4]);
    });

    check(
      `${about}: end(), and the peer's end, close it with 'end' and 'close' (K4)`,
      async (world) => {
        const { socket, peer, emit } = await open(world);
        const seen = [];
        for (const type of ['end', 'finish', 'close']) socket.on(type, () => seen.push(type));
        const closed = once(socket, 'close');
        emit('last', 1);
        socket.end(frame('own', 2));
        assert.equal((await peer.message()).type, 'last');
        assert.equal((await peer.message()).type, 'own');
        await peer.closed;
        assert.deepEqual(await closed, [false]);
        assert.deepEqual([...seen].sort(), ['close', 'end', 'finish']);
        assert.equal(seen.at(-1), 'close');
      },
    );

    check(`${about}: destroy(error) reports it once (K4, K8)`, async (world) => {
      const { bus, socket, peer } = await open(world);
      const error = once(bus, 'error');
      const closed = once(socket, 'close');
      const mine = new Error('mine');
      socket.destroy(mine);
      assert.equal((await error)[0], mine);
      assert.deepEqual(await closed, [true]);
      await peer.closed;
    });

    check(`${about}: setTimeout tells of silence, and messages put it off (K4)`, async (world) => {
      const { bus, socket, peer } = await open(world);
      const SILENCE = 200;
      let last = performance.now();
      let soonest = Infinity;
      socket.on('timeout', () => (soonest = Math.min(soonest, performance.now() - last)));
      socket.setTimeout(SILENCE);
      // Longer than the silence altogether, each pause shorter.
      for (let n = 0; n < 6; n++) {
        await new Promise((resolve) => setTimeout(resolve, SILENCE / 4));
        const message = once(bus, 'x');
        peer.send('x', n);
        await message;
        last = performance.now();
      }
      await once(socket, 'timeout');
      assert.ok(soonest > SILENCE * 0.9, `${soonest} ms after a message`);
      assert.equal(socket.destroyed, false);
    });
  }

  check(`${kind}: the listener is a net.Server (K5)`, async (world) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    await world.meet(server, place);
    const listener = server.server;
    assert.ok(listener instanceof net.Server);
    assert.equal(listener.listening, true);
    if (kind === 'unix') assert.equal(listener.address(), place.options.path);
    else assert.equal(listener.address().port, place.options.port);
    const count = await new Promise((resolve) => listener.getConnections((_, n) => resolve(n)));
    assert.equal(count, 1);
    const closed = once(listener, 'close');
    listener.close();
    assert.equal(listener.listening, false);
    await server.stop({ disconnect: true });
    await closed;
  });
}
