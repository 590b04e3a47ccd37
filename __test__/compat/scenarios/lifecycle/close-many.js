// Several sockets that end before the first `close` event is handled.
// Old: each `socket.disconnected` names the first unreadable socket in the list. New: the one that closed.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'socket.disconnected names the socket that closed',
  rules: ['F11', 'K9'],
  compare: false,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('hello', (data) => {
        if (server.sockets.length < 3) return t.signal(data.id);
        // all three are unreadable from here on, and the last in the list closes first
        const [first, second, third] = server.sockets;
        third.destroy();
        second.destroy();
        first.destroy();
        return undefined;
      });
      server.on('socket.disconnected', (socket, id) => t.log('gone', id));
      server.on('close', () => t.log('close'));
      server.start();
      await t.logged('close', 3);
    },
    async peer(t) {
      await t.wait('listening');
      const open = (id) =>
        t
          .rawConnect()
          .on('error', () => {})
          .write(`${JSON.stringify({ type: 'hello', data: { id } })}\f`);
      open('a');
      await t.wait('a');
      open('b');
      await t.wait('b');
      open('c');
    },
  },
  check({ lines, impls }) {
    const gone = lines.server.filter((line) => line.startsWith('gone'));
    const order = gone.map((line) => line.split(' ')[1]);
    assert.deepStrictEqual(
      order,
      impls.server === 'new' ? ['"c"', '"b"', '"a"'] : ['"a"', '"b"', '"c"'],
    );
  },
};
