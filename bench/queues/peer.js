'use strict';
// The other process of `npm run bench:queues` and `bench:appview`: `node peer.js <what> <place> [place]`. Sends 'ready', then
// what it has to tell. `echo` sends each message back, `sink` tells when it has as many as it is told. Started by start.js.

const { blockFor, CONFIG, MODES } = require('./settings.js');

const tell = (what) => process.send(what);

/** To be called for each message of a sink. How many there are may be told after the first have come. */
function counter() {
  let missing = 0;
  process.on('message', (count) => {
    missing += count;
    if (missing === 0) tell('done');
  });
  return () => {
    if (--missing === 0) tell('done');
  };
}

/** Message queues: `there` comes here, `back` goes back. */
function overQueues(mode, there, back) {
  const { open } = require('../../mqueue.js');
  const [input, output] = [open(there), open(back)];
  const count = counter();
  input.on('message', (data) => {
    if (mode === MODES.echo) output.send(data);
    else count();
  });
}

/** A Unix socket of ferripc. */
async function overSocket(mode, path) {
  const { IPC } = require('../../index.js');
  const ipc = new IPC();
  Object.assign(ipc.config, CONFIG);
  ipc.serve(path);
  const count = counter();
  ipc.server.on('m', (data, socket) => {
    if (mode === MODES.echo) ipc.server.emit(socket, 'm', data);
    else count();
  });
  await ipc.server.start();
}

/**
 * AppView's server. Told a time in ms, it sleeps for that long and says which part of a processor it took. Then its
 * JavaScript thread is blocked for as long.
 */
function asked(pid) {
  const { AppViewServer } = require('../../appview.js');
  const server = new AppViewServer({ pid: Number(pid) });
  server.publish({ viewed: true, cfg: { text: 'x'.repeat(1000) } });
  server.start();
  process.once('message', (ms) => {
    const before = process.cpuUsage();
    setTimeout(() => {
      const { user, system } = process.cpuUsage(before);
      tell((user + system) / 1e3 / ms);
      process.once('message', () => {
        tell('blocked');
        blockFor(ms);
        tell('done');
      });
    }, ms);
  });
}

async function main([what, mode, ...places]) {
  process.on('disconnect', () => process.exit());
  if (what === 'queue') overQueues(mode, ...places);
  else if (what === 'socket') await overSocket(mode, ...places);
  else asked(mode);
  tell('ready');
}

main(process.argv.slice(2));
