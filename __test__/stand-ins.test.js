'use strict';
// Connected clients and servers whose sockets a test watches or replaces, and what goes on beside the stand-ins. Run
// by jest. What a stand-in alone sees, and that it is as with node-ipc: compat/stand-ins.test.js.

const { once, collect } = require('./helpers/events');
const { createTlsWorld } = require('./helpers/tls');
const { freePort, KINDS } = require('./helpers/world');

const world = createTlsWorld();

/** A server, a client and the client's socket there, connected over one of the transports. */
async function pair(kind, config = {}) {
  const place = await world.place(kind === 'tls' ? 'tcp' : kind);
  const tls = (options) => ({ tls: kind === 'tls' ? options : false, ...config });
  const server = await world.serve(place, tls(world.serverTls));
  return { server, ...(await world.meet(server, place, tls(world.clientTls))) };
}

const frame = (data) => `{"type":"m","data":${data}}\f`;

describe.each([...KINDS, 'tls'])('%s', (kind) => {
  test('a write that is watched sees each message, and all arrive in order', async () => {
    const { server, client, socket } = await pair(kind);
    const arrived = [collect(server, 'm', 3), collect(client, 'm', 3)];
    const emit = (data) => {
      expect(client.emit('m', data)).toBe(true);
      expect(server.emit(socket, 'm', data)).toBe(true);
    };
    emit(1);
    const watched = [client.socket, socket].map((one) => jest.spyOn(one, 'write'));
    emit(2);
    server.broadcast('other', 0);
    for (const write of watched) {
      expect(write.mock.calls[0]).toEqual([frame(2)]);
      write.mockRestore();
    }
    expect(watched[1].mock.calls).toEqual([]); // restored
    emit(3);
    expect(await Promise.all(arrived)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test('a socket in place of the client’s: messages still come from the old one', async () => {
    const { server, client, socket } = await pair(kind);
    const real = client.socket;
    const standIn = { write: jest.fn(), destroy: jest.fn() };
    client.socket = standIn;
    const answered = once(client, 'answer');
    client.emit('m', 1);
    server.emit(socket, 'answer', 2); // the connection is still there
    expect(await answered).toEqual([2]);
    expect(standIn.write.mock.calls).toEqual([[frame(1)]]);
    client.socket = real;
    const arrived = once(server, 'm');
    client.emit('m', 3);
    expect((await arrived)[0]).toBe(3);
  });

  test.each([
    ['a frozen object', Object.freeze({ write() {}, destroy() {} })],
    ['nothing', null],
  ])('%s in place of the socket while it connects: it connects', async (name, standIn) => {
    const place = await world.place(kind === 'tls' ? 'tcp' : kind);
    const tls = (options) => ({ tls: kind === 'tls' ? options : false });
    const server = await world.serve(place, tls(world.serverTls));
    const client = world.dial(place, tls(world.clientTls));
    const real = client.socket;
    client.socket = standIn;
    await Promise.all([once(client, 'connect'), once(server, 'connect')]);
    client.socket = real;
  });
});

test('counters leave stand-ins out', async () => {
  const ipc = world.ipc({ maxRetries: 0 });
  const path = world.socketPath();
  ipc.serve(path);
  ipc.connectTo('x', path);
  const { socket } = ipc.of.x;
  ipc.server.sockets = [{ write() {} }, null];
  ipc.server.server = { close() {}, listening: true };
  ipc.of.x.socket = { write() {}, destroy() {} };
  ipc.of.x.queue = { add() {} };
  ipc.of.y = { emit() {} };
  expect(Object.keys(ipc.stats().clients)).toEqual(['x']);
  expect(ipc.stats().server).toMatchObject({ connections: 0, listening: true, sockets: [] });
  ipc.server.sockets = [];
  ipc.of.x.socket = socket;
  delete ipc.of.y;
  ipc.server = { start() {} };
  expect(ipc.stats().server).toBe(null);
  ipc.server = false;
});

test('stop({ disconnect: true }) destroys stand-ins, and waits for none', async () => {
  const ipc = world.ipc();
  const sockets = [{ destroy: jest.fn() }, { write: jest.fn() }];
  ipc.serve(world.socketPath());
  await ipc.server.start();
  ipc.server.sockets.push(...sockets);
  await ipc.server.stop({ disconnect: true });
  expect(sockets[0].destroy).toHaveBeenCalledTimes(1);
});

test('stop calls a spy on close', async () => {
  const ipc = world.ipc();
  for (const serve of [() => ipc.serve(world.socketPath()), udp]) {
    await serve();
    await ipc.server.start();
    const close = jest.spyOn(ipc.server.server, 'close');
    await ipc.server.stop();
    expect(close).toHaveBeenCalled();
    ipc.server = false;
  }

  async function udp() {
    ipc.serveNet('127.0.0.1', await freePort(), 'udp4');
  }
});

test('a server listens again after a stand-in was stopped', async () => {
  const ipc = world.ipc();
  ipc.serve(world.socketPath());
  await ipc.server.start();
  const real = ipc.server.server;
  ipc.server.server = { close: jest.fn() };
  await ipc.server.stop();
  expect(real.listening).toBe(true);
  const closed = once(real, 'close');
  real.close();
  await closed;
  await ipc.server.start();
  expect(ipc.server.server.listening).toBe(true);
});
