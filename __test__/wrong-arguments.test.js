'use strict';
// Arguments of the wrong kind: each is refused at once, by an error that names it.

const { AppViewClient, AppViewServer } = require('../appview');
const { WorkerSet, connect } = require('../ipc2');
const mqueue = require('../mqueue');
const { Agent, Controller } = require('../pixivutil2');
const { onLinux } = require('./helpers/platform');

const cannotBeText = {
  toString() {
    throw new Error('toString');
  },
};

/** What no option takes for a number. */
const NO_NUMBERS = [NaN, -1, 2 ** 53, 5n, Symbol('x'), [], [5], null, true, '5', cannotBeText];

/** What `act` fails with, now or later. */
async function failureOf(act) {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return undefined;
}

async function refuses(name, act, values) {
  for (const value of values) {
    const error = await failureOf(() => act(value));
    const what = `${typeof value} ${typeof value === 'object' ? '' : String(value)}`;
    expect({ what, shown: error?.message }).toEqual({
      what,
      shown: expect.stringMatching(`^The "${name}`),
    });
    expect([TypeError, RangeError]).toContain(error.constructor);
    expect(error.code).toMatch(/^ERR_(INVALID_ARG_(TYPE|VALUE)|OUT_OF_RANGE)$/);
  }
}

const controller = (options) => new Controller(options);
const agent = (options) =>
  Agent.connect({ comm: 'tcp://127.0.0.1:1', task: 'tcp://127.0.0.1:1', ...options });

test.each([
  ['AppViewClient', (it) => new AppViewClient(1, it), 'timeout,msgsize,maxResponseBytes'],
  ['AppViewServer', (it) => new AppViewServer(it), 'pid,pollMs,handlerTimeout'],
  [
    'open',
    (it) => mqueue.open('/x', { create: true, ...it }),
    'maxmsg,msgsize,mode,maxQueuedBytes',
  ],
  ['Controller', controller, 'maxParallelTasks,maxTasks,maxQueuedBytes,maxMessageBytes'],
  ['Controller', controller, 'maxConnections,connectionTimeout,heartbeatInterval,heartbeatTimeout'],
  ['ffmpeg', (it) => new Controller({ ffmpeg: it }), 'killTimeout', 'options.ffmpeg.'],
  ['Agent.connect', agent, 'handshakeTimeout,notifyTimeout,jobTimeout,maxMessageBytes'],
  ['connect', connect, 'maxMessageBytes'],
])('%s: numbers', async (call, act, names, prefix = 'options.') => {
  for (const name of names.split(',')) {
    await refuses(prefix + name, (value) => act({ [name]: value }), NO_NUMBERS);
  }
});

test('methods of a builder: numbers', async () => {
  const methods = ['workerCount', 'queue', 'maxMessageBytes', 'maxQueuedBytes', 'connectTimeout'];
  for (const name of methods) {
    await refuses(name, (value) => WorkerSet.builder()[name](value), NO_NUMBERS);
  }
  await refuses('stdio', (value) => WorkerSet.builder().stdio(value), [-1, 2 ** 53, Symbol('x')]);
});

test('invalid options', async () => {
  const none = [[], ['x'], null, 5, 'x', Symbol('x'), () => {}];
  await refuses('options', (it) => new AppViewClient(1, it), none);
  await refuses('options', (it) => new AppViewServer(it), none);
  await refuses('options', (it) => mqueue.open('/x', it), none);
  await refuses('options', controller, none);
  await refuses('options', (it) => Agent.connect(it), none);
  await refuses('options.ffmpeg', (it) => new Controller({ ffmpeg: it }), none);
  await refuses('options', (it) => connect(it), none);
});

test('what a program is started with', async () => {
  // eslint-disable-next-line no-sparse-arrays
  const noLists = ['x', [5], [Symbol('x')], [, 'x'], ['a\0b'], {}];
  const noPaths = ['', 'a\0b', 5, Symbol('x'), ['x']];
  const noVariables = [
    [],
    5,
    { A: Symbol('x') },
    { A: cannotBeText },
    { A: 'a\0b' },
    { 'a=b': '' },
  ];
  for (const [prefix, set] of [
    ['', (name, value) => WorkerSet.builder()[name](value)],
    ['options.ffmpeg.', (name, value) => new Controller({ ffmpeg: { [name]: value } })],
  ]) {
    await refuses(`${prefix}args`, (it) => set('args', it), noLists);
    await refuses(`${prefix}cwd`, (it) => set('cwd', it), noPaths);
    await refuses(`${prefix}env`, (it) => set('env', it), noVariables);
  }
  await refuses('options.ffmpeg.path', (path) => new Controller({ ffmpeg: { path } }), noPaths);
});

onLinux.describe('what has no JSON', () => {
  const circle = {};
  circle.circle = circle;
  const none = [{ a: 1n }, circle, { get: { toJSON: () => 1n } }];

  test('published', async () => {
    const server = new AppViewServer();
    await refuses('parts.cfg', (cfg) => server.publish({ cfg }), none);
    await refuses('parts.cfg', (cfg) => server.publish({ cfg: { current: 5, ...cfg } }), none);
    await refuses('parts.interfaces', (it) => server.publish({ interfaces: [it] }), none);
    await refuses('parts.details', (details) => server.publish({ details }), none);
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
      const parts = JSON.parse(`{"${name}":true}`);
      await refuses(`parts.${name}`, (it) => server.publish(it), [parts]);
    }
    await refuses('name', (it) => server.handle(6, () => {}, it), [5, Symbol('x'), cannotBeText]);
    await refuses('command', (it) => server.handle(it, () => {}), [0, 5, ...NO_NUMBERS.slice(2)]);
  });

  test('sent', async () => {
    const client = new AppViewClient(process.pid, { timeout: 1 });
    await refuses('fields', (it) => client.request(9, it), none);
    await refuses('cfg', (it) => client.setConfig(it), [...none, { toJSON() {} }, new Date(0)]);
  });
});
