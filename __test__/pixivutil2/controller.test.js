'use strict';
// Controllers of `ferripc/pixivutil2` against agents that are libzmq's, on each kind of endpoint: what PixivUtil2 says
// and what it is answered, jobs, refusals, many agents, ends.

const { once } = require('node:events');
const { Controller, DownloadResult } = require('../../pixivutil2');
const { counter } = require('../helpers/events');
const { createWorld } = require('../helpers/world');
const { NodePeer, PLACES, bigEndian, describePeers, endpoints, int32 } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();

/** Events of agents that are recorded. */
const EVENTS = ['total', 'download', 'title', 'error-report', 'ident'];

/** What was heard. It may come after the answer, so tests wait for as much as they expect. */
function recorder() {
  const heard = [];
  let changed = () => {};
  return {
    add(what) {
      heard.push(what);
      changed();
    },
    /** All of it, once there is so much. */
    async all(count) {
      while (heard.length < count) await new Promise((resolve) => (changed = resolve));
      return heard;
    },
    async is(expected) {
      expect(await this.all(expected.length)).toEqual(expected);
    },
  };
}

async function control(options, kind = 'tcp') {
  const controller = new Controller({ ...endpoints(world, kind), ...options });
  world.after(() => controller.stop());
  const heard = recorder();
  const note = (...what) => heard.add(what);
  controller.on('handshake', (agent, side) => note('handshake', agent.identifier, side));
  controller.on('disconnect', (agent, side) => note('disconnect', agent.identifier, side));
  for (const event of EVENTS) {
    controller.on(event, (agent, ...rest) => note(event, agent.identifier, ...rest));
  }
  controller.on('error', (error) => note(error.code, error.group, error.reason));
  await controller.start();
  return { controller, heard };
}

/** Both sockets of an agent, with its handshakes done. */
async function meet(peer, controller, name = 'memb1.p1') {
  const { comm, task } = controller.endpoints;
  await peer.connect(`${name} comm`, comm);
  await peer.connect(`${name} task`, task);
  const asker =
    (side) =>
    async (group, ...args) => {
      const answer = await peer.ask(`${name} ${side}`, [group, ...args]);
      expect([answer.length, String(answer[0])]).toEqual([2, group.toUpperCase()]);
      return answer[1];
    };
  const agent = { comm: asker('comm'), task: asker('task') };
  expect(String(await agent.comm('HS', name, 'Comm'))).toBe('Ok');
  expect(String(await agent.task('HS', name, 'Task'))).toBe('Ok');
  return agent;
}

describePeers((makePeer) => {
  describe.each(PLACES)('over %s', (kind) => {
    test('all that PixivUtil2 says', async () => {
      const { controller, heard } = await control({}, kind);
      const peer = makePeer(world);
      const agent = await meet(peer, controller);
      const says = async (...message) => String(await agent.comm(...message));
      expect(await says('TOTAL', bigEndian(258, 8))).toBe('Ok');
      expect(await says('Total', bigEndian(258, 4))).toBe('Ok');
      expect(await says('DL', bigEndian(99887766, 8), bigEndian(9999, 4))).toBe('Ok');
      expect(await says('dl', bigEndian(2n ** 64n - 1n, 8), bigEndian(2 ** 32 - 1, 4))).toBe('Ok');
      expect(await says('title', 'タイトル 1/2')).toBe('Ok');
      expect(await says('ERROR', 'details', 'stack')).toBe('Ok');
      expect(await says('Error', 'details')).toBe('Ok');
      expect(await says('IDENT', 'other')).toBe('Ok');
      expect(await says('TITLE', '')).toBe('Ok');
      await heard.is([
        ['handshake', 'memb1.p1', 'Comm'],
        ['handshake', 'memb1.p1', 'Task'],
        ['total', 'memb1.p1', 258],
        ['total', 'memb1.p1', 258],
        ['download', 'memb1.p1', 99887766n, 9999, 'ABORTED'],
        ['download', 'memb1.p1', 2n ** 64n - 1n, -1, 'NOT_OK'],
        ['title', 'memb1.p1', 'タイトル 1/2'],
        ['error-report', 'memb1.p1', 'details', 'stack'],
        ['error-report', 'memb1.p1', 'details', ''],
        ['ident', 'other', 'memb1.p1'],
        ['title', 'other', ''],
      ]);
    });

    test('jobs', async () => {
      const { controller } = await control({}, kind);
      let end;
      const jobs = [];
      const begun = once(controller, 'begun');
      controller.onFfmpeg((args, { identifier }, { task }) => {
        controller.emit('begun');
        jobs.push([args, identifier, task]);
        return new Promise((resolve) => (end = resolve));
      });
      const files = [];
      controller.onAria2((file, text, { identifier }) => {
        files.push([file, text, identifier]);
        return file === 'good' ? undefined : Promise.resolve(-3);
      });
      const agent = await meet(makePeer(world), controller);
      const args = ['-y', '-i', '/tmp/a b/i.ffconcat', '-c:v', 'libvpx-vp9', 'タ.webm'];
      const id = await agent.task('FFmpeg_Req', ...args);
      expect(id).toHaveLength(4);
      expect(await agent.task('FFMPEG_RET', int32(-2))).toEqual(int32(-1));
      await begun;
      expect(jobs).toEqual([[args, 'memb1.p1', id.readInt32LE()]]);
      // The answer to this comes when the job ends, and that is when another agent is through with all it has to say.
      const code = agent.task('FFmpeg_Ret', id);
      let known = false;
      code.then(() => (known = true));
      const other = await meet(makePeer(world), controller, 'other');
      for (let i = 0; i < 20; i++) expect(String(await other.comm('TITLE', `${i}`))).toBe('Ok');
      expect(known).toBe(false);
      end(-7);
      expect(await code).toEqual(int32(-7));
      expect(await agent.task('Aria2', 'good', 'a\n  b\n')).toEqual(int32(0));
      expect(await agent.task('aria2', 'bad', '')).toEqual(int32(-3));
      expect(files).toEqual([
        ['good', 'a\n  b\n', 'memb1.p1'],
        ['bad', '', 'memb1.p1'],
      ]);
    });

    test('an agent that leaves, and comes back', async () => {
      const { controller, heard } = await control({}, kind);
      const peer = makePeer(world);
      const left = counter(controller, 'disconnect');
      await meet(peer, controller);
      await peer.close('memb1.p1 comm');
      await peer.close('memb1.p1 task');
      await left.reaches(2);
      await meet(peer, controller);
      const end = ['Comm', 'Task'].map((side) => ['disconnect', 'memb1.p1', side]);
      const all = await heard.all(6);
      expect(all).toHaveLength(6);
      expect(all).toEqual(expect.arrayContaining(end));
    });
  });

  test('sockets that are swapped, and what else is refused', async () => {
    for (const refusal of ['Error', 'ERROR']) {
      const { controller, heard } = await control({ refusal });
      const { comm, task } = controller.endpoints;
      const peer = makePeer(world);
      await peer.connect('comm', comm);
      await peer.connect('task', task);
      const refused = Buffer.from(refusal);
      for (const [socket, message, value] of [
        ['comm', ['HS', 'x', 'Task'], refused],
        ['task', ['HS', 'x', 'Comm'], refused],
        ['comm', ['HS', 'x', 'neither'], refused],
        ['task', ['TOTAL', bigEndian(258, 8)], refused],
        ['comm', ['total', Buffer.alloc(3)], refused],
        ['comm', ['DL', bigEndian(1, 8)], refused],
        ['comm', ['DL', bigEndian(1, 8), bigEndian(1, 8)], refused],
        ['comm', ['unknown', ''], refused],
        ['comm', ['', ''], refused],
        ['task', ['FFMPEG_REQ', '-y'], int32(-1)], // there is no handler
        ['task', ['ARIA2', 'a', 'b'], int32(-1)],
        ['task', ['FFMPEG_RET', 'Error'], int32(-1)],
        ['comm', ['FFMPEG_RET', int32(1)], int32(-1)],
      ]) {
        const [group, ...args] = message;
        const answer = await peer.ask(socket, [group, ...args]);
        expect(answer).toEqual([Buffer.from(group.toUpperCase()), value]);
      }
      const code = 'ERR_PIXIVUTIL2_REFUSED';
      const reasons = [
        ...Array(2).fill('the two sockets are mixed up'),
        'wrong arguments',
        'a group of the other socket',
        ...Array(3).fill('wrong arguments'),
        ...Array(2).fill('no such group'),
        ...Array(2).fill('there is no handler'),
        'a group of the other socket',
      ];
      const all = await heard.all(reasons.length);
      expect(all.map(([what, , reason]) => [what, reason])).toEqual(
        reasons.map((reason) => [code, reason]),
      );
      // A message without an argument gets no answer: its socket is of no more use, as with the original.
      const short = once(controller, 'error');
      await peer.send('comm', ['HS']);
      expect((await short)[0].reason).toBe('fewer than three frames');
      expect(await peer.receive('comm', 50)).toBe(null);
      await meet(peer, controller, 'another');
    }
  });

  test('messages of a megabyte, and longer ones than are allowed', async () => {
    const { controller, heard } = await control({ maxMessageBytes: 2_000_000 });
    const peer = makePeer(world);
    const agent = await meet(peer, controller);
    const long = 'é'.repeat(500_000);
    for (let i = 0; i < 5; i++) expect(String(await agent.comm('TITLE', long))).toBe('Ok');
    expect((await heard.all(7)).at(-1)).toEqual(['title', 'memb1.p1', long]);
    const left = once(controller, 'disconnect');
    await peer.send('memb1.p1 comm', ['TITLE', long + long]);
    const [gone] = await left;
    expect([gone.identifier, gone.side]).toEqual(['memb1.p1', 'Comm']);
    expect(await agent.task('FFMPEG_RET', int32(5))).toEqual(int32(-1)); // the other goes on
  });

  test('heartbeats of an agent are answered', async () => {
    const { controller, heard } = await control();
    const peer = makePeer(world);
    await peer.connect('beating', controller.endpoints.comm, { heartbeat: 20 });
    await peer.ask('beating', ['HS', 'beating', 'Comm']);
    await new Promise((resolve) => setTimeout(resolve, 500)); // 25 of them
    expect(String((await peer.ask('beating', ['TITLE', 'there']))[1])).toBe('Ok');
    await heard.is([
      ['handshake', 'beating', 'Comm'],
      ['title', 'beating', 'there'], // over the same connection
    ]);
  });

  test('two agents with one identity: the first is heard, and whoever comes when it has left', async () => {
    const { controller, heard } = await control();
    const { comm } = controller.endpoints;
    const peer = makePeer(world);
    await peer.connect('first', comm, { identity: 'same' });
    await peer.ask('first', ['HS', 'first', 'Comm']);
    await peer.connect('second', comm, { identity: 'same' });
    await peer.send('second', ['HS', 'second', 'Comm']);
    expect(String((await peer.ask('first', ['TITLE', 'still here']))[1])).toBe('Ok');
    const left = once(controller, 'disconnect');
    await peer.close('second');
    await peer.close('first');
    await left;
    await peer.connect('third', comm, { identity: 'same' });
    expect((await peer.ask('third', ['HS', 'third', 'Comm'])).map(String)).toEqual(['HS', 'Ok']);
    const all = await heard.all(4);
    expect(all.map(([what, name]) => [what, name])).toEqual([
      ['handshake', 'first'],
      ['title', 'first'],
      ['disconnect', 'first'],
      ['handshake', 'third'],
    ]);
  });
});

test('forty agents at once, while a job runs', async () => {
  const { controller, heard } = await control();
  let end;
  controller.onFfmpeg(() => new Promise((resolve) => (end = resolve)));
  const peer = new NodePeer(world);
  const busy = await meet(peer, controller, 'busy');
  const id = await busy.task('FFMPEG_REQ', '-y');
  const code = busy.task('FFMPEG_RET', id);
  const names = Array.from({ length: 40 }, (_, i) => `agent ${i}`);
  await Promise.all(
    names.map(async (name) => {
      const agent = await meet(peer, controller, name);
      for (let i = 1; i <= 10; i++) expect(String(await agent.comm('TITLE', `${i}`))).toBe('Ok');
    }),
  );
  const all = await heard.all(2 + 40 * 12);
  for (const name of names) {
    const titles = all.filter(([what, who]) => what === 'title' && who === name);
    expect(titles.map(([, , title]) => +title)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  }
  end(3);
  expect(await code).toEqual(int32(3));
});

describe('agents', () => {
  test('are objects that stay the same, with a name and an identity', async () => {
    const { controller } = await control();
    const seen = [];
    for (const event of ['handshake', 'title', 'disconnect']) {
      controller.on(event, (agent) => seen.push(agent));
    }
    const peer = new NodePeer(world);
    await peer.connect('x', controller.endpoints.comm, { identity: 'who' });
    await peer.ask('x', ['HS', 'name', 'Comm']);
    await peer.ask('x', ['TITLE', 'title']);
    const left = once(controller, 'disconnect');
    await peer.close('x');
    await left;
    expect(seen).toHaveLength(3);
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toEqual({ id: Buffer.from('who'), identifier: 'name' });
    expect(seen[0].side).toBe('Comm');
  });

  test('that has no handshake is answered, and has no name', async () => {
    const { controller, heard } = await control();
    const peer = new NodePeer(world);
    await peer.connect('x', controller.endpoints.comm);
    expect(String((await peer.ask('x', ['TITLE', 'title']))[1])).toBe('Ok');
    await heard.is([['title', '', 'title']]);
  });
});

describe('the handler of a job', () => {
  /** What a job is answered with whose handler this is. */
  async function codeOf(handler, errors = 0) {
    const { controller, heard } = await control();
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

  test('runs so many times at once, the others wait in order', async () => {
    const { controller } = await control({ maxParallelTasks: 2 });
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
    const { controller, heard } = await control({ maxTasks: 2 });
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
  test('who waits for a job is told that it is over; the handler, too', async () => {
    const { controller } = await control();
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
    const { controller } = await control();
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

  test('an endpoint that is taken, or is none', async () => {
    const { controller } = await control();
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
  });
});

test('misuse is told by name', () => {
  for (const [options, expected] of [
    [null, /"options" argument/],
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
