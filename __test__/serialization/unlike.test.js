'use strict';
// Ends with different config.serialization, and settings that 'advanced' cannot honour: who can know tells, the
// connection is closed, and no message of the one is taken for one of the other.

const { spawn } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { once } = require('../helpers/events');
const { greet, message, written } = require('../helpers/values');
const { createWorld, TRANSPORTS } = require('../helpers/world');

const world = createWorld();
const CODE = 'ERR_FERRIPC_SERIALIZATION';
const advanced = { serialization: 'advanced' };

/** The errors of a client or server, and all other events but those that tell of connections. */
function listen(party) {
  const errors = [];
  const others = [];
  const LIFE = ['connect', 'disconnect', 'socket.disconnected', 'close', 'destroy', 'start'];
  party.on('*', (type, error) => {
    if (type === 'error') errors.push(error);
    else if (!LIFE.includes(type)) others.push(type);
  });
  return { errors, others };
}

const codes = ({ errors }) => errors.map(({ code }) => code);

describe.each(TRANSPORTS)('%s', (kind) => {
  test.each([
    ['advanced', 'json'],
    ['json', 'advanced'],
  ])('a client with %s, a server with %s: both tell', async (ofClient, ofServer) => {
    const place = await world.place(kind);
    const server = await world.serve(place, { serialization: ofServer });
    const told = { server: listen(server) };
    server.on('connect', (socket) => server.emit(socket, 'welcome', { from: 'server' }));
    const failed = once(server, 'error');
    const client = world.dial(place, { serialization: ofClient, maxRetries: 0 });
    told.client = listen(client);
    client.emit('hello', { from: 'client' });
    await Promise.all([once(client, 'destroy'), failed]);
    expect(codes(told.client)).toContain(CODE);
    expect(codes(told.server)).toContain(CODE);
    for (const { errors, others } of Object.values(told)) {
      for (const error of errors) expect(error.message).toMatch(/serialization 'advanced'/);
      // A message of JSON may have come before: nothing else ever does.
      expect(others.filter((type) => type !== 'hello' && type !== 'welcome')).toEqual([]);
    }
    const [deaf] = ofClient === 'advanced' ? [told.client] : [told.server];
    expect(deaf.others).toEqual([]);
    await Promise.all(server.sockets.map((socket) => once(socket, 'close')));
    expect(server.sockets).toEqual([]);
  });

  test('a silent peer is given up after a time, one that says something else at once', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, { ...advanced, serializationTimeout: 50 });
    const failed = once(server, 'error');
    const silent = await world.peer(place);
    expect((await failed)[0].code).toBe(CODE);
    await silent.closed;
    await server.stop();
    const patient = await world.serve(place, advanced);
    const other = await world.peer(place);
    other.send('hello', {});
    expect((await once(patient, 'error'))[0].code).toBe(CODE);
    const heard = await other.message(); // what node-ipc's programs get as an event
    expect(heard).toMatchObject({
      type: 'error',
      data: { code: CODE, message: expect.any(String) },
    });
    await other.closed;
    expect([server, patient].map((it) => it.stats().connections)).toEqual([0, 0]);
  });

  test('a server that says nothing, or that has another version', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const hasty = world.dial(place, { ...advanced, serializationTimeout: 50, maxRetries: 0 });
    expect((await once(hasty, 'error'))[0].message).toMatch(/has not said within 50 ms/);
    const peer = await raw.next();
    await peer.closed;
    const client = world.dial(place, advanced);
    const again = await raw.next();
    again.writeFrames((await again.frame()).replace('advanced/1 v8/15', 'advanced/1 v8/99'));
    expect((await once(client, 'error'))[0]).toMatchObject({
      code: CODE,
      message: expect.stringMatching(/1 v8\/99.*1 v8\/15/),
    });
    const third = await raw.next();
    client.emit('kept', 1n);
    await greet(third);
    await once(client, 'connect');
    expect(client.stats().dropped).toMatchObject({ down: 0 });
  });

  test('a peer whose processor has numbers in the other byte order: both tell', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, advanced);
    const failed = once(server, 'error');
    const order = jest.spyOn(os, 'endianness').mockReturnValue('BE');
    const client = world.dial(place, { ...advanced, maxRetries: 0 });
    order.mockRestore();
    const { others } = listen(client);
    client.emit('number', 0.5);
    const errors = await Promise.all([once(client, 'error'), failed]);
    for (const [error] of errors) {
      expect(error).toMatchObject({ code: CODE, message: expect.stringMatching(/big-endian/) });
    }
    expect(others).toEqual([]);
    expect(server.stats().messagesReceived).toBe(0);
  });

  test('a client that only checks whether a server listens is not an error', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, advanced);
    const { errors } = listen(server);
    const looks = await world.peer(place);
    looks.socket.end();
    await looks.closed;
    const { client } = await world.meet(server, place, advanced);
    const arrived = once(server, 'x');
    client.emit('x', undefined);
    expect((await arrived)[0]).toBeUndefined();
    expect(errors).toEqual([]);
  });
});

/** `assured` takes paths in folders of its own only: see the parser's tests. As a client it connects. */
describe.each([
  ['fast', {}, ['client', 'server']],
  ['guarded', {}, ['client', 'server']],
  ['assured', { allowedEvents: ['hello'] }, ['client']],
])("parser '%s', which may refuse the types that tell", (parser, besides, roles) => {
  test.each(roles)('as a %s: both tell', async (role) => {
    const place = await world.place('unix');
    const configs = [{ parser, ...besides }, advanced];
    const [ofClient, ofServer] = role === 'client' ? configs : configs.reverse();
    const server = await world.serve(place, ofServer);
    const told = listen(server);
    const client = world.dial(place, { ...ofClient, maxRetries: 0 });
    const ended = once(client, 'destroy');
    const errors = await Promise.all([once(client, 'error'), once(server, 'error')]);
    expect(errors.map(([{ code }]) => code)).toEqual([CODE, CODE]);
    await ended;
    expect(told.others).toEqual([]);
  });
});

describe('node-ipc', () => {
  const old = (lines) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['-e', lines], { cwd: path.join(__dirname, '../..') });
      world.after(() => child.kill('SIGKILL'));
      child.stderr.on('data', (text) => reject(new Error(String(text))));
      child.stdout.once('data', () => resolve(child));
    });

  test.each(['node-ipc-9', 'node-ipc-10'])('a client of %s hears it as its error', async (name) => {
    const place = await world.place('unix');
    const server = await world.serve(place, advanced);
    const failed = once(server, 'error');
    const child = await old(`
      const ipc = require(${JSON.stringify(name)}).default ?? require(${JSON.stringify(name)});
      Object.assign(ipc.config, { silent: true, maxRetries: 0 });
      console.log('up');
      process.stdin.once('data', () => {
        ipc.connectTo('x', ${JSON.stringify(place.options.path)}, () => {
          ipc.of.x.on('error', ({ code }) => code && console.log(code));
          ipc.of.x.on('connect', () => ipc.of.x.emit('hello', {}));
        });
      });
    `);
    child.stdin.write('go\n');
    const [line] = await once(child.stdout, 'data');
    expect(String(line).trim()).toBe(CODE);
    expect((await failed)[0].code).toBe(CODE);
  });

  test('a server of node-ipc reports it as its error, and the client gives up', async () => {
    const place = await world.place('unix');
    const child = await old(`
      const ipc = require('node-ipc-10').default;
      Object.assign(ipc.config, { silent: true });
      ipc.serve(${JSON.stringify(place.options.path)}, () => console.log('up'));
      ipc.server.on('error', ({ code }) => console.log(code));
      ipc.server.start();
    `);
    const heard = once(child.stdout, 'data');
    const client = world.dial(place, { ...advanced, serializationTimeout: 300, maxRetries: 0 });
    client.emit('x', 1n);
    const [error] = await once(client, 'error');
    expect(error.code).toBe(CODE);
    expect(String((await heard)[0]).trim()).toBe(CODE);
  });
});

describe('settings', () => {
  const refused = (config, act) => {
    const ipc = world.ipc({ ...advanced, ...config });
    try {
      act(ipc);
    } catch (error) {
      return error;
    }
    return null;
  };
  const acts = [
    (ipc) => ipc.serve(world.socketPath()),
    (ipc) => ipc.connectTo('x', world.socketPath()),
  ];

  test.each([
    ['serialization', { serialization: 'v8' }],
    ['serialization', { serialization: true }],
    ['rawBuffer', { rawBuffer: true }],
    ['parser', { parser: 'fast' }],
    ['delimiter', { delimiter: '\n' }],
    ['serializationTimeout', { serializationTimeout: 0 }],
  ])('config.%s that cannot be honoured is refused by name: %j', (name, config) => {
    for (const act of acts) {
      const error = refused(config, act);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(`config.${name}`);
    }
  });

  test('UDP has no connections', async () => {
    const error = refused({}, (ipc) => ipc.serveNet(9, 'udp4'));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/config.serialization.*UDP/);
    const Server = require('../../dao/socketServer');
    const server = new Server('127.0.0.1', { ...advanced }, () => {}, 9);
    server.udp4 = true;
    expect(() => server.start()).toThrow(TypeError);
  });

  test("'json' is what it is without", async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { serialization: 'json' });
    const peer = await world.peer(place);
    const [socket] = server.sockets.length > 0 ? server.sockets : await once(server, 'connect');
    server.emit(socket, 'x', undefined);
    expect(await peer.frame()).toBe('{"type":"x","data":{}}');
  });

  test('a socket of a server with the other one', async () => {
    const [one, other] = [await world.place('unix'), await world.place('unix')];
    const json = await world.serve(one);
    const { socket } = await world.meet(json, one);
    const server = await world.serve(other, advanced);
    const met = await world.meet(server, other, advanced);
    expect(() => server.emit(socket, 'x', 1)).toThrow(TypeError);
    expect(() => json.emit(met.socket, 'x', 1)).toThrow(TypeError);
  });

  test.each([
    ['rawBuffer', true],
    ['encoding', 'hex'],
  ])('config.%s of later', async (name, value) => {
    const ipc = world.ipc(advanced);
    const place = await world.place('unix');
    place.serve(ipc);
    await ipc.server.start();
    ipc.config[name] = value;
    const peer = await world.peer(place);
    await greet(peer);
    const arrived = once(ipc.server, 'x');
    peer.write(message('x', written(new Set([1]))));
    expect((await arrived)[0]).toEqual(new Set([1]));
  });
});
