'use strict';
// What a program may do wrong: a TypeError names the argument, and nothing is started.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const ipc2 = require('../../ipc2');
const { createWorld } = require('../helpers/world');
const { onUnix } = require('../helpers/platform');
const { KINDS, SCRIPT, starter } = require('./workers');

const { WorkerSet, codec, connect, spawn } = ipc2;
const world = createWorld();
const start = starter(world);

test.each([
  ['workerCount', -1],
  ['workerCount', 1.5],
  ['workerCount', '2'],
  ['workerCount', 65536],
  ['workerPath', undefined],
  ['workerPath', 5],
  ['workerPath', ''],
  ['workerPath', 'a\0b'],
  ['request', 'u32'],
  ['request', { encode() {} }],
  ['response', null],
  ['args', 'a'],
  ['args', ['a', 5]],
  ['execArgv', {}],
  ['env', null],
  ['env', { 'a=b': 'c' }],
  ['env', { a: 'b\0' }],
  ['cwd', 5],
  ['stdio', 'pipe'],
  ['stdio', ['ignore', 'pipe']],
  ['stdio', ['ipc']],
  ['stdio', [-1]],
  ['stdio', ['ignore', 'ignore', 'ignore', 'ignore']],
  ['connectTimeout', -1],
  ['connectTimeout', NaN],
  ['connectTimeout', '1'],
  ['queue', true],
  ['queue', -1],
  ['respawn', 1],
  ['respawnIdle', 0],
  ['maxMessageBytes', 0],
  ['maxQueuedBytes', '1'],
])('%s(%j)', (name, value) => {
  expect(() => WorkerSet.builder()[name](value)).toThrow(TypeError);
  expect(() => WorkerSet.builder()[name](value)).toThrow(`"${name}`);
});

test.each([
  [[], 'first'],
  [[1], 'longest'],
])('backoff(...%j)', (args, name) => {
  expect(() => WorkerSet.builder().backoff(...args)).toThrow(`"${name}"`);
});

test('a set is not made by hand, and not without a path', async () => {
  expect(() => new WorkerSet()).toThrow(TypeError);
  await expect(WorkerSet.builder().finish()).rejects.toThrow(TypeError);
  await expect(WorkerSet.builder().finish()).rejects.toThrow(/^No worker path set!/);
  const builder = WorkerSet.builder().workerPath('/bin/true').execArgv(['-e']);
  await expect(builder.finish()).rejects.toThrow('"execArgv"');
});

test('spawn() and connect() refuse invalid options', async () => {
  await expect(spawn(SCRIPT, { detached: true })).rejects.toThrow('"options.detached"');
  await expect(spawn(SCRIPT, { workerPath: 'x' })).rejects.toThrow('"options.workerPath"');
  await expect(spawn(SCRIPT, { stdio: 'pipe' })).rejects.toThrow('"stdio"');
  await expect(spawn(SCRIPT, null)).rejects.toThrow('"options"');
  await expect(spawn(5)).rejects.toThrow('"workerPath"');
  await expect(connect({ path: 'x' })).rejects.toThrow('"options.path"');
  await expect(connect({ request: 5 })).rejects.toThrow('"options.request"');
  await expect(connect({ maxMessageBytes: -1 })).rejects.toThrow('"options.maxMessageBytes"');
  await expect(connect(null)).rejects.toThrow('"options"');
});

onUnix.test('the calls of a set', async () => {
  const set = await start(KINDS.Node('json').workerCount(1));
  for (const [call, name] of [
    [() => set.send(undefined), 'data'],
    [() => set.send(1, null), 'options'],
    [() => set.send(1, { signal: {} }), 'options.signal'],
    [() => set.send(1, { timeout: 5 }), 'options.timeout'],
    [() => set.sendUnidirectional(1, { queue: 1 }), 'options.queue'],
    [() => set.sendTimeout(1, 5, 'Error', { abort: 1 }), 'options.abort'],
    [() => set.sendTimeout(1, -1, 'Error'), 'ms'],
    [() => set.sendTimeout(1, '5', 'Error'), 'ms'],
    [() => set.sendTimeout(1, 5), 'action'],
    [() => set.sendTimeout(1, 5, 'toString'), 'action'],
    [() => set.sendUnidirectional(1n), 'data'],
    [async () => set.addWorker({}), 'worker'],
  ]) {
    const error = await call().catch((it) => it);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(`"${name}"`);
  }
  expect(await set.send(1)).toBe(1); // it is as before
  await expect(set.close({ timeout: -1 })).rejects.toThrow('"options.timeout"');
  await expect(set.close({ patience: 1 })).rejects.toThrow('"options.patience"');
  await expect(set.close(null)).rejects.toThrow('"options"');
  await set.close();
});

onUnix.test('a codec of the program’s own', async () => {
  const upper = {
    encode: (text) => codec.string.encode(text.toUpperCase()),
    decode: (bytes) => codec.string.decode(bytes).length,
  };
  const set = await start(KINDS.Node('bytes').workerCount(1).request(upper).response(upper));
  expect(await set.send('abc')).toBe(3);
  const wrong = { encode: () => 'text', decode: () => 1 };
  const other = await start(KINDS.Node('json').workerCount(1).request(wrong));
  await expect(other.send(1)).rejects.toThrow('"request.encode()"');
});

test('both names, and both kinds of modules', async () => {
  expect(require('../../workers')).toBe(ipc2);
  const text = `
    import * as ipc2 from 'ferripc/ipc2';
    import { WorkerSet, TimeoutAction, codec, connect, spawn } from 'ferripc/workers';
    console.log(Object.keys(ipc2).sort().join(), ipc2.WorkerSet === WorkerSet, typeof connect,
      typeof spawn, typeof codec.u8, TimeoutAction.Restart);`;
  const file = path.join(__dirname, '..', '..'); // by its own name
  const args = ['--input-type=module', '-e', text];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: file });
  const names = [
    ...Object.keys(ipc2),
    'default',
    ...(stdout.includes('module.exports') ? ['module.exports'] : []),
  ];
  expect(stdout).toBe(`${names.sort().join()} true function function object Restart\n`);
});
