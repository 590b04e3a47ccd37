'use strict';
// Rows of `npm run faults`: many at once. Thousands of clients that connect in one turn, and hundreds of workers that serve,
// connect and are ended. Each is called by row.js.

const { fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { IPC } = require('../..');
const { freshOptions, placeAt } = require('./places');
const { party, pause } = require('./watch');

const MB = 2 ** 20;

/** So many MB may workers with ferripc leave more than the same without it. */
const MOST_LEFT = 32;

/** As many descriptors as this process may have; some are for other things. */
function room() {
  const limits = fs.readFileSync('/proc/self/limits', 'utf8');
  return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? Infinity) - 100;
}

/** Clients that connect in one turn to a server in another process: each once, without an error, and each is answered. */
async function crowd({ folder, kind, times }) {
  const count = Math.min(times, room());
  const wrong = [];
  const told = {};
  const options = await freshOptions(kind, folder);
  const place = placeAt(kind, options);
  const child = party({ role: 'server', kind, options, mode: 'echo' });
  await once(child, 'message');
  const started = Date.now();
  let [connected, again] = [0, 0];
  const answered = [];
  const all = Array.from({ length: count }, (_, n) => {
    const ipc = new IPC();
    Object.assign(ipc.config, { id: `c${n}`, silent: true });
    place.connectTo(ipc, 'server');
    const client = ipc.of.server;
    let isUp = false;
    client.on('connect', () => (isUp ? again++ : connected++, (isUp = true)));
    client.on('error', ({ code }) => (told[code] = (told[code] ?? 0) + 1));
    client.on('disconnect', () => wrong.push(`${n} was disconnected`));
    answered.push(
      new Promise((resolve) =>
        client.on('up', (number) => {
          if (number !== n) wrong.push(`${n} got ${number}`);
          resolve();
        }),
      ),
    );
    client.emit('up', { number: n });
    return ipc;
  });
  const isWell = await Promise.race([
    Promise.all(answered).then(() => true),
    pause(240_000).then(() => false),
  ]);
  const seconds = (Date.now() - started) / 1000;
  if (!isWell) wrong.push('not all were answered within 240 s');
  if (connected !== count || again > 0) wrong.push(`${connected} connected, ${again} again`);
  if (Object.keys(told).length > 0) wrong.push('an error was told');
  for (const ipc of all) {
    ipc.of.server.off('disconnect', '*');
    ipc.disconnect('server');
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  return {
    times: count,
    held: `${connected} connected once each and were answered, in ${seconds.toFixed(1)} s`,
    told,
    wrong: wrong.slice(0, 20),
  };
}

/** What a process holds, in MB, before and after `times` workers have served, connected and been ended. */
async function workersOf(library, { kind, folder, times }) {
  const args = JSON.stringify({ library, kind, folder, times });
  const child = fork(path.join(__dirname, 'workers.js'), [args], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const told = await Promise.race([once(child, 'message'), ended.then(() => null)]);
  const [code, signal] = await ended;
  if (told === null || code !== 0) throw new Error(`${library}: ended with ${code ?? signal}`);
  return told[0];
}

/** Workers that serve, connect and are ended at any moment, beside the same with `node:net` and without ferripc. */
async function workers({ folder, kind, times }) {
  const [ours, bare] = [
    await workersOf('ferripc', { folder, kind, times }),
    await workersOf('node:net', { folder, kind, times }),
  ];
  const grown = ({ before, after }) => Math.round((after - before) / MB);
  const both = ({ before, after }) =>
    `${Math.round(before / MB)} MB after the first ten and ${Math.round(after / MB)} MB after all`;
  const wrong = [];
  if (grown(ours) - grown(bare) > MOST_LEFT)
    wrong.push(`${grown(ours)} MB more, and ${grown(bare)} MB without ferripc`);
  if (ours.descriptors > 0) wrong.push(`${ours.descriptors} descriptors are left`);
  if (ours.threads > 0) wrong.push(`${ours.threads} threads are left`);
  return {
    times,
    held: `${both(ours)}; with node:net instead ${both(bare)}`,
    told: {},
    wrong,
  };
}

module.exports = { crowd, workers };
