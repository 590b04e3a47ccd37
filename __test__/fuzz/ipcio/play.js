'use strict';
// Random messages to a server and a client of ipcIO: whatever a peer says, nothing is thrown, and others go on talking.
// Used by run.js and fuzz.test.js.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { Client, Server } = require('../../../ipcio');
const { seeded } = require('../../helpers/random');

const COMMANDS = [
  'handshake',
  'discover',
  'broadcast',
  'emit',
  'deliver',
  'error',
  'n',
  '',
  '__proto__',
];
const NAMES = ['good', 'raw', 'nobody', '', '../x'];
const DEEP = '['.repeat(20_000) + ']'.repeat(20_000);

/** What makes messages of random numbers. */
function maker(random) {
  const pick = (list) => list[random(list.length)];
  const value = (depth = 0) => {
    const odd = [null, true, 0, -1, 1e308, '', 'x', '}{', 201, [], {}, { toString: 1 }];
    const kinds = [() => pick(odd), () => pick(NAMES), () => pick(COMMANDS)];
    if (depth < 3)
      kinds.push(
        () => [value(depth + 1)],
        () => message(depth + 1),
        () => text(depth + 1),
      );
    return pick(kinds)();
  };
  const message = (depth = 0) => {
    const made = {};
    const say = (name, make) => random(4) > 0 && (made[name] = make());
    say('id', () => (random(2) ? pick(NAMES) : value(depth)));
    say('command', () => (random(5) ? pick(COMMANDS) : value(depth)));
    say('data', () => (random(3) ? text(depth) : value(depth)));
    say('delivery', () => (random(2) ? `d${random(3)}` : value(depth)));
    say('error', () => value(depth));
    return made;
  };
  const text = (depth) => {
    const made = JSON.stringify(depth < 3 ? message(depth + 1) : {});
    if (random(8) === 0) return made.replace(/"(data|id)":[^,}]*/, `"$1":${DEEP}`);
    return random(8) === 0 ? made.slice(0, random(made.length)) : made;
  };
  return () => text(0);
}

/** One case. Resolves when the others have gone on; rejects if they have not. */
async function play(seed) {
  const random = seeded(seed);
  const next = maker(random);
  const words = Array.from({ length: 1 + random(12) }, next);
  const socketRoot = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-fuzz-ipcio-'));
  const domain = path.join(socketRoot, 'IPC.io.default');
  const server = new Server({ socketRoot }, { n: ({ data }) => data });
  const good = new Client(
    { socketRoot, name: 'good', reconnectDelay: 5 },
    { n: ({ data }) => data },
  );
  const raws = [];
  const dial = async (at) => {
    const socket = net.connect(at).on('error', () => {});
    raws.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const say = (socket) => {
    for (const word of words) {
      const cut = random(word.length + 1);
      socket.write(word.slice(0, cut));
      socket.write(word.slice(cut));
    }
    return new Promise((resolve) => socket.end().resume().once('close', resolve));
  };
  try {
    server.start();
    await server.ready();
    await good.connect();
    const visitor = await dial(domain);
    visitor.write('{"command":"handshake","data":"raw"}');
    const uuid = /[0-9a-f]{32}/.exec((await once(visitor, 'data'))[0])[0];
    const own = await dial(`${domain}.${uuid}`);
    good.deliver('raw', 'n', 1).catch(() => {});
    await Promise.all([say(own), say(visitor)]);
    const data = { seed, a: ['}{'] };
    if ((await good.deliver('n', data)).seed !== seed) throw new Error('another answer');
    await good.discover();
    await server.stop();
    await talkBack(domain, good, say);
  } finally {
    for (const socket of raws) socket.destroy();
    await Promise.all([good.disconnect(), server.stop()]);
    fs.rmSync(socketRoot, { recursive: true, force: true });
  }
}

/** A server that says the same to the client, on both sockets, and then shakes hands. */
async function talkBack(domain, client, say) {
  const listeners = [];
  const listen = async (at, take) => {
    const server = net.createServer((socket) => take(socket.on('error', () => {})));
    listeners.push(server);
    await once(server.listen(at), 'listening');
  };
  let visits = 0;
  const sockets = [];
  await listen(domain, async (visitor) => {
    sockets.push(visitor);
    const visit = visits++;
    if (visit === 0) return void say(visitor);
    await listen(`${domain}.v${visit}`, (own) => {
      sockets.push(own);
      if (visit === 1) say(own);
    });
    visitor.write(`{"command":"handshake","data":"v${visit}"}`);
  });
  // Not events.once, which an `error` rejects.
  while (visits < 3) await new Promise((resolve) => client.once('connect', resolve));
  for (const socket of sockets) socket.destroy();
  await Promise.all(listeners.map((it) => new Promise((resolve) => it.close(resolve))));
}

module.exports = { play };
