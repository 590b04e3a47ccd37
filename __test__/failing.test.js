'use strict';
// What is logged when something fails: as much as node-ipc logs, and nothing of how this library works.

const path = require('node:path');
const { onUnix } = require('./helpers/platform');
const { createWorld, freePort } = require('./helpers/world');

const world = createWorld();
const OWN = path.join(__dirname, '..', 'src', 'js');
const OLD = ['node-ipc-9', 'node-ipc-10'];

/** The log lines of a program with which `what` happens, and what else it printed. */
async function logged(which, what, place) {
  const child = world.child('failing.js', [which, what, place], { cwd: world.tmp() });
  const { lines, stderr } = await child.exited;
  expect(stderr).toBe('');
  return lines.join('\n').split('\n');
}

/** The frames of Node's sockets, and the one that stands for them: where an error comes from differs. */
const isFrame = (line) => /^\s+at /.test(line);
const withoutFrames = (lines) => lines.map((line) => (isFrame(line) ? '    at …' : line));

const cases = [
  ['a path without a server', () => world.file()],
  ['a port without a server', freePort],
  ['a host name without a server', freePort],
];

for (const old of OLD) {
  onUnix.test.each(cases)(`%s: the lines of ${old}`, async (what, place) => {
    const where = await place();
    const [ours, theirs] = [await logged('ferripc', what, where), await logged(old, what, where)];
    expect(withoutFrames(ours)).toEqual(withoutFrames(theirs));
    expect(ours.filter(isFrame)).toHaveLength(2); // one for each attempt
  });
}

test.each(cases)('%s: no frame of the library', async (what, place) => {
  const lines = await logged('ferripc', what, await place());
  expect(lines.join('\n')).toContain('Error: connect E');
  expect(lines.filter((line) => line.includes(OWN))).toEqual([]);
});

test('errors of what happens have no frame of the library; those of calls have that of the call', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { maxMessageBytes: 10, maxConnections: 1 });
  const errors = [];
  server.on('error', (error) => errors.push(error));
  const peer = await world.peer(place);
  const codes = () => errors.map(({ code }) => code);
  const until = async (count) => {
    while (errors.length < count) await new Promise((resolve) => server.once('error', resolve));
  };
  peer.write('{}\f"0123456789"\f{"type":"');
  await until(2);
  await world.peer(place); // one too many
  await until(3);
  peer.socket.end();
  await until(4);
  expect(codes().sort()).toEqual([
    'ERR_FERRIPC_INVALID_MESSAGE',
    'ERR_FERRIPC_MAX_CONNECTIONS',
    'ERR_FERRIPC_MESSAGE_TOO_LARGE',
    'ERR_FERRIPC_TRUNCATED_MESSAGE',
  ]);
  for (const { stack } of errors) expect(stack).not.toContain(OWN);

  const udp = world.ipc();
  udp.serveNet('127.0.0.1', '0', 'udp4');
  let thrown;
  try {
    udp.server.start();
    await udp.server.stop();
    udp.server.server.address();
  } catch (error) {
    thrown = error;
  }
  expect(thrown?.stack).toContain(__filename);
});
