'use strict';
// Controllers of `ferripc/pixivutil2` against agents that are libzmq's, on each kind of endpoint: what PixivUtil2 says
// and what it is answered, jobs, refusals, many agents.

const { once } = require('node:events');
const { counter } = require('../helpers/events');
const { createWorld } = require('../helpers/world');
const { control, meet } = require('./meeting');
const { NodePeer, PLACES, bigEndian, describePeers, int32 } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();

/** For how long a job runs at least, in ms. */
const JOB_MS = 2000;

describePeers((makePeer) => {
  describe.each(PLACES)('over %s', (kind) => {
    test('everything that PixivUtil2 sends', async () => {
      const { controller, heard } = await control(world, {}, kind);
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
      const { controller } = await control(world, {}, kind);
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
      const { controller, heard } = await control(world, {}, kind);
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
      const { controller, heard } = await control(world, { refusal });
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
      // What a stranger sends fills neither the program's log nor its memory with answers.
      const long = once(controller, 'error');
      const answer = await peer.ask('another comm', ['x'.repeat(100_000), 'y']);
      expect(answer.map(String)).toEqual(['X'.repeat(64), refusal]);
      expect((await long)[0].message.length).toBeLessThan(300);
    }
  });

  test('messages of a megabyte, and longer ones than are allowed', async () => {
    const { controller, heard } = await control(world, { maxMessageBytes: 2_000_000 });
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
    const { controller, heard } = await control(world);
    const peer = makePeer(world);
    await peer.connect('beating', controller.endpoints.comm, { heartbeat: 20 });
    await peer.ask('beating', ['HS', 'beating', 'Comm']);
    await new Promise((resolve) => setTimeout(resolve, 3000)); // longer than it waits for one
    expect(String((await peer.ask('beating', ['TITLE', 'there']))[1])).toBe('Ok');
    await heard.is([
      ['handshake', 'beating', 'Comm'],
      ['title', 'beating', 'there'], // over the same connection
    ]);
  });

  test('two agents with one identity: the first is heard, and whoever comes when it has left', async () => {
    const { controller, heard } = await control(world);
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

describePeers((makePeer) => {
  test('forty agents at once, while a job runs for two seconds', async () => {
    const { controller, heard } = await control(world);
    let end;
    const begun = once(controller, 'begun');
    controller.onFfmpeg(() => {
      controller.emit('begun');
      return new Promise((resolve) => (end = resolve));
    });
    const other = makePeer(world);
    const busy = await meet(other, controller, 'busy');
    const id = await busy.task('FFMPEG_REQ', '-y');
    let code = null;
    const answered = busy.task('FFMPEG_RET', id).then((answer) => (code = answer));
    await begun;
    const peer = makePeer(world);
    const names = Array.from({ length: 40 }, (_, i) => `agent ${i}`);
    const agents = await Promise.all(names.map((name) => meet(peer, controller, name)));
    const took = names.map(() => []);
    const until = performance.now() + JOB_MS;
    let rounds = 0;
    while (rounds < 3 || performance.now() < until) {
      rounds++;
      await Promise.all(
        agents.map(async (agent, i) => {
          const asked = performance.now();
          expect(String(await agent.comm('TITLE', `${rounds}`))).toBe('Ok');
          took[i].push(performance.now() - asked);
        }),
      );
    }
    // Nobody waits for the job. On a quiet machine each has its answer in a few milliseconds.
    const medians = took.map((ms) => ms.sort((a, b) => a - b)[ms.length >> 1]);
    expect(Math.max(...medians)).toBeLessThan(JOB_MS);
    expect(code).toBeNull();
    end(3);
    expect(await answered).toEqual(int32(3));
    const all = await heard.all(2 + 40 * (2 + rounds));
    const inOrder = Array.from({ length: rounds }, (_, i) => `${i + 1}`);
    for (const name of names) {
      const titles = all.filter(([what, who]) => what === 'title' && who === name);
      expect(titles.map(([, , title]) => title)).toEqual(inOrder);
    }
  });
});

describe('agents', () => {
  test('are objects that stay the same, with a name and an identity', async () => {
    const { controller } = await control(world);
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
    const { controller, heard } = await control(world);
    const peer = new NodePeer(world);
    await peer.connect('x', controller.endpoints.comm);
    expect(String((await peer.ask('x', ['TITLE', 'title']))[1])).toBe('Ok');
    await heard.is([['title', '', 'title']]);
  });
});
