'use strict';
// A server whose handlers take their time, and a tool that goes on asking.

const { AppViewClient } = require('../../appview');
const { onLinux } = require('../helpers/platform');
const { nobody } = require('../helpers/queues');
const { createWorld } = require('../helpers/world');

jest.setTimeout(120_000);

const world = createWorld();

onLinux.test(
  'the event loop has its turn between two configurations that take their time',
  async () => {
    const pid = nobody();
    const child = world.child(require.resolve('./fixture'), ['slow', pid]);
    expect(await child.next()).toBe('blocked');
    const client = new AppViewClient(pid, { timeout: 60_000 });
    for (let i = 0; i < 64;) {
      try {
        await client.setConfig({ i });
        i++;
      } catch (error) {
        if (error.code !== 'EMFILE') throw error; // other tests have all queues that the user may have
      }
    }
    child.tell('go on');
    const { atTurn } = await child.next();
    expect(atTurn).toBeLessThan(5); // all 64, if they were taken in one turn
    expect(await child.next()).toEqual({ configs: 64 });
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  },
);
