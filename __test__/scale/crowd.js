'use strict';
// Many clients in a process of their own: so many at each of some places. They say who they are, count what comes, and answer
// requests. Told by lines on standard input when to report, and what to wait for.

const { IPC } = require('../..');
const { makeIPC, tcpPlace, unixPlace } = require('../helpers/world');

const [places, each] = JSON.parse(process.argv[2]);

const report = (value) => console.log(JSON.stringify(value));

/** Name -> `{news, mail, asked, aborted}`: what broadcasts, messages, questions and cancelled questions had. */
const got = new Map();
const waiting = [];

function look() {
  for (const one of [...waiting]) {
    if (
      ![...got].every(
        ([name, its]) =>
          !one.names(name) || its[one.list].length >= (one.more?.[name] ?? one.count),
      )
    ) {
      continue;
    }
    waiting.splice(waiting.indexOf(one), 1);
    report(Object.fromEntries([...got].map(([name, its]) => [name, its[one.list].splice(0)])));
  }
}

function note(name, list, value) {
  got.get(name)[list].push(value);
  look();
}

async function join({ options, config }, name) {
  const ipc = makeIPC(IPC, { ...config, retry: 500 });
  const at = options.path ? unixPlace(options.path) : tcpPlace(options.host, options.port);
  const client = await at.connectTo(ipc, 'server');
  got.set(name, { news: [], mail: [], asked: [], aborted: [] });
  client.on('news', (value) => note(name, 'news', value));
  client.on('mail', (value) => note(name, 'mail', value));
  client.handle('who', (data) => ({ name, data }));
  client.handle('fails', () => {
    throw Object.assign(new RangeError('out of range'), { code: 'ERR_X' });
  });
  client.handle('never', (data, { signal }) => {
    signal.addEventListener('abort', () => note(name, 'aborted', data));
    note(name, 'asked', data);
    return new Promise(() => {});
  });
  client.emit('hello', { name });
  return ipc;
}

async function main() {
  const all = [];
  for (const [index, place] of places.entries()) {
    for (let i = 0; i < each; i++) all.push(join(place, `client ${index}.${i}`));
  }
  const ipcs = await Promise.all(all);
  const lines = require('node:readline').createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { list, count, of, more, end } = JSON.parse(line);
    if (end) {
      for (const ipc of ipcs) ipc.disconnect('server');
      process.stdin.destroy();
      return;
    }
    waiting.push({ list, count, more, names: (name) => of === undefined || of.includes(name) });
    look();
  });
  report('ready');
}

main();
