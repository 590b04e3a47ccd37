'use strict';
// What peers send to the command that they should not: it is shown, or said to be wrong, and the command goes on.

const { commandOf } = require('../helpers/command');
const { malformed, odd } = require('../helpers/hostile');
const { onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run, start } = commandOf(world);

const NO_TEXT = { toString: 1 };
const DEEP = '['.repeat(50_000) + ']'.repeat(50_000);
const TOO_DEEP = /what came cannot be shown \(.*stack.*\)/;

const question = (fields) => JSON.stringify({ type: 'ferripc:request', data: fields });

describe('serve', () => {
  test.each([[[]], [['--json']], [['--echo']], [['--echo', '--quiet']]])('%j', async (options) => {
    const place = await world.place('unix');
    const server = start(['serve', place.options.path, '--count', `${odd.length + 5}`, ...options]);
    await server.says('listening');
    const peer = await world.peer(place);
    peer.writeFrames(...[...malformed, ...odd].map(({ frame }) => frame));
    const questions = [
      { id: 1, type: NO_TEXT },
      { id: NO_TEXT, type: 'x' },
      { id: 2, type: [[]], data: 7 },
      { type: 'y', data: 8 },
    ];
    peer.writeFrames(...questions.map(question), '{"type":"last"}');
    const { code, stdout, stderr } = await server.ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('Invalid JSON')]);
    expect(stderr).not.toMatch(/^ +at /m);
    const lines = stdout.trim().split('\n').slice(-5);
    if (options.includes('--quiet')) return expect(stdout).toBe('');
    expect(stderr).toMatch(new RegExp(`^ferripc: #1: ${TOO_DEEP.source}$`, 'm'));
    if (options.includes('--json')) {
      const type = 'ferripc:request';
      expect(lines.map(JSON.parse)).toEqual([
        { connection: 1, type, data: questions[0] },
        { connection: 1, request: true, type: 'x' },
        { connection: 1, type, data: questions[2] },
        { connection: 1, request: true, type: 'y', data: 8 },
        { connection: 1, type: 'last' },
      ]);
    } else {
      expect(lines).toEqual([
        '#1 ferripc:request {"id":1,"type":{"toString":1}}',
        '#1 request x',
        '#1 ferripc:request {"id":2,"type":[[]],"data":7}',
        '#1 request y 8',
        '#1 last',
      ]);
    }
  });
});

test('request, and send --wait: an answer that is nested too deeply', async () => {
  const place = await world.place('unix');
  const answers = {
    'ferripc:request': `{"type":"ferripc:reply","data":{"id":1,"data":${DEEP}}}`,
    ask: `{"type":"told","data":${DEEP}}`,
  };
  const server = await world.rawServer(place);
  const file = place.options.path;
  const results = [run(['request', file, 'x']), run(['send', file, 'ask', '--wait', 'told'])];
  for (let i = 0; i < results.length; i++) {
    const peer = await server.next();
    peer.message().then(({ type }) => peer.writeFrames(answers[type]));
  }
  for (const { code, stdout, stderr } of await Promise.all(results)) {
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^ferripc: (.*: )?${TOO_DEEP.source}\n$`));
  }
});

/** What `--wait` may be for, and the client itself reports as an event. */
const EVENTS = ['disconnect', 'destroy', 'error', 'connect', 'socket.disconnected'];

test.each(EVENTS)('send --wait %s: an event of its own is not the message', async (type) => {
  const place = await world.place('unix');
  const server = await world.rawServer(place);
  const args = ['send', place.options.path, 'ask', '--wait', type];
  const [left, answered] = [run(args), run([...args, '-t', '60000'])];
  const first = await server.next();
  await first.frame();
  first.writeFrames('no JSON', '{"type":"other"}');
  first.socket.end();
  const second = await server.next();
  await second.frame();
  second.writeFrames('no JSON', JSON.stringify({ type, data: 7 }));
  const results = await Promise.all([left, answered]);
  // Which of them has come first is not known.
  results.sort((a, b) => a.code - b.code);
  expect(results).toEqual([
    { code: 0, stdout: '7\n', stderr: '' },
    { code: 1, stdout: '', stderr: expect.stringContaining('without an answer') },
  ]);
});

onUnix.describe('tap', () => {
  const RECORDS = [
    { event: NO_TEXT },
    { event: '__proto__', time: NO_TEXT },
    { event: 'constructor', time: 1e300 },
    { event: 'open', peer: null, time: '2026' },
    { event: 'open', peer: { address: NO_TEXT } },
    { event: 'open', peer: { pid: NO_TEXT }, name: NO_TEXT },
    { event: 'open', connection: NO_TEXT },
    { event: 'error', code: NO_TEXT },
    { event: 'error', code: 'EPIPE', message: 'write EPIPE' },
    { event: 'dropped', direction: NO_TEXT, reason: NO_TEXT },
    { event: 'message', direction: NO_TEXT, type: NO_TEXT, bytes: NO_TEXT },
    { event: 'message', type: 'x' },
    { event: 'message', direction: 'toString', type: 'x', bytes: 1, text: NO_TEXT, cut: NO_TEXT },
    {},
  ];

  /** A program that calls itself a tap. Resolves with the command that reads it. */
  async function read(facts, ...options) {
    const place = await world.place('unix');
    const { path } = place.options;
    place.options = { path: `${path}.tap` };
    const tap = await world.rawServer(place);
    const running = start(['tap', path, '-n', '4', ...options]);
    const peer = await tap.next();
    await peer.frame();
    peer.send('tap.ready', facts);
    peer.writeFrames(
      `{"type":"tap.records","data":{"records":[{"event":"message","payload":${DEEP}}]}}`,
    );
    peer.send('tap.records', { records: [null, 1, ...RECORDS], skipped: NO_TEXT });
    peer.send('tap.records', { records: [{ event: 'message', direction: 'in', bytes: 1 }] });
    return running.ended;
  }

  test('for people', async () => {
    const unknown = '??:??:??.???';
    const object = '{"toString":1}';
    expect(await read({ id: NO_TEXT })).toEqual({
      code: 0,
      stderr: `tapping ${object} (pid ?), ? ?, connections: ?\n`,
      stdout: [
        '… 1 not shown',
        `${unknown}  ${object}`,
        `${unknown}  __proto__`,
        `${unknown}  constructor`,
        `${unknown}  open`,
        `${unknown}  open  ${object}:?`,
        `${unknown}  open  ${object} pid ${object}`,
        `${unknown}  open  #${object}`,
        `${unknown}  error  ${object}`,
        `${unknown}  error  EPIPE write EPIPE`,
        `${unknown}  dropped ${object}  bytes  ? B  ${object}`,
        `${unknown}  ${object}  bytes  ? B`,
        `${unknown}  ?  x  ? B`,
        `${unknown}  toString  x  1 B  ${object} …`,
        `${unknown}  ?`,
        `${unknown}  in   bytes  1 B`,
        '',
      ].join('\n'),
    });
  });

  test('for programs', async () => {
    const { code, stdout, stderr } = await read({ event: 'message', time: 'now', id: 7 }, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const [title, skipped, ...records] = stdout.trim().split('\n').map(JSON.parse);
    expect(title).toEqual({ event: 'tap', time: expect.stringMatching(/^20.*Z$/), id: 7 });
    expect(skipped).toEqual({ event: 'skipped', count: 1 });
    const last = { event: 'message', direction: 'in', bytes: 1 };
    expect(records).toEqual([...RECORDS, last].map((it) => ({ ...it, time: null })));
  });
});
