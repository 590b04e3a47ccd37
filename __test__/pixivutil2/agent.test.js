'use strict';
// Agents of `ferripc/pixivutil2` against ROUTER sockets of libzmq: what they send, byte by byte, how long they wait, and
// that a late answer spoils nothing. And the option by which PixivUtil2 is told where its controller is.

const { Agent, Controller, DownloadResult, parseIpcOption } = require('../../pixivutil2');
const { createWorld } = require('../helpers/world');
const { PLACES, bigEndian, describePeers, endpoints, int32, recording } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();

/** Generous: machines are busy. */
const PATIENT = { handshakeTimeout: 60_000, notifyTimeout: 60_000, jobTimeout: 60_000 };

/** Both ROUTER sockets of a controller that the test plays. */
async function bind(peer, kind = 'tcp') {
  const { comm, task } = endpoints(world, kind);
  const places = { comm: await peer.bind('comm', comm), task: await peer.bind('task', task) };
  return {
    ...places,
    /** The next message, without the sender's identity; `reply` answers it. */
    async next(socket) {
      const [id, ...frames] = await peer.receive(socket);
      const reply = (...answer) =>
        peer.send(
          socket,
          [id, '', ...answer].map((it) => Buffer.from(it)),
        );
      return { id, frames, text: frames.map(String), reply };
    },
  };
}

/** An agent that such a controller has accepted. */
async function meet(router, options) {
  const { comm, task } = router;
  const connected = Agent.connect({ identifier: 'name', comm, task, ...PATIENT, ...options });
  for (const socket of ['comm', 'task']) {
    const { text, reply } = await router.next(socket);
    const side = { comm: 'Comm', task: 'Task' }[socket];
    expect(text).toEqual(['', 'HS', 'name', side]);
    await reply('HS', 'Ok');
  }
  const agent = await connected;
  world.after(() => agent.close());
  return agent;
}

/**
 * What `begin` ends with, which is neither sooner than after `atLeast` ms nor after a timer of `before` ms, several times as
 * long: a busy machine keeps both waiting.
 */
async function endsWithin(atLeast, before, begin) {
  const began = performance.now();
  let isLate = false;
  const timer = setTimeout(() => (isLate = true), before);
  const result = await begin();
  clearTimeout(timer);
  expect(performance.now() - began).toBeGreaterThanOrEqual(atLeast);
  expect(isLate).toBe(false);
  return result;
}

describePeers((makePeer) => {
  test.each(PLACES)('over %s: what an agent sends', async (kind) => {
    const router = await bind(makePeer(world), kind);
    const agent = await meet(router);
    for (const [said, ...frames] of [
      [agent.total(258), 'TOTAL', bigEndian(258, 8)],
      [
        agent.downloaded(99887766n, DownloadResult.ABORTED),
        'DL',
        bigEndian(99887766, 8),
        bigEndian(9999, 4),
      ],
      [
        agent.downloaded(1, DownloadResult.NOT_OK),
        'DL',
        bigEndian(1, 8),
        bigEndian(2 ** 32 - 1, 4),
      ],
      [agent.title('タイトル'), 'TITLE', 'タイトル'],
      [agent.error('details', 'stack'), 'ERROR', 'details', 'stack'],
    ]) {
      const { frames: came, reply } = await router.next('comm');
      expect(came).toEqual(['', ...frames].map((it) => Buffer.from(it)));
      await reply(frames[0], 'Ok');
      expect(await said).toBe(true);
    }
    const refused = agent.title('');
    await (await router.next('comm')).reply('TITLE', 'Error');
    expect(await refused).toBe(false);

    const asked = agent.ffmpeg(['-y', 'a b']);
    const request = await router.next('task');
    expect(request.text).toEqual(['', 'FFMPEG_REQ', '-y', 'a b']);
    await request.reply('FFMPEG_REQ', int32(4242));
    const job = await asked;
    expect(job.id).toBe(4242);
    const code = job.exitCode();
    const result = await router.next('task');
    expect(result.frames.slice(1)).toEqual([Buffer.from('FFMPEG_RET'), int32(4242)]);
    await result.reply('FFMPEG_RET', int32(-3));
    expect([await code, await job.exitCode()]).toEqual([-3, -3]);

    const called = agent.aria2('file', 'text');
    const call = await router.next('task');
    expect(call.text).toEqual(['', 'ARIA2', 'file', 'text']);
    await call.reply('ARIA2', int32(0));
    expect(await called).toBe(0);
    for (const answer of [int32(-1), Buffer.from('Error')]) {
      const failed = agent.ffmpeg(['-y']);
      failed.catch(() => {});
      await (await router.next('task')).reply('FFMPEG_REQ', answer);
      await expect(failed).rejects.toMatchObject({ code: 'ERR_PIXIVUTIL2_REFUSED' });
    }
  });

  test('one question at a time on each socket, in order', async () => {
    const router = await bind(makePeer(world));
    const agent = await meet(router);
    const all = ['one', 'two', 'three'].map((title) => agent.title(title));
    const job = agent.ffmpeg(['-y']); // the other socket does not wait
    await (await router.next('task')).reply('FFMPEG_REQ', int32(1));
    await job;
    for (const title of ['one', 'two', 'three']) {
      const { text, reply } = await router.next('comm');
      expect(text.at(-1)).toBe(title);
      await reply('TITLE', 'Ok');
    }
    expect(await Promise.all(all)).toEqual([true, true, true]);
  });

  // Only what comes late has a limit of time. So each of the others has to get its own answer, and at once.
  test.each(['before', 'after'])(
    'a late answer spoils nothing: it comes %s the next question is asked',
    async (when) => {
      const router = await bind(makePeer(world));
      const agent = await meet(router, { jobTimeout: 1000 });
      const job = agent.ffmpeg(['-y']);
      job.catch(() => {});
      const first = await router.next('task');
      await expect(job).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      const answerLate = () => first.reply('FFMPEG_REQ', int32(1));
      if (when === 'before') await answerLate();
      const codes = [2, 3, 4].map((code) => agent.aria2(`file ${code}`, ''));
      codes.forEach((code) => code.catch(() => {}));
      // The agent introduces itself again, since the next question may go over another connection.
      const { text, reply } = await router.next('task');
      expect(text).toEqual(['', 'HS', 'name', 'Task']);
      if (when === 'after') await answerLate();
      await reply('HS', 'Ok');
      for (const code of [2, 3, 4]) {
        const question = await router.next('task');
        expect(question.text).toEqual(['', 'ARIA2', `file ${code}`, '']);
        await question.reply('ARIA2', int32(code));
      }
      expect(await Promise.all(codes)).toEqual([2, 3, 4]);
    },
  );

  test('a late answer to a notification is not taken for the answer to the next one', async () => {
    const router = await bind(makePeer(world));
    const agent = await meet(router, { notifyTimeout: 3000 });
    const late = agent.title('late');
    const first = await router.next('comm');
    expect(await late).toBe(false);
    const said = ['Ok', 'Error', 'Ok'].map((answer) => agent.title(answer));
    const again = await router.next('comm');
    await first.reply('TITLE', 'Error');
    await again.reply('HS', 'Ok');
    for (const answer of ['Ok', 'Error', 'Ok']) {
      const { text, reply } = await router.next('comm');
      expect(text).toEqual(['', 'TITLE', answer]);
      await reply('TITLE', answer);
    }
    expect(await Promise.all(said)).toEqual([true, false, true]);
  });

  test.each(['Error', 'ERROR'])('a handshake that is answered with %s', async (answer) => {
    const router = await bind(makePeer(world));
    const connected = Agent.connect({ comm: router.comm, task: router.task, ...PATIENT });
    connected.catch(() => {});
    const { text, reply } = await router.next('comm');
    expect(text).toEqual(['', 'HS', 'PixivUtil2', 'Comm']);
    await reply('HS', answer);
    await expect(connected).rejects.toMatchObject({
      code: 'ERR_PIXIVUTIL2_REFUSED',
      address: router.comm,
    });
  });

  test('nobody answers: after three seconds, one, five', async () => {
    const router = await bind(makePeer(world));
    const { comm, task } = router;
    const connect = () => Agent.connect({ comm, task }).catch((error) => error);
    const connected = await endsWithin(2900, 9000, connect);
    expect(connected).toMatchObject({ code: 'ETIMEDOUT', address: comm });
    await router.next('comm'); // of the agent that gave up
    const agent = await meet(router, { notifyTimeout: undefined, jobTimeout: undefined });
    const ended = [
      endsWithin(4900, 15_000, () => agent.ffmpeg(['-y']).catch(({ code }) => code)),
      endsWithin(900, 3000, () => agent.title('')),
    ];
    expect(await Promise.all(ended)).toEqual(['ETIMEDOUT', false]);
  });
});

test('no server', async () => {
  const [comm, task] = ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:2'];
  await expect(Agent.connect({ comm, task, handshakeTimeout: 200 })).rejects.toMatchObject({
    code: 'ETIMEDOUT',
    message: expect.stringContaining(comm),
  });
});

test('after a restart of the controller, the agent goes on and asks for its job', async () => {
  const at = endpoints(world, process.platform === 'win32' ? 'tcp' : 'ipc');
  const controller = new Controller(at);
  world.after(() => controller.stop());
  await controller.start();
  const options = { ...parseIpcOption(controller.ipcOption('name')), ...PATIENT };
  const agent = await Agent.connect(options);
  world.after(() => agent.close());
  await controller.stop();
  Object.assign(at, controller.endpoints);
  const names = [];
  controller.on('title', ({ identifier }, title) => names.push([identifier, title]));
  if (process.platform === 'win32') return; // another port
  await controller.start();
  expect(await agent.title('again')).toBe(true);
  controller.onFfmpeg(() => 5);
  expect(await (await agent.ffmpeg(['-y'])).exitCode()).toBe(5);
  expect(names).toEqual([['name', 'again']]);
});

test('close() ends what waits; afterwards all is refused', async () => {
  const controller = new Controller(endpoints(world, 'tcp'));
  world.after(() => controller.stop());
  await controller.start();
  controller.onFfmpeg(() => new Promise(() => {}));
  const agent = await Agent.connect({ ...parseIpcOption(controller.ipcOption()), ...PATIENT });
  const code = (await agent.ffmpeg(['-y'])).exitCode();
  code.catch(() => {});
  await Promise.all([agent.close(), agent.close()]);
  const closed = { code: 'ERR_PIXIVUTIL2_CLOSED' };
  await expect(code).rejects.toMatchObject(closed);
  await expect(agent.total(1)).rejects.toMatchObject(closed);
  await expect(agent.ffmpeg(['-y'])).rejects.toMatchObject(closed);
});

test('misuse is told by name', async () => {
  const controller = new Controller(endpoints(world, 'tcp'));
  world.after(() => controller.stop());
  await controller.start();
  const at = parseIpcOption(controller.ipcOption());
  const agent = await Agent.connect({ ...at, ...PATIENT });
  world.after(() => agent.close());
  for (const [act, expected] of [
    [() => Agent.connect(), /"options" argument/],
    [() => Agent.connect({ ...at, comm: undefined }), /"options.comm" argument/],
    [() => Agent.connect({ ...at, task: 'tcp://127.0.0.1' }), /"options.task".*port is missing/],
    [() => Agent.connect({ ...at, identifier: '' }), /"options.identifier" argument/],
    [() => Agent.connect({ ...at, timeout: 1 }), /"options.timeout" argument is not an option/],
    [() => Agent.connect({ ...at, maxConnections: 1 }), /"options.maxConnections" argument is not/],
    [() => Agent.connect({ ...at, notifyTimeout: 0 }), /"options.notifyTimeout" argument/],
    [() => agent.total(-1), /"count" argument/],
    [() => agent.total(2n ** 64n), /"count" argument/],
    [() => agent.downloaded('1', 0), /"imageId" argument/],
    [() => agent.downloaded(1, 'OK'), /"result" argument/],
    [() => agent.title(1), /"title" argument/],
    [() => agent.error(), /"details" argument/],
    [() => agent.ffmpeg('-y'), /"args" argument/],
    [() => agent.ffmpeg([]), /"args" argument must not be empty/],
    [() => agent.aria2('file'), /"text" argument/],
  ]) {
    await expect(act()).rejects.toThrow(expected);
  }
  expect(() => new Agent()).toThrow(/Agent.connect/);
});

test('parseIpcOption', () => {
  for (const { option, parts, error } of JSON.parse(
    recording('pixivutil2/options.json').join(''),
  )) {
    if (parts) {
      expect(Object.values(parseIpcOption(option))).toEqual(parts);
    } else {
      const thrown = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
      expect(() => parseIpcOption(option)).toThrow(thrown);
      expect(() => parseIpcOption(option)).toThrow(error);
    }
  }
  expect(() => parseIpcOption()).toThrow(/"option" argument must be of type string/);
});
