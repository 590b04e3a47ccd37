'use strict';
// Clients and servers with a parser beside those of node-ipc 14: what hostile and good peers send has the same
// effects, on every transport, with both drivers.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { makeFamily } = require('../helpers/certificates');
const { pairs } = require('../helpers/combinations');
const { TRANSPORTS } = require('../helpers/transports');
const { createWorld } = require('../helpers/world');

const run = promisify(execFile);
const world = createWorld();
const OURS = path.join(__dirname, '..', '..', 'index.mjs');

/** What a player prints, see there. */
async function play(player, name, side, transport, env = {}) {
  const folder = world.file();
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'tls.json'), JSON.stringify(pems()));
  const { stdout } = await run(
    process.execPath,
    [path.join(__dirname, player), name, side, transport, folder],
    {
      env: { ...process.env, ...env },
      maxBuffer: 1 << 24,
    },
  );
  return JSON.parse(stdout);
}

let family = null;

function pems() {
  family ??= makeFamily();
  return Object.fromEntries(
    ['ca', 'server', 'client'].map((name) => [
      name,
      { key: family[name].key, cert: family[name].cert },
    ]),
  );
}

/** What node-ipc 14 does: once for both drivers. */
const known = new Map();
const theirs = (...how) => {
  const key = how.join(' ');
  const [player, side, transport] = how;
  if (!known.has(key)) known.set(key, play(player, 'node-ipc-14', side, transport));
  return known.get(key);
};

const ways = pairs({
  transport: TRANSPORTS,
  side: ['server', 'client'],
  driver: ['loop', 'tokio'],
});

test.each(ways)(
  '$transport, $side, driver $driver: the same events as of node-ipc 14, and the same ends',
  async ({ transport, side, driver }) => {
    const expected = await theirs('play.mjs', side, transport);
    const refused = expected.filter(([, , events]) => events.at(-1) === 'closed');
    expect(refused.length).toBeGreaterThan(20);
    const ours = await play('play.mjs', OURS, side, transport, { FERRIPC_DRIVER: driver });
    expect(ours).toEqual(expected);
  },
  120_000,
);

test.each(ways)(
  '$transport, $side, driver $driver: maxPendingBytes, messageTimeout and raw mode as of node-ipc 14',
  async ({ transport, side, driver }) => {
    const expected = await theirs('play-limits.mjs', side, transport);
    const told = JSON.stringify(expected);
    for (const code of ['ERR_IPC_BACKPRESSURE', 'ERR_IPC_MESSAGE_TIMEOUT'])
      expect(told.split(code).length).toBeGreaterThan(3);
    const env = { FERRIPC_DRIVER: driver };
    expect(await play('play-limits.mjs', OURS, side, transport, env)).toEqual(expected);
  },
  120_000,
);

test('on UDP: a message that is refused is the end of its datagram, as in node-ipc 14', async () => {
  const player = path.join(__dirname, 'play-udp.mjs');
  const events = async (name, driver) => {
    const env = { ...process.env, FERRIPC_DRIVER: driver };
    const { stdout } = await run(process.execPath, [player, name], { env, maxBuffer: 1 << 24 });
    return JSON.parse(stdout);
  };
  const expected = await events('node-ipc-14', '');
  expect(expected).toHaveLength(15);
  for (const driver of ['loop', 'tokio', 'js'])
    expect(await events(OURS, driver)).toEqual(expected);
}, 120_000);
