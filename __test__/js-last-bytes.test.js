'use strict';
// A connection of the JavaScript engine that fails while what was read waits in its socket, which was paused: that is
// delivered first.

const { once } = require('node:events');
const net = require('node:net');
const events = require('../src/js/engine/js/events');
const { Link } = require('../src/js/engine/js/link');
const { createWorld } = require('./helpers/world');

const world = createWorld();

/** A link whose socket reads, the peer of that, what the link reports, and a promise of its end. */
async function linked(isSecure) {
  const path = world.socketPath();
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(path);
  world.after(() => server.close());
  await once(server, 'listening');
  const peer = net.connect(path);
  world.after(() => peer.destroy());
  const [socket] = await once(server, 'connection');
  const reports = [];
  let over;
  const closed = new Promise((resolve) => (over = resolve));
  const hub = {
    events: {
      enter() {},
      leave() {},
      stops: () => false,
      within: (act) => act(),
      post(event) {
        reports.push(event);
        if (event.kind === events.CLOSED) over();
      },
    },
  };
  const framing = { delimiter: '\f', maxFrame: 1000, raw: false };
  const link = new Link(hub, 1, framing, { hold: () => null });
  link.take(socket, isSecure);
  link.approve();
  link.start();
  await new Promise(setImmediate); // it reads
  return { link, socket, peer, reports, closed };
}

test.each([
  ['a read', { syscall: 'read', errno: -104 }, false],
  ['a write', { syscall: 'write', errno: -104 }, false],
  ['with TLS, a read', { syscall: 'read', errno: -104 }, true],
  ['with TLS, a write', { syscall: 'write', errno: -104 }, true],
  ['a record of TLS', {}, true],
])('%s that fails while it is paused', async (_, fields, isSecure) => {
  const { link, socket, peer, reports, closed } = await linked(isSecure);
  link.setPaused(true);
  peer.write('last words\f');
  while (socket.readableLength === 0) await new Promise(setImmediate);
  // As Node does it.
  socket.destroy(Object.assign(new Error('it failed'), { code: 'ECONNRESET', ...fields }));
  link.setPaused(false);
  await closed;
  expect(reports.map(({ kind, text }) => [kind, text])).toEqual([
    [events.FRAMES, 'last words'],
    [events.CLOSED, undefined],
  ]);
  expect(JSON.parse(reports[1].payload).errors).toMatchObject([{ code: 'ECONNRESET' }]);
});

/** More than is read by then. */
const MANY = 64 * 1024 * 1024;

test('a write that fails, and a peer that keeps sending', async () => {
  const { socket, peer, reports, closed } = await linked(false);
  peer.on('error', () => {});
  const piece = `${'x'.repeat(99)}\f`.repeat(3000);
  const send = () => {
    if (peer.destroyed || socket.bytesRead > MANY) return;
    if (peer.writableLength < 10 * piece.length) peer.write(piece);
    setImmediate(send);
  };
  send();
  while (socket.bytesRead === 0) await new Promise(setImmediate);
  socket.destroy(
    Object.assign(new Error('it failed'), { code: 'EPIPE', syscall: 'write', errno: -32 }),
  );
  await closed;
  const { errors, read } = JSON.parse(reports.at(-1).payload);
  expect(errors).toMatchObject([{ code: 'EPIPE' }]);
  expect(read).toBeLessThan(MANY);
});
