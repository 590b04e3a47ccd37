// What is logged, line by line: a conversation, a failure, the end. Lines that depend on how the
// bytes were cut into chunks are left out.
'use strict';

const assert = require('node:assert');

const STACK = /\n\s+at [^\n{]*/g;
const CHUNKY = /^(## received events ##|Messages are large, )/;

function record(t, ipc = t.ipc) {
  ipc.config.silent = false;
  ipc.config.logger = (...args) => {
    // always one string
    if (args.length !== 1 || typeof args[0] !== 'string') t.log('NOT ONE STRING', ...args);
    if (!CHUNKY.test(args[0])) t.log('log', args[0].replace(STACK, ''));
  };
}

module.exports = {
  name: 'what is logged',
  rules: ['K18'],
  endpoints: 2,
  roles: {
    async server(t) {
      record(t);
      const server = t.serve(() => t.signal('listening'));
      server.on('hello', (data, socket) => {
        server.emit(socket, 'answer', { to: data });
        server.broadcast('news');
      });
      server.start();
      await t.next(server, 'close');
      server.stop();
    },
    async client(t) {
      await t.wait('listening');
      record(t);
      t.ipc.config.maxRetries = 3;
      const client = t.connect('world');
      t.connect('world');
      client.on('connect', () => client.emit('hello', { id: 'me', deep: { er: [1, null] } }));
      await t.next(client, 'news');
      t.ipc.disconnect('world');
      await t.next(client, 'destroy');
      // nobody is there
      const ipc = t.create({ maxRetries: 1 });
      record(t, ipc);
      const lonely = t.connect('lonely', () => {}, { ipc, at: 1 });
      lonely.emit('lost', 1);
      await t.next(lonely, 'destroy');
      ipc.connectTo();
      ipc.connectToNet();
      ipc.serve();
      ipc.serveNet();
    },
    async client2(t) {
      record(t);
      const { ipc } = t;
      ipc.config.logDepth = 1;
      ipc.log('text', 5, true, null, undefined, Symbol.iterator.toString(), { a: { b: { c: 1 } } });
      ipc.log([1, { a: 2 }], new Map([[1, { b: 2 }]]), () => 1);
      ipc.log();
      ipc.log('');
      ipc.config.logInColor = true;
      const lines = [];
      ipc.config.logger = (line) => lines.push(line);
      ipc.log({ colour: 'ful', n: 1 });
      // eslint-disable-next-line no-control-regex
      t.log('colours', /\u001b\[3\dm/.test(lines[0]), lines.length);
      ipc.config.logger = function logger(line) {
        t.log('method of the configuration', this === ipc.config, line);
      };
      ipc.log('this');
      ipc.config.silent = true;
      ipc.log('nothing');
      t.log('silent', lines.length);
    },
  },
  check({ lines }) {
    assert.ok(
      lines.client.includes('log "requested connection to  world <dir>/s0"') ||
        lines.client.includes('log "requested connection to  world 127.0.0.1"'),
    );
    assert.ok(lines.server.some((line) => line.startsWith('log "received event of :  hello {')));
    assert.ok(lines.server.some((line) => line.startsWith('log "socket disconnected me"')));
    assert.strictEqual(lines.client2.at(-1), 'silent 1');
    for (const list of Object.values(lines)) {
      assert.ok(!list.some((line) => line.startsWith('NOT ONE STRING')));
    }
  },
};
