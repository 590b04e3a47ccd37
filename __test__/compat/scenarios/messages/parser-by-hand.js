// A program formats frames with EventParser and writes them to the socket itself.
'use strict';

const assert = require('node:assert');

function message(type, data) {
  return {
    type,
    data,
    get JSON() {
      return JSON.stringify({ type: this.type, data: this.data });
    },
  };
}

module.exports = {
  name: 'EventParser by hand',
  rules: ['K25', 'K4', 'K1'],
  pairings: ['9-9', '9-new', 'new-9', 'new-new'],
  wire: true,
  roles: {
    async server(t) {
      const Parser = t.implementation.deep('entities/EventParser');
      const server = t.serve(() => t.signal('listening'));
      server.on('ask', (data, socket) => {
        t.log('ask', data);
        const parser = new Parser(t.ipc.config);
        server.sockets.forEach((one) => one.write(parser.format(message('answer', data))));
        t.log('same', server.sockets[0] === socket);
        t.log('parse', parser.parse('a\fb\fc'), parser.delimiter, new Parser().delimiter);
      });
      server.start();
      await t.logged('parse');
    },
    async client(t) {
      const Parser = t.implementation.deep('entities/EventParser.js');
      await t.wait('listening');
      const client = t.connect('world');
      client.on('answer', (data) => t.log('answer', data));
      await t.next(client, 'connect');
      const parser = new Parser(client.config);
      for (const data of [{ n: 1 }, null, undefined, '', false, 0, { _maxListeners: 1 }]) {
        t.log('format', parser.format(message('ask', data)));
      }
      t.log('write', t.ipc.of.world.socket.write(parser.format(message('ask', { n: 1 }))));
      await t.logged('answer');
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.client.at(-1), 'answer {"n": 1}');
    assert.deepStrictEqual(lines.server, [
      'ask {"n": 1}',
      'same true',
      'parse ["a", "b"] "\\f" "\\f"',
    ]);
  },
};
