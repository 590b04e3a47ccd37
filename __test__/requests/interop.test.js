'use strict';
// Requests are ordinary messages: programs on the old packages answer and ask with a few lines of their own.

const path = require('node:path');
const { once } = require('../helpers/events');
const { createWorld } = require('../helpers/world');

const world = createWorld();
const script = path.join(__dirname, 'old-peer.mjs');
const reject = (promise) =>
  promise.then(
    () => Promise.reject(new Error('fulfilled')),
    (error) => error,
  );

describe.each(['9', '10', '14'])('node-ipc %s', (version) => {
  test('as a server answers and asks', async () => {
    const place = await world.place('unix');
    const child = world.child(script, { at: place.options.path, version, role: 'server' });
    expect(await child.next()).toBe('listening');
    const client = await world.connect(place);
    expect(await Promise.all([1, 2, 3].map((n) => client.request('double', n)))).toEqual([2, 4, 6]);
    const error = await reject(client.request('nothing'));
    expect(error).toMatchObject({ name: 'Error', message: 'no nothing' });

    client.handle('triple', async (n) => n * 3);
    client.emit('ask');
    expect(await child.next()).toEqual({ id: 'q1', data: 15 });
  });

  test('as a client answers and asks', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    server.handle('triple', async (n) => n * 3);
    const connected = once(server, 'connect');
    const child = world.child(script, { at: place.options.path, version, role: 'client' });
    const [socket] = await connected;
    expect(await child.next()).toBe('connected');
    expect(await server.request(socket, 'double', 21)).toBe(42);
    const error = await reject(server.request(socket, 'nothing'));
    expect(error).toMatchObject({ name: 'Error', message: 'no nothing' });
    server.emit(socket, 'ask');
    expect(await child.next()).toEqual({ id: 'q1', data: 15 });
  });
});
