'use strict';
// Rows of `npm run faults`: what happens around a process: its socket's file, its folder, the clock. Each is called by row.js.

const { execFileSync, fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { make, pair } = require('./pair');
const { freshOptions, placeAt } = require('./places');
const { Control } = require('./shim');

/** A user without rights, and as many threads as it needs. */
const NOBODY = 65_534;
const MANY = 10_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function answered(client, data) {
  const answer = new Promise((resolve) =>
    client.on('answer', (it) => it === data && resolve(true)),
  );
  client.emit('ask', data);
  return Promise.race([answer, pause(10_000).then(() => false)]);
}

/** The file of the socket is removed, again and again: who is connected stays, who comes is told, and a new start mends it. */
async function withoutFile({ folder, times }) {
  const wrong = [];
  const told = {};
  for (let i = 0; i < times; i++) {
    const options = await freshOptions('unix', folder);
    const place = placeAt('unix', options);
    const { here, there, client } = await pair(place);
    fs.rmSync(options.path);
    if (!(await answered(client, i))) wrong.push('who is connected is not served any more');
    const late = make({ maxRetries: 0 });
    place.connectTo(late, 'server');
    const [error] = await new Promise((resolve) =>
      late.of.server.on('error', (...it) => resolve(it)),
    );
    told[error.code] = (told[error.code] ?? 0) + 1;
    late.disconnect('server');
    there.disconnect('server');
    await here.server.stop({ disconnect: true });
    const again = await pair(place);
    if (!(await answered(again.client, i))) wrong.push('a new start does not serve');
    again.there.disconnect('server');
    await again.here.server.stop({ disconnect: true });
  }
  return { times, held: 'who is connected, and whoever comes after a new start', told, wrong };
}

/** Folders in which nothing can be made: start() rejects, and says why. */
async function folders({ folder }) {
  const wrong = [];
  const told = {};
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, '');
  const readOnly = path.join(folder, 'readonly');
  fs.mkdirSync(readOnly, { mode: 0o555 });
  const list = ['/proc', '/proc/self', file, path.join(folder, 'none')];
  if (process.getuid() !== 0) list.push(readOnly); // nothing is read only for root
  for (const it of list) {
    const ipc = make();
    ipc.serve(path.join(it, 's'));
    const events = [];
    ipc.server.on('error', ({ code }) => events.push(code));
    const code = await ipc.server.start().then(
      () => 'it has started',
      (error) => error.code,
    );
    told[code] = (told[code] ?? 0) + 1;
    if (!/^E[A-Z]+$/.test(code)) wrong.push(`${path.basename(it)}: ${code}`);
    await ipc.server.stop();
  }
  return { times: list.length, held: 'the process', told, wrong };
}

/** The wall clock jumps, by a day, and by ten years, on and back, while messages come. */
async function clock({ folder, kind, times }) {
  const wrong = [];
  const control = new Control(process.env.FERRIPC_FAULTS);
  const place = placeAt(kind, await freshOptions(kind, folder));
  const { here, there, client } = await pair(place);
  let ends = 0;
  client.on('disconnect', () => ends++);
  const before = Date.now();
  for (let i = 0; i < times; i++) {
    control.shift([86_400, -86_400, 315_360_000, -315_360_000, 0][i % 5]);
    if (!(await answered(client, `${i}`))) wrong.push('nothing is answered any more');
    await pause(2);
    if (i === 2 && Date.now() - before < 300_000_000_000) wrong.push('the clock has not jumped');
  }
  control.shift(0);
  if (ends > 0) wrong.push('the connection has ended');
  there.disconnect('server');
  await here.server.stop({ disconnect: true });
  return { times, held: 'each message was answered, on one connection', told: {}, wrong };
}

/** A user may start no more threads, for a while: who needs one is told, and is served when there may be more. */
async function threads({ folder, kind, times }) {
  const options = await freshOptions(kind, folder);
  fs.chmodSync(folder, 0o777);
  const user = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {}; // root has no such limit
  const child = fork(path.join(__dirname, 'threadless.js'), [JSON.stringify({ kind, options })], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const limit = (most) =>
    execFileSync('prlimit', ['--pid', String(child.pid), `--nproc=${most}:`], {
      ...user,
      stdio: 'pipe',
    });
  const wrong = [];
  const told = {};
  const say = async (word) => {
    child.send(word);
    const [answer] = await once(child, 'message');
    return answer;
  };
  await once(child, 'message');
  for (let i = 0; i < times; i++) {
    limit(1);
    const codes = await say('try');
    if (codes.length === 0) wrong.push('nobody was told');
    for (const code of codes) {
      told[code] = (told[code] ?? 0) + 1;
      if (!/^E[A-Z]+$/.test(code)) wrong.push(`the code ${code}`);
    }
    limit(MANY);
    const answer = await say('serve');
    if (answer !== true) wrong.push(`not served afterwards: ${answer}`);
  }
  const ended = once(child, 'exit');
  child.disconnect();
  const [code, signal] = await ended;
  if (code !== 0) wrong.push(`the process has ended with ${code ?? signal}`);
  return { times, held: 'the process; a server and a client afterwards', told, wrong };
}

module.exports = { withoutFile, folders, clock, threads };
