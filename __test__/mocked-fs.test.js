'use strict';
// A test suite of somebody's program that has a mock in the place of `fs`: connections do not notice, and the binary is
// found.

const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once } = require('./helpers/events');
const { isScript } = require('./helpers/platform');

const world = createWorld();
const warnings = jest.spyOn(process, 'emitWarning').mockImplementation();

describe.each(TRANSPORTS)('over %s', (kind) => {
  test('messages arrive, by the engine that is used otherwise', async () => {
    const place = await world.place(kind);
    // What is loaded with the first server and client gets the mocks.
    jest.mock('fs');
    jest.mock('node:fs');
    expect(require('node:fs').statSync('/')).toBeUndefined();
    const server = await world.serve(place);
    server.on('x', (data, socket) => server.emit(socket, 'y', data));
    const client = await world.connect(place);
    const answered = once(client, 'y');
    client.emit('x', 1);
    expect((await answered)[0]).toBe(1);
    const { file } = require('../src/js/engine/native').loaded();
    expect(file === null).toBe(isScript);
    expect(warnings).not.toHaveBeenCalled();
  });
});
