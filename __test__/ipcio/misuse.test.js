'use strict';
// What ipcIO's server and client refuse, by name: with ipcIO's own text, where it has one.

const { Client, Server } = require('../../ipcio');

describe('misuse', () => {
  test.each([
    [
      'handlers',
      () => new Server({}, { x: 1 }),
      '"handler_collection" entry values must be callable.',
    ],
    ['a reserved command', () => new Server({}, { deliver() {} }), 'restricted command name'],
    [
      'a command twice',
      () => new Server({}, { x() {} }).addHandlers({ x() {} }),
      'Handler for command "x" already registered.',
    ],
    ['domain', () => new Server({ domain: 5 }), 'options.domain'],
    ['socketRoot', () => new Server({ socketRoot: 5 }), 'options.socketRoot'],
    ['encoding', () => new Client({ encoding: 'utf9' }), 'options.encoding'],
    ['name', () => new Client({ name: {} }), 'options.name'],
    ['reconnectDelay', () => new Client({ reconnectDelay: -1 }), 'options.reconnectDelay'],
    ['maxMessageBytes', () => new Client({ maxMessageBytes: 0 }), 'options.maxMessageBytes'],
    ['an unknown option', () => new Client().deliver('a', 'b', 'c', { limit: 1 }), 'options.limit'],
    ['timeout', () => new Client().deliver('a', 'b', 'c', { timeout: 'x' }), 'options.timeout'],
  ])('%s', (_, misuse, text) => {
    expect(misuse).toThrow(text);
  });
});
