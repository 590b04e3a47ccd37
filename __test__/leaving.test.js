'use strict';
// When a message leaves: a program that emits something and then keeps its thread busy, waits for a child process or
// dies, as node-ipc's programs may. Each test is one process (fixtures/leaving.js), of ferripc on both drivers and of
// the old packages, whose other end is here: a peer of node:net, node:tls or node:dgram, which tells by a file that it
// has got a message. Not all combinations are played, but each night: see helpers/combinations.js. With FERRIPC_DRIVER=js
// it is the JavaScript engine's turn, without what Node puts off: over TLS all except the first message of a turn, and
// what is emitted before the connection is up (docs/installing.md).

const dgram = require('node:dgram');
const fs = require('node:fs');
const path = require('node:path');
const { each, pairs } = require('./helpers/combinations');
const { once } = require('./helpers/events');
const Peer = require('./helpers/peer');
const { TRANSPORTS, ownTls } = require('./helpers/places');
const { onUnix } = require('./helpers/platform');
const { createWorld, freePort } = require('./helpers/world');

const world = createWorld();
const ROOT = path.join(__dirname, '..');

const isJavaScript = process.env.FERRIPC_DRIVER === 'js';
const WITHOUT_BINARY = {
  name: 'ferripc without a binary',
  package: ROOT,
  env: { FERRIPC_DRIVER: 'js' },
};

/** Who runs fixtures/leaving.js: what it requires, and its environment. */
const SUBJECTS = isJavaScript
  ? [WITHOUT_BINARY]
  : [
      { name: 'ferripc', package: ROOT, env: { FERRIPC_DRIVER: '' } },
      { name: 'ferripc, tokio driver', package: ROOT, env: { FERRIPC_DRIVER: 'tokio' } },
    ];
const OLD = ['node-ipc-9', 'node-ipc-10'].map((name) => {
  return { name, package: require.resolve(name), env: {} };
});

/** No core dump of what aborts. */
const RUNTIME =
  process.platform === 'win32'
    ? undefined
    : ['sh', '-c', 'ulimit -c 0; exec "$0" "$@"', process.execPath];

/** As they are before there is a connection. */
const { abort, reallyExit } = process;

const HUNDRED = Array.from({ length: 100 }, (_, i) => `m${i}`);

/** `config.tls` as all packages take it. */
function tlsFiles(kind, side) {
  if (kind !== 'tls') return false;
  if (side === 'client') return { rejectUnauthorized: false };
  const { key, cert } = ownTls();
  const files = { private: world.file('server.key'), public: world.file('server.crt') };
  fs.writeFileSync(files.private, key);
  fs.writeFileSync(files.public, cert);
  return files;
}

let count = 0;

/** What the peers of one subject have got. */
class Ears {
  /** The messages of each peer. */
  heard = [];
  #folder = world.file(`heard-${count++}`);
  #ended = [];

  constructor() {
    fs.mkdirSync(this.#folder);
    for (const index of [0, 1, 2]) fs.writeFileSync(this.#file(index), '');
  }

  #file(index) {
    return path.join(this.#folder, `${index}`);
  }

  get folder() {
    return this.#folder;
  }

  /** A peer that listens from now on and tells by files; the first one does what it is asked for. */
  take(socket) {
    const peer = new Peer(socket);
    const own = [];
    this.heard.push(own);
    this.#ended.push(this.#listen(peer, own, this.heard.length - 1));
    peer.send('go', {});
  }

  async #listen(peer, own, index) {
    for (;;) {
      const message = await peer.message().catch(() => null);
      if (message === null) return;
      this.hear(message.data.trimEnd(), own, index, (frames) => peer.writeFrames(...frames));
    }
  }

  /** `write` sends frames all at once. */
  hear(message, own, index, write) {
    own.push(message);
    const [word, count] = message.split(' ');
    if (word !== 'give') {
      fs.appendFileSync(this.#file(index), `[${message}]`);
    } else if (index === 0) {
      const numbers = Array.from({ length: Number(count) }, (_, i) => i + 1);
      write(numbers.map((data) => JSON.stringify({ type: 'work', data })));
    }
  }

  /** Settles when all peers have seen the end. */
  async end() {
    await Promise.all(this.#ended);
  }
}

/** Runs a subject with peers; returns what it reports, and what they have got. */
async function play(kind, side, subject, act, more = {}) {
  const place = await world.place(kind);
  const ears = new Ears();
  const { options } = place;
  const { env } = subject;
  const given = {
    package: subject.package,
    side,
    options,
    tls: tlsFiles(kind, side),
    act,
    ...more,
  };
  const start = () =>
    world.child('leaving.js', [{ ...given, folder: ears.folder }], { env, runtime: RUNTIME });
  let child;
  if (side === 'client') {
    const server = place.createServer((socket) => {
      world.after(() => socket.destroy());
      ears.take(socket);
    });
    server.listen(options);
    world.after(() => server.close());
    await once(server, 'listening');
    child = start();
  } else {
    child = start();
    expect(await child.next()).toBe('listening');
    for (let i = 0; i < (side === 'broadcast' ? 3 : 1); i++) {
      const socket = place.dial();
      world.after(() => socket.destroy());
      await once(socket, place.up);
      ears.take(socket);
    }
  }
  const { lines, stderr } = await child.exited;
  await ears.end();
  return { lines, stderr, heard: ears.heard };
}

// The old packages show what is expected. Over TLS they hold messages back, and lose them.
const SIDES = ['client', 'server', 'broadcast'];
const KINDS = isJavaScript ? TRANSPORTS.filter((kind) => kind !== 'tls') : TRANSPORTS;
const ours = (things) => pairs({ kind: KINDS, subject: SUBJECTS, ...things }).map(named);
/** With what is shown by few: each value once. */
const some = (things) => each({ kind: KINDS, subject: SUBJECTS, ...things }).map(named);
const olds = (things) => each({ kind: ['unix'], subject: OLD, ...things }).map(named);
const named = (row) => ({ ...row, name: row.subject.name });

const BUSY = { side: SIDES };
test.each([...ours(BUSY), ...olds(BUSY)])(
  'over $kind, $side, $name: what is emitted leaves while the thread is busy',
  async ({ kind, side, subject }) => {
    const { lines, stderr } = await play(kind, side, subject, 'blocking');
    expect({ lines, stderr }).toEqual({ lines: ['done'], stderr: '' });
  },
  240_000,
);

const DYING = { side: SIDES, act: ['abort', 'kill', 'reallyExit'] };
test.each([...ours(DYING), ...olds(DYING)])(
  'over $kind, $side, $name: what is emitted has left before $act',
  async ({ kind, side, subject, act }) => {
    const { heard } = await play(kind, side, subject, act);
    expect(heard).toEqual(heard.map(() => HUNDRED));
  },
);

test.each(some({ side: SIDES }))(
  'over $kind, $side, $name: `flush` hands over what a burst has joined',
  async ({ kind, side, subject }) => {
    const { lines, heard } = await play(kind, side, subject, 'flushed');
    expect(lines).toEqual([{ flushed: true }, 'done']);
    const both = [...HUNDRED, ...HUNDRED.map((_, i) => `m${100 + i}`)]; // then it aborts
    expect(heard).toEqual(heard.map(() => both));
  },
);

const AT_THE_END = { act: ['exit', 'beforeExit', 'the handler of an uncaught exception'] };
test.each([...some(AT_THE_END), ...olds(AT_THE_END)])(
  'over $kind, $name: all that is emitted in $act leaves',
  async ({ kind, subject, act }) => {
    const { heard } = await play(kind, 'client', subject, act);
    expect(heard).toEqual([HUNDRED]);
  },
);

// Over TLS an I/O thread encrypts long messages, which it does not come to any more.
const LONG = {
  side: SIDES,
  act: ['kill, long', 'reallyExit, long', 'an uncaught exception, long'],
};
// Which is surest to show where there are several.
const SUREST = (isJavaScript ? [] : SUBJECTS).map((subject) => ({
  ...named({ subject, kind: 'tls', side: 'broadcast' }),
  act: 'kill, long',
}));
const isSurest = ({ kind, side, act }) =>
  kind === 'tls' && side === 'broadcast' && act === 'kill, long';
test.each([...ours(LONG).filter((row) => !isSurest(row)), ...SUREST, ...olds(LONG)])(
  'over $kind, $side, $name: a long message has left before $act',
  async ({ kind, side, subject, act }) => {
    const { heard } = await play(kind, side, subject, act);
    expect(heard).toEqual(heard.map(() => ['m0']));
  },
);

test.each(SIDES)(
  'over tls, %s, without a binary: a long message has left before kill, long',
  async (side) => {
    const { heard } = await play('tls', side, WITHOUT_BINARY, 'kill, long', { times: 2 });
    expect(heard).toEqual(heard.map(() => ['m0']));
  },
);

test.each(SIDES)(
  'over tls, %s, without a binary: the first message of a turn leaves while the thread is busy',
  async (side) => {
    const more = { firstOfTurn: true };
    const { lines, stderr } = await play('tls', side, WITHOUT_BINARY, 'blocking', more);
    expect({ lines, stderr }).toEqual({ lines: ['done'], stderr: '' });
  },
  240_000,
);

const IN_A_BURST = { act: ['exit in a burst', 'an uncaught exception'] };
test.each([...some(IN_A_BURST), ...olds(IN_A_BURST)])(
  'over $kind, $name: nothing is lost by $act',
  async ({ kind, subject, act }) => {
    const { heard } = await play(kind, 'server', subject, act);
    const count = act === 'an uncaught exception' ? 100 : 200;
    expect(heard).toEqual([Array.from({ length: count }, (_, i) => `m${i}`)]);
  },
);

const IN_A_WORKER = { act: ['exit', 'reallyExit'] };
test.each([...some(IN_A_WORKER), ...olds(IN_A_WORKER)])(
  'over $kind, $name: the same in a worker that ends by $act',
  async ({ kind, subject, act }) => {
    const { heard } = await play(kind, 'client', subject, act, { inWorker: true });
    expect(heard).toEqual([HUNDRED]);
  },
);

test.each(ours({ kind: TRANSPORTS }))(
  'over $kind, $name: in a `connect` handler',
  async ({ kind, subject }) => {
    const { lines } = await play(kind, 'client', subject, 'connect');
    expect(lines).toEqual(['done']);
  },
);

// Where the old packages, too, wait for the event loop: over TLS it has to look at the server first.
(isJavaScript ? test.skip : test).each(ours({ kind: ['unix', 'tcp'] }))(
  'over $kind, $name: before the connection is up',
  async ({ kind, subject }) => {
    const { lines } = await play(kind, 'client', subject, 'early');
    expect(lines).toEqual(['done']);
  },
);

describe('over udp', () => {
  /** A peer of node:dgram beside a server of ferripc. */
  async function playUdp(subject, act) {
    const ears = new Ears();
    const options = { host: '127.0.0.1', port: await freePort() };
    const { env } = subject;
    const given = { package: subject.package, side: 'udp', options, tls: false, act };
    const child = world.child('leaving.js', [{ ...given, folder: ears.folder }], {
      env,
      runtime: RUNTIME,
    });
    expect(await child.next()).toBe('listening');
    const peer = dgram.createSocket('udp4');
    world.after(() => peer.close());
    const heard = [];
    const send = (frames) => {
      for (const frame of frames) peer.send(`${frame}\f`, options.port, options.host);
    };
    const ended = new Promise((resolve) => {
      peer.on('message', (bytes) => {
        const { data } = JSON.parse(bytes.toString().slice(0, -1));
        ears.hear(data, heard, 0, send);
        if (data === HUNDRED.at(-1) && act !== 'blocking') resolve();
      });
    });
    send(['{"type":"go","data":{}}']);
    const { lines } = await child.exited;
    if (act !== 'blocking') await ended;
    return { lines, heard };
  }

  test.each(SUBJECTS)(
    '$name: what is emitted leaves while the thread is busy',
    async (subject) => {
      expect((await playUdp(subject, 'blocking')).lines).toEqual(['done']);
    },
    240_000,
  );

  onUnix.test.each(each({ subject: SUBJECTS, act: DYING.act }).map(named))(
    '$name: what is emitted has left before $act',
    async ({ act, subject }) => {
      expect((await playUdp(subject, act)).heard).toEqual(HUNDRED);
    },
  );
});

test('a burst is joined, until it is flushed', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place);
  const { client } = await world.meet(server, place);
  const text = JSON.stringify({ type: 'm', data: 'x' });
  let isJoined = false;
  for (let i = 1; i <= 1000; i++) {
    client.emit('m', 'x');
    isJoined ||= client.stats().bytesSent < i * (text.length + 1);
  }
  expect(isJoined).toBe(true);
  expect(client.flush()).toBe(true);
  expect(client.stats().bytesSent).toBe(1000 * (text.length + 1));
});

test('`flush` tells whether anything waits, and may be called at any time', async () => {
  const place = await world.place('unix');
  const ipc = world.ipc();
  expect(ipc.flush()).toBe(true);
  expect(Object.keys(ipc)).not.toContain('flush');
  const { next } = await world.rawServer(place);
  place.connectTo(ipc, 'server');
  const client = ipc.of.server;
  expect(client.flush()).toBe(true);
  client.emit('m', 1);
  expect(client.flush()).toBe(false); // it waits for the connection
  await once(client, 'connect');
  const peer = await next();
  expect(await peer.message()).toEqual({ type: 'm', data: 1 });
  expect(ipc.flush()).toBe(true);
  peer.socket.pause();
  while (client.emit('m', 'x'.repeat(100_000)));
  expect(client.flush()).toBe(false); // the peer does not read
  expect(ipc.flush()).toBe(false);
  peer.socket.resume();
  await once(client, 'drain');
  expect(client.flush()).toBe(true);
  ipc.disconnect('server');
  expect(client.flush()).toBe(true);
  expect(ipc.flush()).toBe(true);
});

test('the calls that end a process are Node’s again after the last connection, or what somebody has put there', async () => {
  const server = await world.serve(await world.place('unix'));
  expect([process.abort, process.reallyExit]).not.toEqual([abort, reallyExit]);
  expect(process.abort).toHaveProperty('name', 'abort');
  const theirs = () => {};
  process.reallyExit = theirs;
  await server.stop();
  while (process.abort !== abort) await new Promise((resolve) => setImmediate(resolve));
  expect(process.reallyExit).toBe(theirs);
  process.reallyExit = reallyExit;
  await server.start();
  expect([process.abort, process.reallyExit]).not.toContain(reallyExit);
  expect(process.abort).not.toBe(abort);
});
