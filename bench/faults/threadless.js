'use strict';
// A process of a user that may start no more threads: `{kind, options}`. Told to `try`, it starts whatever needs a
// thread, and answers with the codes of what could not be; told to `serve`, it answers whether a client is served.
// Started by surroundings.js.

const { once } = require('node:events');
const fs = require('node:fs');
const { AppViewServer } = require('../../appview');
const { Client } = require('../../ipcio');
const { Controller } = require('../../pixivutil2');
const { make, pair } = require('./pair');
const { placeAt } = require('./places');

const { kind, options } = JSON.parse(process.argv[2]);
const place = placeAt(kind, options);

/** No second try may hide what failed. */
const config = { id: 'threadless', maxRetries: 0 };

const codeOf = (error) => String(error?.code ?? error?.stack ?? error);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The code with which `act` fails. */
const failure = (act) =>
  Promise.race([
    Promise.resolve()
      .then(act)
      .then(() => 'it did not fail', codeOf),
    pause(15_000).then(() => 'nothing for 15 s'),
  ]);

/** Our threads, which end when nobody needs them. */
const ownThreads = () =>
  fs
    .readdirSync('/proc/self/task')
    .map((id) => fs.readFileSync(`/proc/self/task/${id}/comm`, 'utf8'))
    .filter((name) => name.startsWith('ferripc'));

function startServer() {
  const ipc = make(config);
  place.serve(ipc);
  ipc.server.on('error', () => {});
  return ipc.server.start();
}

/** Rejects with the first error of the client. */
async function connectClient() {
  const ipc = make(config);
  place.connectTo(ipc, 'server');
  ipc.of.server.on('error', () => {});
  const [error] = await once(ipc.of.server, 'error');
  throw error;
}

async function connectIpcio() {
  const client = new Client({ domain: 'none', socketRoot: process.cwd(), reconnectDelay: 20 });
  const failed = once(client, 'error');
  client.connect().catch(() => {});
  const [error] = await failed;
  await client.disconnect();
  throw error;
}

const tries = {
  startServer,
  connectClient,
  connectIpcio,
  appview: () => new AppViewServer().start(),
  pixivutil2: () =>
    new Controller({ comm: 'tcp://127.0.0.1:0', task: 'tcp://127.0.0.1:0' }).start(),
};

async function serve() {
  const { here, there, client } = await pair(place, config);
  client.on('error', () => {});
  client.emit('ask', 'x');
  const [answer] = await once(client, 'answer');
  there.disconnect('server');
  await here.server.stop({ disconnect: true });
  for (let i = 0; i < 500 && ownThreads().length > 0; i++) await pause(10);
  const left = ownThreads();
  return left.length > 0 ? `threads are left: ${left}` : answer === 'x';
}

process.on('message', async (word) => {
  if (word === 'serve') process.send(await serve().catch(codeOf));
  else process.send(await Promise.all(Object.values(tries).map(failure)));
});
process.on('disconnect', () => process.exit(0));
fs.stat('/', () => process.send('up')); // from here on Node has its own threads
