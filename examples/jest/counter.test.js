'use strict';
// npx jest examples/jest
// Every test has a server of its own. Jest ends by itself, without --forceExit: when a test is over, its
// clients are disconnected (one that is not goes on trying to reach the server), its server stopped.

const { startCounter, connectCounter } = require('./counter');

// A file on Unix, the name of a pipe on Windows; with this process's id, since jest has several processes.
const path = `${process.env.EXAMPLE_SOCKET_ROOT ?? '/tmp/'}ferripc-counter-${process.pid}`;

let server;
let clients;

beforeEach(async () => {
  clients = [];
  server = await startCounter(path);
});

afterEach(async () => {
  for (const client of clients) client.close();
  await server.stop(); // resolves when the connections are closed, too
});

async function connect() {
  const client = await connectCounter(path);
  clients.push(client);
  return client;
}

test('adds up', async () => {
  const client = await connect();
  client.add(2);
  expect(await client.next()).toBe(2);
  client.add(40);
  expect(await client.next()).toBe(42);
});

test('begins at zero in each test', async () => {
  const client = await connect();
  client.add(1);
  expect(await client.next()).toBe(1);
});

test('tells every client', async () => {
  const [alice, bob] = [await connect(), await connect()];
  const seen = Promise.all([alice.next(), bob.next()]);
  alice.add(7);
  expect(await seen).toEqual([7, 7]);
});

test('cannot be started twice', async () => {
  await expect(startCounter(path)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
