'use strict';
// Controllers of `ferripc/pixivutil2`: handlers of jobs, start and stop, misuse.

const { once } = require('node:events');
const { Controller, DownloadResult } = require('../../pixivutil2');
const { counter } = require('../helpers/events');
const { createWorld } = require('../helpers/world');
const { control, meet } = require('./meeting');
const { NodePeer, int32 } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();

describe('the handler of a job', () => {
  /** What a job is answered with whose handler this is. */
  async function codeOf(handler, errors = 0) {
    const { controller, heard } = await control(world);
    controller.onFfmpeg(handler).onAria2(handler);
    const agent = await meet(new NodePeer(world), controller);
    const code = await agent.task('FFMPEG_RET', await agent.task('FFMPEG_REQ', '-y'));
    expect(await agent.task('ARIA2', 'a', 'b')).toEqual(code);
    const all = await heard.all(2 + errors);
    return { code: code.readInt32LE(), errors: all.filter(([what]) => what !== 'handshake') };
  }

  test('returns an exit code, or nothing', async () => {
    expect(await codeOf(() => 5)).toEqual({ code: 5, errors: [] });
    expect(await codeOf(async () => {})).toEqual({ code: 0, errors: [] });
  });

  test('throws, or returns something else: 1, and an error', async () => {
    const thrown = () => {
      throw Object.assign(new Error('no'), { code: 'EXAMPLE' });
    };
    expect(await codeOf(thrown, 2)).toEqual({
      code: 1,
      errors: Array(2).fill(['EXAMPLE', undefined, undefined]),
    });
    const { code, errors } = await codeOf(() => 'done', 2);
    expect([code, errors[0][0]]).toEqual([1, 'ERR_INVALID_ARG_TYPE']);
  });

  test('fails: with a code that it says, or with 1, whatever it throws', async () => {
    const failing = (exitCode) => async () => {
      throw Object.assign(new Error('no'), { exitCode });
    };
    expect((await codeOf(failing(7), 2)).code).toBe(7);
    for (const odd of [0, 1.5, 2 ** 40, 'x', Symbol('x'), 5n, {}]) {
      expect([odd, (await codeOf(failing(odd), 2)).code]).toEqual([odd, 1]);
    }
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const handler = () => {
      throw proxy;
    };
    const { controller } = await control(world);
    controller.removeAllListeners('error').onFfmpeg(handler);
    const agent = await meet(new NodePeer(world), controller);
    const id = await agent.task('FFMPEG_REQ', '-y');
    expect(await agent.task('FFMPEG_RET', id)).toEqual(int32(1));
  });

  test('fails, and so does who hears of it: the agent is told, and the next job begins', async () => {
    const child = world.child(require.resolve('./fixture'), ['failing']);
    const agent = await meet(new NodePeer(world), { endpoints: await child.next() });
    for (let i = 0; i < 2; i++) {
      const id = await agent.task('FFMPEG_REQ', '-y');
      expect(await agent.task('FFMPEG_RET', id)).toEqual(int32(1));
      expect(await agent.task('ARIA2', 'a', 'b')).toEqual(int32(1));
    }
    expect(await child.next()).toEqual(Array(4).fill('heard of: no'));
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  });

  test('runs so many times at once, the others wait in order', async () => {
    const { controller } = await control(world, { maxParallelTasks: 2 });
    const ends = [];
    const begun = counter(controller, 'begun');
    controller.onFfmpeg(([name]) => {
      controller.emit('begun');
      return new Promise((resolve) => ends.push([name, resolve]));
    });
    const agent = await meet(new NodePeer(world), controller);
    const ids = [];
    for (const name of ['a', 'b', 'c', 'd']) ids.push(await agent.task('FFMPEG_REQ', name));
    const names = () => ends.map(([name]) => name);
    await begun.reaches(2);
    expect(names()).toEqual(['a', 'b']);
    ends[1][1](11);
    await begun.reaches(3);
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(await agent.task('FFMPEG_RET', ids[1])).toEqual(int32(11));
    ends[2][1](12);
    ends[0][1](10);
    await begun.reaches(4);
    ends[3][1](13);
    for (const [i, id] of ids.entries()) {
      expect(await agent.task('FFMPEG_RET', id)).toEqual(int32(10 + i));
    }
  });

  test('jobs beyond `maxTasks` are refused', async () => {
    const { controller, heard } = await control(world, { maxTasks: 2 });
    controller.onFfmpeg(() => new Promise(() => {}));
    const agent = await meet(new NodePeer(world), controller);
    for (let i = 0; i < 2; i++) expect(await agent.task('FFMPEG_REQ', '-y')).not.toEqual(int32(-1));
    expect(await agent.task('FFMPEG_REQ', '-y')).toEqual(int32(-1));
    expect((await heard.all(3)).at(-1)).toEqual([
      'ERR_PIXIVUTIL2_REFUSED',
      'FFMPEG_REQ',
      'too many jobs are under way',
    ]);
  });
});

describe('start and stop', () => {
  test('an agent that waits for a job is told that it has ended; so is the handler', async () => {
    const { controller } = await control(world);
    let aborted;
    const begun = new Promise((resolve) => {
      controller.onFfmpeg((args, agent, { signal }) => {
        aborted = once(signal, 'abort');
        resolve();
        return new Promise(() => {});
      });
    });
    const agent = await meet(new NodePeer(world), controller);
    const id = await agent.task('FFMPEG_REQ', '-y');
    await begun;
    const code = agent.task('FFMPEG_RET', id);
    const call = new NodePeer(world);
    await call.connect('x', controller.endpoints.task);
    await call.ask('x', ['FFMPEG_RET', int32(-1)]);
    await controller.stop();
    await aborted;
    expect(await code).toEqual(int32(-1));
  });

  test('can be called twice, and again', async () => {
    const { controller } = await control(world);
    const first = controller.endpoints;
    expect(await controller.start()).toBe(controller);
    expect(controller.endpoints).toBe(first);
    await Promise.all([controller.stop(), controller.stop()]);
    expect(controller.endpoints).toBe(null);
    await controller.stop();
    await Promise.all([controller.start(), controller.start()]);
    await meet(new NodePeer(world), controller);
    const stopped = controller.stop();
    await controller.start(); // waits for the end
    await stopped;
    await meet(new NodePeer(world), controller, 'again');
  });

  test('the last call counts, whatever is under way', async () => {
    const { controller } = await control(world);
    const calls = [controller.stop(), controller.start(), controller.stop()];
    await Promise.all(calls);
    expect(controller.endpoints).toBeNull();
    await Promise.all([controller.start(), controller.stop(), controller.start()]);
    expect(controller.endpoints).not.toBeNull();
  });

  test('an endpoint that is taken, or invalid', async () => {
    const { controller } = await control(world);
    const { comm } = controller.endpoints;
    const port = Number(/:(\d+)$/.exec(comm)[1]);
    const second = new Controller({ comm: 'tcp://127.0.0.1:0', task: comm });
    await expect(second.start()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: '127.0.0.1',
      port,
    });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await controller.stop();
    await second.start();
    await second.stop();
    for (const [task, message] of [
      ['tcp://127.0.0.1:70000', /"options.task".*over 65535/],
      ['tcp://example.com:1', /to bind, an IP address/],
    ]) {
      const wrong = new Controller({ comm: 'tcp://127.0.0.1:0', task });
      const error = await wrong.start().catch((it) => it);
      expect([error.name, error.code]).toEqual(['TypeError', 'ERR_INVALID_ARG_VALUE']);
      expect(error.message).toMatch(message);
    }
  });

  test('ipcOption', async () => {
    const at = (comm, task) => new Controller({ comm, task });
    expect(new Controller().ipcOption()).toBe(
      'PixivUtil2|tcp://127.0.0.1:6974|tcp://127.0.0.1:7469',
    );
    expect(at('tcp://*:1', 'tcp://[::]:2').ipcOption('a b')).toBe(
      'a b|tcp://127.0.0.1:1|tcp://[::1]:2',
    );
    const any = at('tcp://*:0', 'tcp://127.0.0.1:*');
    expect(() => any.ipcOption()).toThrow(
      expect.objectContaining({ code: 'ERR_PIXIVUTIL2_NOT_STARTED' }),
    );
    await any.start();
    world.after(() => any.stop());
    expect(any.ipcOption('x')).toMatch(/^x\|tcp:\/\/127\.0\.0\.1:\d+\|tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(() => any.ipcOption('a|b')).toThrow(/"identifier"/);
    expect(() => any.ipcOption('')).toThrow(/"identifier"/);
    const parts = at('ipc:///tmp/a|b', 'ipc:///tmp/c'); // no option can say it
    expect(() => parts.ipcOption()).toThrow('the endpoint ipc:///tmp/a|b, which has "|"');
  });
});

test('misuse is told by name', () => {
  for (const [options, expected] of [
    [null, /"options" argument/],
    [{ Comm: 'tcp://127.0.0.1:1' }, /"options.Comm" argument is not an option/],
    [{ comm: 1 }, /"options.comm" argument/],
    [{ task: '127.0.0.1:1' }, /"options.task" argument must be an endpoint/],
    [{ refusal: 'error' }, /"options.refusal" argument/],
    [{ maxParallelTasks: 0 }, /"options.maxParallelTasks" argument/],
    [{ maxTasks: '1' }, /"options.maxTasks" argument/],
    [{ maxQueuedBytes: -1 }, /"options.maxQueuedBytes" argument/],
    [{ maxMessageBytes: NaN }, /"options.maxMessageBytes" argument/],
    [{ maxConnections: null }, /"options.maxConnections" argument/],
    [{ connectionTimeout: 0 }, /"options.connectionTimeout" argument/],
    [{ heartbeatInterval: -1 }, /"options.heartbeatInterval" argument/],
    [{ heartbeatTimeout: 0 }, /"options.heartbeatTimeout" argument/],
    [{ ffmpeg: 1 }, /"options.ffmpeg" argument/],
    [{ ffmpeg: { shell: true } }, /"options.ffmpeg.shell" argument is not an option/],
    [{ ffmpeg: { path: 1 } }, /"options.ffmpeg.path" argument/],
    [{ ffmpeg: { args: '-y' } }, /"options.ffmpeg.args" argument/],
    [{ ffmpeg: { cwd: 1 } }, /"options.ffmpeg.cwd" argument/],
    [{ ffmpeg: { env: 1 } }, /"options.ffmpeg.env" argument/],
    [{ ffmpeg: { stdio: 'pipe' } }, /"options.ffmpeg.stdio" argument/],
    [{ ffmpeg: { killTimeout: 0 } }, /"options.ffmpeg.killTimeout" argument/],
  ]) {
    expect(() => new Controller(options)).toThrow(expected);
  }
  const controller = new Controller();
  expect(() => controller.onFfmpeg()).toThrow(/"handler" argument must be of type function/);
  expect(() => controller.onAria2({})).toThrow(/"handler" argument must be of type function/);
  expect(DownloadResult).toMatchObject({ NOT_OK: -1, OK: 0, ABORTED: 9999 });
  expect(Object.keys(DownloadResult)).toHaveLength(12);
});
