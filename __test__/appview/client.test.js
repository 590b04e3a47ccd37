'use strict';
// AppViewClient against a server that uses plain queues: its frames, what it takes for a response, and that its queues
// are gone afterwards, whatever happens.

const fs = require('node:fs');
const { AppViewClient, AppViewServer } = require('../../appview');
const { ALONE, aloneTest, mayRun } = require('../helpers/alone');
const { onLinux } = require('../helpers/platform');
const { nobody, remove } = require('../helpers/queues');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');
const { Asker, answerer, left, names, recording, requestFrames } = require('./peers');

const world = createWorld();
const fixture = (...args) => world.child(require.resolve('./fixture'), args);

/** A client of nobody, which is patient. */
function ask(options) {
  const pid = nobody();
  return { pid, client: new AppViewClient(pid, { timeout: 60_000, ...options }) };
}

/** Whether what is left of two conversations, one with `act`, is nothing. */
async function play(act, serve, options) {
  const { pid, client } = ask(options);
  const answering = answerer(world, pid, options?.prefix);
  const peer = answering.then(serve);
  const [result] = await Promise.allSettled([act(client), peer]);
  await peer;
  const { input, output } = await answering;
  for (const queue of [input, output]) queue.close(); // as many count as are open, of all tests
  expect(left(pid, options?.prefix)).toEqual([]);
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

onLinux.describe('requests', () => {
  test.each([
    ['supportedCommands', [], '{"req":0}', { status: 200, commands_meta: [] }],
    ['status', [], '{"req":1}', { status: 200, viewed: true }],
    ['config', [], '{"req":2}', { cfg: { current: {} }, status: 200 }],
    ['setConfig', [{ a: 1 }], '{"req":3,"cfg":{"a":1}}', { status: 200 }],
    ['transportStatus', [], '{"req":4}', { status: 200, interfaces: [] }],
    ['processDetails', [], '{"req":5}', { status: 200, pid: 1, uuid: '', id: '', machine_id: '' }],
  ])('%s', async (method, args, expected, body) => {
    const serve = async (peer) => {
      const { frames, text, uniq } = await peer.request();
      expect([text, frames]).toEqual([expected, requestFrames(text, uniq)]);
      expect(peer.input.attr()).toEqual({ maxmsg: 10, msgsize: 8192, curmsgs: 0 });
      expect(peer.output.attr()).toEqual({ maxmsg: 10, msgsize: 8192, curmsgs: 0 });
      await peer.answer(JSON.stringify(body), uniq);
    };
    expect(await play((client) => client[method](...args), serve)).toEqual(body);
  });

  test('are framed as the recorded ones', async () => {
    const lines = recording('client-requests.txt').filter((it) => it.includes('"uniq":9879'));
    const cfg = { x: '' };
    cfg.x = 'x'.repeat(20_671 - JSON.stringify({ req: 3, cfg }).length);
    const serve = async (peer) => {
      const { frames, uniq } = await peer.request();
      const shown = frames.map((frame) => {
        const meta = String(frame.subarray(0, frame.indexOf(0))).replace(`:${uniq},`, ':9879,');
        return [frame.length - String(uniq).length + 4, meta];
      });
      // A shorter number leaves room for more data: compared is what the recorded number had left.
      expect(shown.length).toBe(lines.length);
      expect(frames[0].length).toBe(8192);
      expect(shown[0][1]).toBe(/meta=(\S+)/.exec(lines[0])[1]);
      await peer.answer('{"status":200}', uniq);
    };
    await play((client) => client.setConfig(cfg), serve);
  });

  test('in more frames than a queue holds, both ways, and at any cut', async () => {
    const text = 'é€😀\0"\\'.repeat(9_000);
    const serve = async (peer) => {
      const request = await peer.request();
      expect(request.frames.length).toBeGreaterThan(10);
      expect(JSON.parse(request.text)).toEqual({ req: 77, text });
      await peer.answer(JSON.stringify({ status: 200, text }), request.uniq);
    };
    const response = await play((client) => client.request(77, { text }), serve);
    expect(response).toEqual({ metaStatus: 200, status: 200, body: { status: 200, text } });
  });

  test('of AppScope', async () => {
    const serve = async (peer) => {
      const { uniq } = await peer.request();
      await peer.answer('{"status":200,"scoped":false}', uniq);
    };
    const prefix = 'ScopeIPC';
    expect(await play((client) => client.status(), serve, { prefix })).toEqual({
      status: 200,
      scoped: false,
    });
  });

  test('inspect() puts three answers together, and requests of one client wait for each other', async () => {
    const { pid, client } = ask();
    const server = new AppViewServer({ pid }).start();
    world.after(() => server.stop());
    server.publish({ cfg: { a: 1 }, interfaces: [{ name: 'log' }], details: { uuid: 'u' } });
    const all = await Promise.all([client.inspect(), client.status(), client.inspect()]);
    const shown = {
      cfg: { current: { a: 1 } },
      interfaces: [{ name: 'log' }],
      process: { pid, uuid: 'u', id: '', machine_id: '' },
    };
    expect(all).toEqual([shown, { status: 200, viewed: false }, shown]);
    expect(left(pid)).toEqual([]);
  });
});

onLinux.describe('statuses', () => {
  const answering = (text) => async (peer) => {
    const { uniq } = await peer.request();
    await peer.answer(text, uniq);
  };

  test('of the command', async () => {
    const body = { status: 501 };
    const serve = answering(JSON.stringify(body));
    const request = (client) => client.request(99);
    expect(await play(request, serve)).toEqual({ metaStatus: 200, status: 501, body });
    const expected = {
      code: 'ERR_APPVIEW_STATUS',
      command: 99,
      status: 501,
      metaStatus: 200,
      body,
    };
    const throwing = (client) => client.request(99, {}, { throwOnStatus: true });
    await expect(play(throwing, serve)).rejects.toMatchObject(expected);
    await expect(play(request, serve, { throwOnStatus: true })).rejects.toMatchObject(expected);
    await expect(play((client) => client.status(), serve)).rejects.toMatchObject({ status: 501 });
  });

  test('of the frames', async () => {
    for (const uniqOf of [(uniq) => uniq, () => -1]) {
      const serve = async (peer) => {
        const { uniq } = await peer.request();
        await peer.send(`{"status":400,"uniq":${uniqOf(uniq)},"remain":0}`);
      };
      expect(await play((client) => client.request(1), serve)).toEqual({
        metaStatus: 400,
        status: 400,
        body: null,
      });
    }
  });

  test.each([
    ['not JSON', 'x', /not a JSON object/],
    ['not an object', '[]', /not a JSON object/],
    ['what has no status', '{}', /not a JSON object/],
  ])('%s is an error', async (_, text, message) => {
    const result = play((client) => client.request(1), answering(text));
    await expect(result).rejects.toMatchObject({
      code: 'EBADMSG',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['no META', () => ['x']],
    ['no data that is not the last', (uniq) => [`{"status":206,"uniq":${uniq},"remain":0}\0`]],
    ['no remain', (uniq) => [`{"status":200,"uniq":${uniq}}\0{}`]],
    ['another uniq', (uniq) => [`{"status":200,"uniq":${uniq + 1},"remain":2}\0{}`]],
    [
      'a remain that grows',
      (uniq) => [
        `{"status":206,"uniq":${uniq},"remain":2}\0{`,
        `{"status":200,"uniq":${uniq},"remain":3}\0}`,
      ],
    ],
  ])('a frame with %s is an error', async (_, frames) => {
    const serve = async (peer) => peer.send(...frames((await peer.request()).uniq));
    await expect(play((client) => client.request(1), serve)).rejects.toMatchObject({
      code: 'EBADMSG',
      syscall: 'mq_receive',
    });
  });

  test('a response has a limit', async () => {
    const serve = answering(JSON.stringify({ status: 200, text: 'x'.repeat(9000) }));
    const result = play((client) => client.request(1), serve, { maxResponseBytes: 9000 });
    await expect(result).rejects.toMatchObject({ code: 'EMSGSIZE' });
  });
});

onLinux.describe('queues', () => {
  test('time out', async () => {
    const { pid, client } = ask({ timeout: 5 });
    await expect(client.status()).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringContaining('does not take the request'),
    });
    await expect(client.setConfig({ x: 'x'.repeat(90_000) })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      syscall: 'mq_send',
    });
    expect(left(pid)).toEqual([]);
  });

  test('time out where a request is taken and not answered', async () => {
    const serve = async (peer) => void (await peer.request());
    const status = (client) => client.status();
    await expect(play(status, serve, { timeout: 1000 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringContaining('does not answer'),
    });
  });

  test('of another program are waited for, reported, or replaced', async () => {
    const { pid, client } = ask();
    const server = new AppViewServer({ pid }).start();
    world.after(() => server.stop());
    const other = new Asker(world, pid);
    const impatient = new AppViewClient(pid, { timeout: 5 });
    await expect(impatient.status()).rejects.toMatchObject({
      code: 'EEXIST',
      message: expect.stringContaining('left its queues behind'),
    });
    const asked = client.status();
    setImmediate(() => other.leave());
    expect(await asked).toMatchObject({ status: 200 });
    const stale = new Asker(world, pid);
    await stale.send(...requestFrames('{"req":1}', 1));
    const options = { timeout: 1000, replaceStale: true };
    const replacing = new AppViewClient(pid, options);
    expect(await replacing.status()).toMatchObject({ status: 200 });
    expect(left(pid)).toEqual([]);
  });

  test('that were removed meanwhile: the error says so, and queues of other programs with the same names are left', async () => {
    const { pid, client } = ask({ timeout: 500 });
    const asked = client.status();
    asked.catch(() => {});
    while (left(pid).length < 2) await new Promise(setImmediate);
    names(pid).forEach(remove);
    const other = new Asker(world, pid);
    await expect(asked).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringContaining('removed the queues'),
    });
    expect(left(pid)).toEqual(names(pid));
    other.leave();
  });

  test('one of the two alone is there: neither is left, but what was there', async () => {
    const { pid } = ask();
    const { open } = require('../../mqueue');
    const [, output] = names(pid);
    const queue = open(output, { create: true });
    world.after(() => queue.close());
    world.after(() => queue.unlink());
    const impatient = new AppViewClient(pid, { timeout: 5 });
    await expect(impatient.status()).rejects.toMatchObject({ code: 'EEXIST' });
    expect(left(pid)).toEqual([output]);
  });

  test('cannot be made', async () => {
    const pid = nobody();
    const { code, lines, stderr } = await fixture('limit', pid).exited;
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([expect.objectContaining({ code: 'EMFILE', syscall: 'mq_open' })]);
    expect(left(pid)).toEqual([]);
  });

  aloneTest('four conversations at a time are what the usual limit has room for', async () => {
    const runtime = [...ALONE, process.execPath];
    const child = world.child(require.resolve('./fixture'), ['usual', nobody()], { runtime });
    const { code, lines, stderr } = await child.exited;
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([2, 2, 2, 2, { code: 'EMFILE', syscall: 'mq_open' }]);
  });

  test.each([
    ['process.exit()', 'exit', { code: 3, signal: null }],
    ['an uncaught exception', 'throw', { code: 1, signal: null }],
    ['SIGTERM', 'SIGTERM', { code: null, signal: 'SIGTERM' }],
    ['SIGINT', 'SIGINT', { code: null, signal: 'SIGINT' }],
    ['SIGHUP', 'SIGHUP', { code: null, signal: 'SIGHUP' }],
    ['SIGQUIT', 'SIGQUIT', { code: null, signal: 'SIGQUIT' }],
    ['a signal that the program handles', 'handled', { code: 0, signal: null }],
    ['the end of a worker', 'worker', { code: 0, signal: null }],
  ])('are gone after %s', async (_, mode, end) => {
    const pid = nobody();
    const child = fixture(mode, pid);
    expect(await child.next()).toEqual(names(pid)); // what was there meanwhile
    if (mode.startsWith('SIG')) child.process.kill(mode);
    if (mode === 'handled') {
      child.process.kill('SIGTERM');
      expect(await child.next()).toBe('SIGTERM');
      const peer = await answerer(world, pid);
      await peer.answer('{"status":200}', (await peer.request()).uniq);
      expect(await child.next()).toEqual({ status: 200 });
    }
    expect(await child.exited).toMatchObject(end);
    expect(left(pid)).toEqual([]);
  });

  test('the process is left as it was', async () => {
    const count = () => ['exit', 'SIGTERM', 'SIGINT'].map((event) => process.listenerCount(event));
    const before = count();
    const { client } = ask({ timeout: 1 });
    await expect(client.status()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(count()).toEqual(before);
  });
});

/** Whether namespaces may be made and entered here: a process with all of its own. */
const OWN = ['--ipc', '--pid', '--fork'];
const mayUnshare = mayRun(['unshare', ...OWN]);
const whyNot = mayUnshare ? '' : ` (\`unshare ${OWN.join(' ')} true\` fails here: it needs root)`;

(mayUnshare ? describe : describe.skip)(`a process in other namespaces${whyNot}`, () => {
  /** The innermost of the processes that `pid` has started. */
  const innermost = (pid) => {
    const [child] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return child ? innermost(child) : Number(pid);
  };

  test.each([
    ['for its number', ['--pid', '--fork']],
    ['for its number and queues', OWN],
    ['for its number, queues and users', ['--user', '--map-root-user', ...OWN]],
    ['and of another user', [...OWN, 'setpriv', '--reuid=65534', '--clear-groups']],
  ])('%s', async (_, wrap) => {
    const child = world.child(require.resolve('./fixture'), ['stay', null], {
      runtime: ['unshare', ...wrap, process.execPath],
    });
    const { pid, uid } = await child.next();
    expect(pid).toBe(1);
    const client = new AppViewClient(innermost(child.process.pid), { timeout: 60_000 });
    expect(await client.processDetails()).toMatchObject({ pid: 1 });
    expect((await client.request(6)).body).toEqual({ status: 200, uid });
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
    expect(left(1)).toEqual([]);
  });
});

onLinux.test('misuse is told by name', async () => {
  const { client } = ask();
  for (const [act, expected] of [
    [() => new AppViewClient(), /"pid" argument/],
    [() => new AppViewClient(-1), /"pid" argument/],
    [() => new AppViewClient(1, null), /"options" argument/],
    [() => new AppViewClient(1, { timeOut: 1 }), /"options.timeOut" argument is not an option/],
    [() => new AppViewClient(1, { prefix: '' }), /options.prefix/],
    [() => new AppViewClient(1, { timeout: 0 }), /"options.timeout" argument/],
    [() => new AppViewClient(1, { msgsize: '1' }), /"options.msgsize" argument/],
    [() => new AppViewClient(1, { maxResponseBytes: 0 }), /"options.maxResponseBytes" argument/],
    [() => new AppViewClient(1, { replaceStale: 1 }), /"options.replaceStale" argument/],
  ]) {
    expect(act).toThrow(expected);
  }
  for (const [promise, expected] of [
    [client.setConfig(), /"cfg" argument/],
    [client.setConfig([]), /"cfg" argument/],
    [client.request('1'), /"command" argument/],
    [client.request(1, 5), /"fields" argument/],
    [client.request(1, {}, 5), /"options" argument/],
    [client.request(1, {}, { timeout: 5 }), /"options.timeout" argument is not an option/],
    [client.request(1, {}, { throwOnStatus: 1 }), /"options.throwOnStatus" argument/],
  ]) {
    await expect(promise).rejects.toThrow(expected);
  }
});

test('where there are no queues, that is said', () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform');
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
  try {
    jest.isolateModules(() => {
      const elsewhere = require('../../appview');
      expect(elsewhere.isSupported).toBe(false);
      for (const make of [
        () => new elsewhere.AppViewClient(1),
        () => new elsewhere.AppViewServer(),
      ]) {
        expect(thrownBy(make)).toMatchObject({ code: 'ENOTSUP' });
      }
    });
  } finally {
    Object.defineProperty(process, 'platform', platform);
  }
});
