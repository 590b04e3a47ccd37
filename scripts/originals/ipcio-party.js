'use strict';
// One end of ipcIO in a process of its own: [library, role, domain, name]. Started by ipcio-parties.js, and called over
// Node's own channel.

const [library, role, domain, name] = process.argv.slice(2);
const { Client, Server } = require(library);

const LONG = 1000;

/** What handlers have got since it was asked for last. */
const got = [];

/** Long texts of one letter by their length; what a burst carries by its number. */
function shown(data) {
  if (typeof data !== 'string' || data.length < LONG) return data;
  return data === 'x'.repeat(data.length) ? `${data.length} characters` : 'another text';
}

const handlers = {
  note({ data }) {
    got.push(shown(data));
  },
  part({ data }) {
    const [, number, rest] = /^(\d+) (x*)$/.exec(data) ?? [];
    got.push([Number(number), rest?.length]);
  },
  ask: ({ data }) => ({ got: data, of: role }),
  later: ({ data }) => new Promise((resolve) => setTimeout(resolve, 50, `later ${data}`)),
  reply({ socket, data }) {
    socket.writeCommand('note', `reply ${data}`);
  },
};

const it =
  role === 'server' ? new Server({ domain }, handlers) : new Client({ domain, name }, handlers);
it.on?.('error', () => {});

const calls = {
  take: () => got.splice(0),
  count: () => got.length,
  connected: () => it.isConnected?.() ?? it._is_connected,
  /** `count` messages of `length` letters at once: `args` come before the data. */
  many(method, count, length, ...args) {
    const rest = 'x'.repeat(length);
    for (let i = 0; i < count; i++) {
      Promise.resolve(it[method](...args, `${i} ${rest}`)).catch(() => {});
    }
  },
  /** Whether another client of this process may have that name. */
  async second(taken) {
    const other = new Client({ domain, name: taken });
    other.on?.('error', () => {});
    const answer = Promise.resolve(other.connect()).then(
      () => 'connected',
      ({ code }) => code,
    );
    return Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 1500, 'waits'))]);
  },
};

process.on('message', async ({ id, call, args }) => {
  const answer = { id };
  try {
    const run = calls[call] ?? ((...its) => it[call](...its));
    const value = await run(...args.map((arg) => (arg?.letters ? 'x'.repeat(arg.letters) : arg)));
    answer.value = value === it || value === undefined ? null : shown(value);
  } catch (error) {
    answer.value = `${error.code ?? error.message}`;
  }
  process.send(answer);
});

if (role === 'server') it.start();
setTimeout(() => process.send({ isReady: true }), role === 'server' ? 150 : 0);
