'use strict';
// ipcIO: a server with two clients, and bytes in any cuts.

const assert = require('node:assert/strict');
const { check, needUnix } = require('../harness');
const { once } = require('../../helpers/events');
const { Client, Server } = require('../../../ipcio');

const TEXT = '}{"é€😀'.repeat(20_000); // brackets within strings, and more than a read holds

check('ipcIO: commands, feedback, and clients that talk to each other', async (world) => {
  needUnix('local sockets that ipcIO has');
  const place = { domain: 'd', socketRoot: `${world.tmp()}/`, warnAtBytes: Infinity };
  const server = new Server(place, {
    twice: ({ data }) => [data, data],
    refuse: () => Promise.reject(new Error('no')),
  });
  world.after(() => server.stop());
  await server.start();
  const clients = [];
  for (const name of ['first', 'second']) {
    const client = new Client({ ...place, name }, { hello: ({ data }) => client.heard(data) });
    client.heard = () => {};
    world.after(() => client.disconnect());
    await client.connect();
    clients.push(client);
  }
  const [first, second] = clients;
  for (const data of [0, false, null, '', TEXT, { a: [TEXT] }]) {
    assert.deepEqual(await first.deliver('twice', data), [data, data]);
  }
  await assert.rejects(async () => first.deliver('refuse', 1));
  const heard = new Promise((resolve) => (second.heard = resolve));
  first.emit('second', 'hello', TEXT);
  assert.equal(await heard, TEXT);
  const gone = once(server, 'disconnect');
  await first.disconnect();
  await gone;
  assert.deepEqual((await second.discover()).clients, ['second']);
});
