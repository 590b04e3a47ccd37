'use strict';
// Names of clients, which only one has at a time, and of domains.

const path = require('node:path');
const { onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');
const { createParties } = require('./parties');
const { dial, enter } = require('./peers');

const world = createWorld();
const { makeClient, serve } = createParties(world);

// Its peers know Unix sockets.
onUnix.describe('a name', () => {
  const holder = async () => {
    await serve();
    const place = path.join(world.tmp(), 'IPC.io.default');
    const [{ own, domain }, newcomer] = [await enter(place, 'name'), await dial(place)];
    newcomer.send({ command: 'discover' });
    await newcomer.next(); // it has been accepted
    return { own, domain, newcomer };
  };

  test('whose holder leaves is for a newcomer that is heard of before', async () => {
    const { own, domain, newcomer } = await holder();
    newcomer.send({ command: 'handshake', data: 'name' });
    for (const { socket } of [own, domain]) socket.destroy();
    expect(await newcomer.next()).toMatchObject({ id: 'name', command: 'handshake' });
  });

  test('whose holder is about to leave is for the first of those who wait', async () => {
    const { own, newcomer } = await holder();
    const second = await dial(path.join(world.tmp(), 'IPC.io.default'));
    own.socket.end(); // the domain's connection goes on
    newcomer.send({ command: 'handshake', data: 'name' });
    expect(await newcomer.next()).toMatchObject({ id: 'name', command: 'handshake' });
    second.send({ command: 'handshake', data: 'name' });
    expect(await second.next()).toMatchObject({ id: 'name', command: 'error', data: 201 });
  });

  test('whose holder stays is refused, again and again', async () => {
    const { newcomer } = await holder();
    for (let i = 0; i < 3; i++) {
      newcomer.send({ command: 'handshake', data: 'name' });
      expect(await newcomer.next()).toMatchObject({ command: 'error', data: 201 });
    }
  });
});

onUnix.test(
  'a domain whose clients would have paths that are too long is refused at once',
  async () => {
    const inFolder = 'IPC.io.'.length + '.'.length + 32;
    const room = (process.platform === 'linux' ? 107 : 103) - world.tmp().length - '/'.length;
    const domain = 'x'.repeat(room - inFolder);
    await serve({}, { domain });
    await makeClient('c', {}, { domain }).connect();
    await expect(serve({}, { domain: `${domain}x` })).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
  },
);
