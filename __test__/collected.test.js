'use strict';
// What the systems have ended is collected: a function that the addon calls, and the addon's object that it asks, keep each
// other until the addon lets go of the function.

const fs = require('node:fs');
const { onLinux, onNative } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

jest.setTimeout(120_000);

const world = createWorld();

(onNative.test === test ? onLinux.test : test.skip)(
  'of ten lives of each system, no object of the addon is left, but perhaps the last one',
  async () => {
    const folder = world.file();
    fs.mkdirSync(folder);
    const runtime = [process.execPath, '--expose-gc'];
    const child = world.child('collected.js', [folder], { runtime });
    const { code, lines, stderr } = await child.exited;
    expect([code, stderr]).toEqual([0, '']);
    const most = Object.fromEntries(lines.map(([name, , , left]) => [name, Math.min(left, 1)]));
    expect(Object.fromEntries(lines.map(([name, , , left]) => [name, left]))).toEqual(most);
    expect(lines.map(([name, names]) => [name, names])).toEqual([
      ['sockets', ['Hub']],
      ['ipc2', ['Ipc2Host']],
      ['mqueue', ['QueueWatcher']],
      ['appview', ['ViewRequests', 'ViewServer']],
      ['pixivutil2', ['PixivAgents', 'PixivController']],
    ]);
  },
);
