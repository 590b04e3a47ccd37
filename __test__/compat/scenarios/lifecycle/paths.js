// The default path: socketRoot + appspace + id, plainly joined; and a path of one's own.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

module.exports = {
  name: 'socketRoot, appspace, id and own paths',
  rules: ['K2', 'K5', 'K13'],
  transports: ['unix'],
  roles: {
    async server(t) {
      const settings = [
        { socketRoot: `${t.dir}/`, appspace: 'app.', id: 'one' },
        { socketRoot: `${t.dir}/`, appspace: '', id: 'two' },
        { socketRoot: '', appspace: `${t.dir}/x-`, id: 'three' },
        { socketRoot: `${t.dir}/a`, appspace: 'b', id: 'c' },
      ];
      for (const setting of settings) {
        const ipc = t.create(setting);
        ipc.serve(() => t.log('start', ipc.server.path, fs.existsSync(ipc.server.path)));
        t.log('before', ipc.server.path, ipc.server.port);
        ipc.server.on('hello', (data) => t.log('hello', data));
        ipc.server.start();
        await t.logged('start', settings.indexOf(setting) + 1);
      }
      t.ipc.serve(`${t.dir}/own`, () => t.signal('listening'));
      t.ipc.server.on('hello', (data) => t.log('hello', data));
      t.ipc.server.start();
      await t.wait('over');
      const defaults = new (t.implementation.IPC())();
      defaults.config.silent = true;
      defaults.config.id = 'never-started';
      defaults.serve();
      t.log('default', defaults.server.path);
    },
    async client(t) {
      await t.wait('listening');
      const reach = async (settings, id, path) => {
        const ipc = t.create(settings);
        if (path) ipc.connectTo(id, path);
        else ipc.connectTo(id);
        await t.next(ipc.of[id], 'connect');
        t.log('connected', id, ipc.of[id].path);
      };
      await reach({ socketRoot: `${t.dir}/` }, 'one');
      await reach({ socketRoot: `${t.dir}/`, appspace: '' }, 'two');
      await reach({ socketRoot: '', appspace: `${t.dir}/x-` }, 'three');
      await reach({ socketRoot: `${t.dir}/a`, appspace: 'b' }, 'c');
      await reach({}, 'any name', `${t.dir}/own`);
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'connected "one" "<dir>/app.one"',
      'connected "two" "<dir>/two"',
      'connected "three" "<dir>/x-three"',
      'connected "c" "<dir>/abc"',
      'connected "any name" "<dir>/own"',
    ]);
    assert.strictEqual(lines.server.at(-1), 'default "/tmp/app.never-started"');
  },
};
