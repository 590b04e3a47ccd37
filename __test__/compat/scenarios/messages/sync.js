// `sync: true`: one message in flight per client, the next goes out when something arrives.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'sync mode',
  rules: ['K17', 'K6'],
  wire: true,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      let answer = null;
      server.on('job', (data, socket) => {
        t.log('job', data);
        answer = () => server.emit(socket, 'done', data);
        // Nothing more may come until this one is answered, so answer it late.
        t.quiet(30).then(() => {
          t.log('answer', data);
          answer();
        });
      });
      server.start();
      await t.logged('answer', 4);
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      t.ipc.config.sync = true;
      const client = t.connect('world');
      client.on('done', (data) => t.log('done', data));
      for (const n of [1, 2, 3]) client.emit('job', n);
      t.log('emitted');
      await t.logged('done', 3);
      Object.assign(t.ipc.config, { silent: false, logger: (line) => t.log('line', line) });
      client.emit('job', 4);
      t.ipc.config.silent = true;
      await t.logged('done', 4);
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, [
      ...['job 1', 'answer 1', 'job 2', 'answer 2'],
      ...['job 3', 'answer 3', 'job 4', 'answer 4'],
    ]);
    const sent = lines.client.filter((line) => line.startsWith('line '));
    assert.match(sent.at(-1), /4\}\\f"$/); // with its delimiter
    const rest = lines.client.filter((line) => !line.startsWith('line '));
    assert.deepStrictEqual(rest, ['emitted', 'done 1', 'done 2', 'done 3', 'done 4']);
  },
};
