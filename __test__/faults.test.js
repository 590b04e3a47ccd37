'use strict';
// A selection of `npm run faults`: system calls of the addon's that fail, and what becomes of it. What libuv repeats (a signal
// in between) or passes over (a peer that has gone before it was accepted) is no error with Node's own sockets, and
// none here; whatever else the system refuses is told with the system's code, and the process goes on: after each case
// talker.js has a talk without faults, and looks whether all descriptors are back.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Talker, play, verdict } = require('../bench/faults/calls');
const { Control, compile } = require('../bench/faults/shim');
const { createWorld } = require('./helpers/world');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-faults-'));
const { library, missing } = compile(folder);
const driver = process.env.FERRIPC_DRIVER === 'tokio' ? 'tokio' : 'loop';
const [when, title] = missing
  ? [describe.skip, `left out: ${missing}`]
  : [describe, 'a system call fails'];

/** A guard for a busy machine; no case takes a second. */
const talker = new Talker({ library, folder, driver, watchdog: 60_000 });

afterAll(() => {
  talker.end();
  fs.rmSync(folder, { recursive: true, force: true });
});

const world = createWorld();

const STREAMS = ['unix', 'tcp', 'tls'];

/** Everything goes on; nobody is told. */
const NOTHING = { started: true, done: true, connections: 1, errors: [] };
/** The connection ends, and the next one is served. */
const again = (code) => ({
  started: true,
  done: true,
  connections: 2,
  errors: expect.arrayContaining([code]),
});
/** The listener goes on, and the client's connection waits for it. */
const later = (code) => ({ started: true, done: true, connections: 1, errors: [code] });
/** `start()` is rejected, and there is the event, too. */
const refused = (code) => ({ started: false, connections: 0, errors: [code, code] });

const OF_ALL = [
  ['connect', 'EINTR', NOTHING],
  ['accept4', 'EINTR', NOTHING],
  ['accept4', 'ECONNABORTED', NOTHING],
  ['accept4', 'EMFILE', later('EMFILE')],
  ['recv', 'EINTR', NOTHING],
  ['send', 'EINTR', NOTHING],
  ['socket', 'EMFILE', refused('EMFILE')],
  ['bind', 'EACCES', refused('EACCES')],
  ['epoll_create1', 'ENFILE', refused('ENFILE')],
  ['pthread_create', 'EAGAIN', refused('EAGAIN')],
];

const CASES = [
  ...STREAMS.flatMap((transport) => OF_ALL.map((it) => [transport, ...it])),
  ['unix', 'recv', 'ECONNRESET', again('ECONNRESET')],
  ['tcp', 'recv', 'ECONNRESET', again('ECONNRESET')],
  ['tls', 'recv', 'ECONNRESET', { ...again('ECONNRESET'), connections: 1 }], // the first was none yet
  ['unix', 'listen', 'EADDRINUSE', refused('EADDRINUSE')],
  ['unix', 'shutdown', 'ENOTCONN', NOTHING],
  ['tcp', 'close', 'EINTR', NOTHING],
  // Who asked for any port could not tell anybody where to connect.
  ['tcp', 'getsockname', 'ENOBUFS', refused('ENOBUFS')],
  ['udp', 'bind', 'EACCES', refused('EACCES')],
  ['udp', 'sendto', 'ENOBUFS', { started: true, done: true, errors: ['ENOBUFS'] }],
  ['udp', 'recvmmsg', 'EINTR', { started: true, done: true, errors: [] }],
  // What cannot be locked is not removed either; a server starts all the same.
  ['unix', 'flock', 'ENOLCK', NOTHING],
  // The other systems: what is refused is told, and can be tried again.
  ['ipcio', 'accept4', 'EMFILE', { done: true, errors: ['EMFILE'] }],
  ['ipcio', 'recv', 'ECONNRESET', { done: true, errors: expect.arrayContaining(['ECONNRESET']) }],
  ['zmtp', 'bind', 'EACCES', { errors: ['EACCES'] }],
  // Memory beside a message: it goes as bytes instead, or is copied; what has come and is not to be had is told.
  ['values', 'memfd_create', 'EMFILE', NOTHING],
  ['values', 'sendmsg', 'ENOBUFS', NOTHING],
  ['values', 'mmap', 'ENOMEM', NOTHING],
  ['values', 'recvmsg', 'EINTR', NOTHING],
  ['values', 'fstatfs', 'ENOMEM', { ...NOTHING, errors: ['ERR_FERRIPC_INVALID_MESSAGE'] }],
  ['mqueue', 'mq_open', 'EMFILE', { done: true, errors: ['EMFILE'] }],
  ['mqueue', 'mq_timedsend', 'EINTR', { done: true, errors: [] }],
  ['mqueue', 'pthread_create', 'EAGAIN', { errors: expect.arrayContaining(['EAGAIN']) }],
  ['appview', 'pthread_create', 'EAGAIN', { errors: ['EAGAIN'] }],
];

when(title, () => {
  test.each(CASES)('%s: %s, %s', async (transport, call, error, expected) => {
    const result = await talker.play({ transport, call, error });
    expect({ ...result, verdict: verdict(result) }).toMatchObject({
      ...expected,
      failed: 1,
      wrong: [],
      verdict: null,
    });
  });
});

/** What there is of memory beside messages; without any of it, all goes as bytes. */
const MEMORY = [
  ['memfd_create', 'EPERM'],
  ['memfd_create', 'ENOSYS'],
  ['fstatfs', 'ENOSYS'],
  ['lseek64', 'EINVAL'],
  ['pread64', 'EPERM'],
  ['mmap', 'ENOMEM'],
];

when(missing ? title : 'memory beside messages: the system never has', () => {
  test.each(MEMORY)('%s, %s: nothing is lost', async (call, error) => {
    talker.end();
    const fault = { transport: 'values', call, error, times: 1e6, when: 'first' };
    const result = await talker.play(fault);
    expect(result).toMatchObject({ ...NOTHING, wrong: [] });
    expect(result.failed).toBeGreaterThan(0);
    talker.end();
  });
});

/** What goes on for as long as there is no memory, 300 ms, and then as if nothing had been: `[transport, when, calls]`. */
const OUTAGES = [
  ['udp', 'up', ['recvmmsg']],
  ['udp', 'up', ['recvmmsg', 'epoll_ctl']], // nor can another thread watch it
  ['unix', 'parting', ['epoll_ctl']],
  ['tcp', 'parting', ['epoll_ctl']],
  ['tls', 'parting', ['epoll_ctl']],
];

when(missing ? title : 'no memory for a while', () => {
  test.each(OUTAGES)('%s, %s: %j', async (transport, moment, calls) => {
    const mixed = Object.fromEntries(calls.map((call) => [call, 'ENOMEM']));
    const fault = { transport, when: moment, mixed, seed: 1, oneIn: 1 };
    const result = await talker.play(fault);
    expect(result).toMatchObject({ started: true, done: true, wrong: [] });
    const told = new Set(result.errors);
    expect([...told]).toEqual(transport === 'udp' ? ['ENOMEM'] : []);
    // Where this thread watches a connection, another one has to when it closes.
    if (transport === 'udp' || (driver === 'loop' && transport !== 'tls'))
      expect(result.failed).toBeGreaterThan(0);
  });
});

/** A write that fails, each in its turn: what comes is in order, without a gap, and then the connection is another one. */
const WRITES = STREAMS.flatMap((transport) =>
  ['send', 'sendmsg'].flatMap((call) => [0, 1, 2, 4, 7].map((first) => [transport, call, first])),
);

when(missing ? title : 'a write fails', () => {
  test.each(WRITES)('%s: %s number %i', async (transport, call, first) => {
    const result = await talker.play({ transport, call, error: 'ENOBUFS', first });
    expect({ ...result, verdict: verdict(result) }).toMatchObject({
      started: true,
      done: true,
      wrong: [],
      verdict: null,
    });
  });
});

const isWhole = !process.config.variables.node_shared_libuv; // else Node's calls are libuv's
(isWhole ? when : describe.skip)(
  missing ? title : "Node's own sockets, with the same calls",
  () => {
    test.each(
      ['unix', 'tcp'].flatMap((kind) =>
        OF_ALL.filter(([, , expected]) => expected === NOTHING)
          .filter(([call]) => call === 'connect' || call === 'accept4') // the others are of Node's channels, too
          .map(([call, error]) => [kind, call, error]),
      ),
    )('%s: %s, %s: nobody is told either', async (kind, call, error) => {
      const { options } = await world.place(kind);
      const file = world.file();
      new Control(file).close();
      const env = { LD_PRELOAD: library, FERRIPC_FAULTS: file, FERRIPC_FAULTS_OF: 'node' };
      const child = world.child('faults-of-node.js', [options, { call, error }], { env });
      expect(await child.next()).toEqual({ errors: [], failed: 1 });
    });
  },
);

// What the figures of the report rest on.
when(missing ? title : 'a fault that is not told', () => {
  test.each([
    [{ wrong: ['hangs'], errors: [] }, 'hangs'],
    [{ wrong: [], started: true, errors: ['EMFILE'] }, 'does not come to an end: ["EMFILE"]'],
    [{ wrong: [], started: false, errors: [] }, 'did not start, and nobody was told'],
    [
      { wrong: [], started: true, done: true, connections: 2, errors: [] },
      'a connection was lost, and nobody was told',
    ],
  ])('%j is found', async (result, said) => {
    const told = [];
    const row = await play({ play: async () => result }, [{}], (fault, it) => told.push(it));
    expect(told).toEqual([said]);
    expect(row).toMatchObject({ times: 1, told: 0, wrong: [{ is: said }] });
  });
});
