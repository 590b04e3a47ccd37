// Programs without any `error` listener: refused connections, bad frames and resets are survived.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'no error listener anywhere',
  rules: ['K8'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('good', (data, socket) => {
        t.log('good', data);
        socket.write('no json\f{"type":"good","data":1}\f');
      });
      server.start();
      await t.wait('over');
      t.log('alive');
    },
    async peer(t) {
      await t.wait('listening');
      const socket = t.rawConnect();
      await new Promise((resolve) => socket.write('no json\f', resolve));
      if (t.transport === 'tcp') socket.resetAndDestroy();
      else socket.destroy();
      t.log('broken off');
      t.signal('broken off');
    },
    async client(t) {
      await t.wait('broken off');
      const refused = t.create({ maxRetries: 1, socketRoot: `${t.dir}/` });
      refused.connectTo('nobody');
      const nobody = refused.of.nobody;
      await t.next(nobody, 'destroy');
      const client = t.connect('world');
      client.on('good', (data) => t.log('good', data));
      client.emit('good', 0);
      await t.logged('good');
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, ['good 0', 'alive']);
    assert.deepStrictEqual(lines.client, ['good 1']);
  },
};
