'use strict';
// What users' calls on a socket come to before it is connected, or set for its connection: look-ups, local ports, options,
// unref. Each is compared with the same on a socket of Node's. Its end: socket-ends.test.js.

const fs = require('node:fs');
const net = require('node:net');
const { createWorld, KINDS } = require('./helpers/world');
const { TRANSPORTS, transport } = require('./helpers/transports');
const { once } = require('./helpers/events');
const { thrownBy } = require('./helpers/thrown');
const { onLinux } = require('./helpers/platform');

const world = createWorld();

describe('a look-up that never ends', () => {
  const start = (config) => {
    const ipc = world.ipc({ maxRetries: 0, interface: { lookup() {} }, ...config });
    ipc.connectToNet('far', 'far.invalid', 1);
    return { ipc, client: ipc.of.far, socket: ipc.of.far.socket };
  };

  test('disconnect: the events come at once', async () => {
    const { ipc, client } = start();
    const events = [];
    client.on('disconnect', () => events.push('disconnect'));
    const gone = once(client, 'destroy');
    ipc.disconnect('far');
    await gone;
    expect(events).toEqual(['disconnect']);
  });

  test('destroy: the callbacks of what was written have the error that net has, when net has it', async () => {
    const { socket } = start();
    const node = net.connect({ host: 'far.invalid', port: 1, lookup() {} });
    const logs = [];
    for (const one of [socket, node]) {
      const log = [];
      const closed = once(one, 'close');
      one.on('close', () => log.push('close'));
      for (const text of ['a', 'b']) one.write(text, ({ code }) => log.push(code));
      one.end(({ code }) => log.push(code));
      await new Promise(setImmediate);
      one.destroy();
      await closed;
      await new Promise(setImmediate);
      logs.push(log);
      expect(one.writableLength).toBe(0);
    }
    expect(logs[0]).toEqual(logs[1]);
    const code = 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION';
    expect(logs[0]).toEqual(['close', code, code, code]);
  });
});

test('a look-up that succeeds after disconnect: everything from before is sent, in order', async () => {
  const place = await world.place('tcp');
  const raw = await world.rawServer(place);
  let answer;
  const lookup = (host, options, callback) => (answer = callback);
  const ipc = world.ipc({ interface: { lookup } });
  ipc.connectToNet('later', 'later.invalid', place.options.port);
  const client = ipc.of.later;
  client.emit('first', 1);
  client.socket.write('own 1\f');
  client.socket.write('own 2\f');
  client.emit('last', 2);
  const gone = once(client, 'destroy');
  ipc.disconnect('later');
  answer(null, [{ address: '127.0.0.1', family: 4 }]);
  const peer = await raw.next();
  const frames = [await peer.frame(), await peer.frame(), await peer.frame(), await peer.frame()];
  expect(frames).toEqual([
    '{"type":"first","data":1}',
    'own 1',
    'own 2',
    '{"type":"last","data":2}',
  ]);
  await gone;
});

test('a fixed local port serves one connection after the other, as in net', async () => {
  const place = await world.place('tcp');
  const raw = await world.rawServer(place);
  const localPort = (await world.place('tcp')).options.port;
  const client = await world.connect(place, { interface: { localPort } });
  for (let i = 0; i < 2; i++) {
    const again = once(client, 'connect');
    const peer = await raw.next();
    peer.socket.resetAndDestroy(); // no time has to pass before the pair of addresses is free
    await again;
    expect(client.socket.localPort).toBe(localPort);
  }
});

test.each(KINDS)(
  '%s: the port of a connection that we have closed is free to bind',
  async (kind) => {
    if (kind !== 'tcp') return; // no ports
    const place = await world.place('tcp');
    const [first, second] = [await world.rawServer(place), await world.place('tcp')];
    await world.rawServer(second);
    const localPort = (await world.place('tcp')).options.port;
    const client = await world.connect(place, { maxRetries: 0, interface: { localPort } });
    const peer = await first.next();
    const gone = once(client, 'destroy');
    client.leave(); // the side that ends first keeps the port for a minute
    await peer.closed;
    await gone;
    const next = await world.connect(second, { maxRetries: 0, interface: { localPort } });
    expect(next.socket.localPort).toBe(localPort);
  },
);

/** Whether the system will ask the peer of this TCP connection whether it is still there. */
async function isKeptAlive({ localPort, remotePort }) {
  // With both ends: another program may have a connection from the same port to another one.
  const hex = (port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const ends = `${hex(localPort)} ${hex(remotePort)}`;
  for (;;) {
    const lines = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n');
    const fields = lines.map((text) => text.trim().split(/\s+/));
    const [timer] = fields.find(([, local, remote]) => `${local} ${remote}` === ends)[5].split(':');
    if (timer === '00' || timer === '02') return timer === '02';
    await new Promise(setImmediate); // it has something else to wait for: an acknowledgement
  }
}

describe.each(['tcp', 'tls'])('options, %s', (name) => {
  onLinux.test.each(['127.0.0.1', 'slow.invalid'])(
    'set before there is a connection hold, to %s',
    async (host) => {
      const { place, server, client } = transport(name, world);
      const at = await place();
      await world.serve(at, server);
      const lookup = (_, options, callback) =>
        setImmediate(callback, null, [{ address: '127.0.0.1', family: 4 }]);
      const tls = client.tls && { ...client.tls, checkServerIdentity() {} };
      const ipc = world.ipc({ ...client, ...(tls && { tls }), interface: { lookup } });
      ipc.connectToNet('server', host, at.options.port);
      const { socket } = ipc.of.server;
      expect(socket.setKeepAlive(true, 60_000).setNoDelay(false)).toBe(socket);
      await once(ipc.of.server, 'connect');
      expect(await isKeptAlive(socket)).toBe(true);
      socket.setKeepAlive(false);
      expect(await isKeptAlive(socket)).toBe(false);
      socket.setKeepAlive(true, 500); // less than a second: after the system's own time, as in net
      expect(await isKeptAlive(socket)).toBe(true);
    },
  );

  onLinux.test("the user's setting wins over that of config.tls", async () => {
    const { place, server, client } = transport(name, world);
    const at = await place();
    await world.serve(at, server);
    const config = client.tls && { tls: { ...client.tls, keepAlive: true } };
    const made = world.dial(at, { ...config });
    made.socket.setKeepAlive(false);
    await once(made, 'connect');
    expect(await isKeptAlive(made.socket)).toBe(false);
  });
});

const hasTypes = typeof net.Socket.prototype.setTypeOfService === 'function';

test('setTypeOfService is there where net has it, and is checked', async () => {
  const at = await world.place('tcp');
  await world.serve(at);
  const { socket } = await world.connect(at);
  expect('setTypeOfService' in socket).toBe(hasTypes);
  if (!hasTypes) return;
  expect(socket.setTypeOfService(0x10)).toBe(socket);
  expect(socket.getTypeOfService()).toBe(0x10);
  expect(thrownBy(() => socket.setTypeOfService(256))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

describe.each(TRANSPORTS)('unref, %s: what is under way keeps the process', (name) => {
  test.each(['emit', 'write', 'end', 'look-up', 'burst'])('%s', async (what) => {
    if (what === 'look-up' && name === 'unix') return; // there is none
    const { place, server, client } = transport(name, world);
    const at = await place();
    const served = await world.serve(at, server);
    const arrived = once(served, 'last');
    const tls = client.tls && { ...client.tls, servername: 'localhost' };
    const config = tls ? { tls } : {};
    const child = world.child('unref.js', { what, place: at.options, config });
    expect((await arrived)[0]).toBe('x'.repeat(16 << 20).length);
    expect((await child.exited).code).toBe(0); // nothing else kept it
  });
});
