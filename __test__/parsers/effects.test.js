'use strict';
// What a parser does to what is sent, and to frames with which node-ipc 14 crashes; parsers of the user's own; UDP.

const dgram = require('node:dgram');
const path = require('node:path');
const { GuardedParser, FastParser, IPCProtocolError } = require('../../parsers');
const { collect, once, record } = require('../helpers/events');
const { TRANSPORTS, transport } = require('../helpers/transports');
const { createWorld } = require('../helpers/world');

const world = createWorld();

describe.each(TRANSPORTS)('%s', (name) => {
  const {
    place,
    server: serverConfig,
    client: clientConfig,
    listen,
    dial,
    up,
  } = transport(name, world);
  const serve = async (at, config) => world.serve(at, { ...serverConfig, ...config });
  const meet = (server, at, config) => world.meet(server, at, { ...clientConfig, ...config });

  const guarded = { parser: 'guarded', maxMessageSize: 100 };

  test('guarded: emit throws for what must not be sent, on both sides, and the connection stays', async () => {
    const at = await place();
    const server = await serve(at, guarded);
    const { client, socket } = await meet(server, at, guarded);
    const sending = [
      ['', 1, 'ERR_IPC_INVALID_EVENT'],
      [5, 1, 'ERR_IPC_INVALID_EVENT'],
      ['toString', 1, 'ERR_IPC_INVALID_EVENT'],
      ['disconnect', 1, 'ERR_IPC_RESERVED_EVENT'],
      ['t'.repeat(257), 1, 'ERR_IPC_EVENT_TOO_LARGE'],
      ['ok', 'x'.repeat(100), 'ERR_IPC_FRAME_TOO_LARGE'],
      ['ok', 'é'.repeat(45), 'ERR_IPC_FRAME_TOO_LARGE'],
      ['ok', 'x'.repeat(100_000), 'ERR_IPC_FRAME_TOO_LARGE'],
    ];
    for (const [type, data, code] of sending) {
      expect(() => client.emit(type, data)).toThrow(expect.objectContaining({ code }));
      expect(() => server.emit(socket, type, data)).toThrow(expect.objectContaining({ code }));
      expect(() => server.broadcast(type, data)).toThrow(expect.any(IPCProtocolError));
    }
    client.emit('ok', 1);
    expect(await once(server, 'ok')).toEqual([1, socket]);
    server.broadcast('ok', null);
    expect(await once(client, 'ok')).toEqual([null]);
  });

  test('assured: what is not listed is not sent', async () => {
    const server = world.ipc({ parser: 'assured', allowedEvents: ['a'] });
    server.serve(world.socketPath());
    const code = 'ERR_IPC_EVENT_NOT_ALLOWED';
    expect(() => server.server.broadcast('b')).toThrow(expect.objectContaining({ code }));
    expect(server.server.broadcast('a')).toBe(true);
  });

  test('maxPendingBytes: a server ends the connection of a client that does not read', async () => {
    const at = await place();
    const server = await serve(at, { parser: 'guarded', maxPendingBytes: 1 << 20 });
    const peer = dial(at);
    peer.on('error', () => {});
    const [socket] = await once(server, 'connect');
    peer.pause();
    const errors = record(server);
    const gone = once(server, 'socket.disconnected');
    let accepted = 0;
    while (!socket.destroyed && accepted < 100_000) {
      server.emit(socket, 'data-', 'x'.repeat(1000));
      accepted++;
    }
    expect(errors[0]).toEqual(['error', expect.objectContaining({ code: 'ERR_IPC_BACKPRESSURE' })]);
    expect(accepted).toBeGreaterThan(900);
    await gone;
    expect(server.stats().dropped.full).toBe(1);
  });

  test('maxPendingBytes: a client ends its connection, and does not try again', async () => {
    const at = await place();
    await listen(at, (socket) => socket.pause());
    const client = await world.connect(at, {
      ...clientConfig,
      parser: 'guarded',
      maxPendingBytes: 1 << 20,
    });
    const events = record(client);
    const destroyed = once(client, 'destroy');
    for (let i = 0; i < 100_000 && !client.protocolViolation; i++)
      client.emit('m', 'x'.repeat(1000));
    await destroyed;
    expect(events.map(([type]) => type)).toEqual(['error', 'disconnect', 'destroy']);
    expect(events[0][1].code).toBe('ERR_IPC_BACKPRESSURE');
  });

  test('a message larger than maxPendingBytes is refused though nothing waits', async () => {
    const at = await place();
    const server = await serve(at, { parser: 'guarded', maxPendingBytes: 50 });
    const { socket } = await meet(server, at);
    const gone = once(server, 'socket.disconnected');
    const failed = once(server, 'error');
    expect(server.emit(socket, 'm', 'x'.repeat(50))).toBe(false);
    expect((await failed)[0].code).toBe('ERR_IPC_BACKPRESSURE');
    await gone;
  });

  test('fast: frames that crash node-ipc 14 end the connection with an error', async () => {
    const at = await place();
    const server = await serve(at, { parser: 'fast' });
    for (const [frame, code] of [
      ['null', 'ERR_IPC_INVALID_MESSAGE'],
      ['7', 'ERR_IPC_INVALID_MESSAGE'],
      ['[]', 'ERR_IPC_INVALID_EVENT'],
      ['{}', 'ERR_IPC_INVALID_EVENT'],
      ['{"type":5}', 'ERR_IPC_INVALID_EVENT'],
    ]) {
      const peer = dial(at);
      peer.on('error', () => {});
      peer.resume();
      await once(peer, up);
      const failed = once(server, 'error');
      const closed = once(peer, 'close');
      peer.write(`${frame}\f`);
      expect((await failed)[0]).toMatchObject({ name: 'IPCProtocolError', code });
      await closed;
    }
    expect(server.stats().dropped.invalid).toBe(5);
  });

  test('messageTimeout counts from the beginning of the message, not of the first', async () => {
    const at = await place();
    const server = await serve(at, { parser: 'guarded', messageTimeout: 3000 });
    const peer = dial(at);
    await once(peer, up);
    const errors = record(server);
    // Each read ends within a message, but none of them takes long.
    const end = Date.now() + 4000;
    peer.write('{"type":"a",');
    while (Date.now() < end) {
      const arrived = once(server, 'a');
      peer.write('"data":1}\f{"type":"a",');
      await arrived;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(errors.filter(([type]) => type === 'error')).toEqual([]);
  }, 60_000);

  test('raw: for good, whatever rawBuffer becomes', async () => {
    const at = await place();
    const server = await serve(at, { parser: 'raw' });
    const { client } = await meet(server, at, { parser: 'raw' });
    server.config.rawBuffer = client.config.rawBuffer = false;
    client.emit(Buffer.from([0xff, 0x0c, 0]));
    expect((await once(server, 'data'))[0]).toEqual(Buffer.from([0xff, 0x0c, 0]));
  });

  test('guarded: for good, whatever rawBuffer and parser become', async () => {
    const at = await place();
    const server = await serve(at, { parser: 'guarded' });
    const { client } = await meet(server, at);
    Object.assign(server.config, { rawBuffer: true, parser: 'raw' });
    client.emit('ok', 1);
    expect((await once(server, 'ok'))[0]).toBe(1);
    const failed = once(server, 'error');
    client.emit('connect', 1);
    expect((await failed)[0].code).toBe('ERR_IPC_RESERVED_EVENT');
  });

  test('the default heeds identifyPeer and logPayloads', async () => {
    const at = await place();
    const lines = [];
    const logs = { silent: false, logger: (line) => lines.push(line) };
    const config = { ...logs, identifyPeer: false, logPayloads: false };
    const server = await serve(at, config);
    const { client, socket } = await meet(server, at, { ...logs, logPayloads: false });
    client.emit('m', { id: 'me', secret: 'hush' });
    await once(server, 'm');
    server.emit(socket, 'n', 'hush');
    await once(client, 'n');
    expect(socket.id).toBeUndefined();
    expect(lines.join('\n')).not.toContain('hush');
    server.config.logPayloads = true;
    client.emit('m', 'hush');
    await once(server, 'm');
    expect(lines.join('\n')).toContain('hush');
  });

  /** Messages are lines `type=number`. */
  class Lines {
    encode(type, data) {
      return `${type}=${data}\n`;
    }

    read(rest, chunk, receive) {
      const lines = (rest + chunk).split('\n');
      const left = lines.pop();
      for (const line of lines) {
        const [type, data] = line.split('=');
        if (type === 'throw') throw new RangeError('no such line');
        receive(type === 'null' ? null : { type, data: Number(data) });
      }
      return left;
    }
  }

  test.each([
    ['class', Lines],
    ['object', new Lines()],
  ])('a parser of the user: %s', async (kind, parser) => {
    const at = await place();
    const server = await serve(at, { parser });
    const { client, socket } = await meet(server, at, { parser });
    client.emit('a', 1);
    client.emit('b', 2);
    expect(await once(server, 'b')).toEqual([2, socket]);
    server.emit(socket, 'c', 3);
    expect(await once(client, 'c')).toEqual([3]);
    const peer = dial(at);
    peer.on('error', () => {});
    peer.resume();
    await once(peer, up);
    const got = collect(server, 'd', 2);
    peer.write('d=1\nd=');
    peer.write('2\ne=');
    expect(await got).toEqual([1, 2]);
    const failed = once(server, 'error');
    const left = once(server, 'socket.disconnected'); // which may come after the peer's end
    peer.write('1\nthrow=1\n');
    expect((await failed)[0]).toEqual(new RangeError('no such line'));
    await Promise.all([once(peer, 'close'), left]);
    expect(server.sockets).toEqual([socket]);
  });

  test('a parser of the user that gives no message: an error, and the connection ends', async () => {
    const at = await place();
    const server = await serve(at, { parser: Lines });
    const peer = dial(at);
    peer.on('error', () => {});
    peer.resume();
    await once(peer, up);
    const failed = once(server, 'error');
    peer.write('null=1\n');
    expect((await failed)[0].code).toBe('ERR_IPC_INVALID_MESSAGE');
    await once(peer, 'close');
  });

  test('a slow parser of the user: the message arrives, though its sender has left', async () => {
    const at = await place();
    let hand;
    const read = new Promise((resolve) => {
      hand = resolve;
    });
    const parser = { encode: String, read: (rest, chunk, receive) => hand({ chunk, receive }) };
    const server = await serve(at, { parser });
    const peer = dial(at);
    peer.resume();
    await once(peer, up);
    peer.write('late');
    const { chunk, receive } = await read;
    peer.end();
    await once(server, 'socket.disconnected');
    const arrived = once(server, 'm');
    receive({ type: 'm', data: chunk });
    expect((await arrived)[0]).toBe('late');
  });

  test('a subclass of GuardedParser keeps its limits, and adds its own', async () => {
    class Upper extends GuardedParser {
      validateType(type) {
        super.validateType(type);
        if (type !== type.toUpperCase()) throw new IPCProtocolError('ERR_MINE', 'lower case');
      }
    }
    const at = await place();
    const server = await serve(at, { parser: Upper, maxMessageSize: 50 });
    for (const [bytes, code] of [
      ['{"type":"a"}\f', 'ERR_MINE'],
      [`{"type":"A","data":"${'x'.repeat(50)}`, 'ERR_IPC_FRAME_TOO_LARGE'],
      ['nothing\f', 'ERR_IPC_INVALID_JSON'],
    ]) {
      const peer = dial(at);
      peer.on('error', () => {});
      await once(peer, up);
      const failed = once(server, 'error');
      peer.write(bytes);
      expect((await failed)[0].code).toBe(code);
    }
    expect(() => server.broadcast('a')).toThrow('lower case');
  });
});

test.each(['loop', 'tokio'])(
  '%s: a handler that throws loses no message of a parser of the user',
  async (driver) => {
    const script = path.join(__dirname, 'throwing.js');
    const child = world.child(script, [world.socketPath()], { env: { FERRIPC_DRIVER: driver } });
    expect(await child.next()).toEqual({ got: ['a', 'b', 'c'], thrown: ['of the handler'] });
  },
);

describe('udp4', () => {
  async function serveUdp(config) {
    const at = await world.place('tcp');
    const ipc = world.ipc(config);
    ipc.serveNet(at.options.host, at.options.port, 'udp4');
    await ipc.server.start();
    const peer = dgram.createSocket('udp4');
    world.after(() => peer.close());
    await new Promise((resolve) => peer.bind(0, '127.0.0.1', resolve));
    const send = (text) => peer.send(text, at.options.port, at.options.host);
    return { server: ipc.server, peer, send };
  }

  test('guarded: an error for each bad datagram, and the next one is taken', async () => {
    const { server, send, peer } = await serveUdp({ parser: 'guarded', maxMessageSize: 100 });
    for (const [text, code] of [
      ['nothing\f', 'ERR_IPC_INVALID_JSON'],
      ['{"type":"start"}\f', 'ERR_IPC_RESERVED_EVENT'],
      [`{"type":"a","data":"${'x'.repeat(100)}"}\f`, 'ERR_IPC_FRAME_TOO_LARGE'],
    ]) {
      const failed = once(server, 'error');
      send(text);
      expect((await failed)[0].code).toBe(code);
    }
    const arrived = once(server, 'a');
    send('{"type":"a","data":null}\f');
    const [data, sender] = await arrived;
    expect(data).toBeNull();
    expect(() => server.emit(sender, 'error')).toThrow(
      expect.objectContaining({ code: 'ERR_IPC_RESERVED_EVENT' }),
    );
    const answered = once(peer, 'message');
    server.emit(sender, 'b', null);
    expect(String((await answered)[0])).toBe('{"type":"b","data":null}\f');
  });

  test('a parser of the user gets the bytes, and for each peer what it left of them', async () => {
    class Shout extends FastParser {
      encode(type, data) {
        return super.encode(type.toUpperCase(), data);
      }
    }
    const { server, send, peer } = await serveUdp({ parser: Shout });
    const arrived = once(server, 'a');
    send('{"type":"a",');
    send('"data":7}\f');
    const [data, sender] = await arrived;
    expect(data).toBe(7);
    const answered = once(peer, 'message');
    server.emit(sender, 'b', 1);
    expect(String((await answered)[0])).toBe('{"type":"B","data":1}\f');
  });
});
