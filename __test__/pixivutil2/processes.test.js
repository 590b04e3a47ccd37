'use strict';
// Controllers and agents in processes of their own: a JavaScript thread that is blocked, handlers that throw, agents
// that are killed, what keeps a process alive, and jobs of ffmpeg, which end with it.

const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { Agent, Controller, parseIpcOption } = require('../../pixivutil2');
const { onLinux, onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');
const { NodePeer, PythonPeer, describePeers, endpoints, int32, noPyzmq } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();
const fixture = (...args) => world.child(require.resolve('./fixture'), args);
const pyzmq = noPyzmq === null ? test : (name, act) => test.skip(`${name} (${noPyzmq})`, act);

async function control(options) {
  const controller = new Controller({ ...endpoints(world, 'tcp'), ...options });
  world.after(() => controller.stop());
  return controller.start();
}

async function connect(controller) {
  const agent = await Agent.connect({
    ...parseIpcOption(controller.ipcOption('agent')),
    handshakeTimeout: 60_000,
    notifyTimeout: 60_000,
    jobTimeout: 60_000,
  });
  world.after(() => agent.close());
  return agent;
}

describePeers((makePeer) => {
  test('agents get answers while the JavaScript thread is blocked', async () => {
    const child = fixture('blocked', {});
    const { comm, task } = await child.next();
    const peer = makePeer(world);
    await peer.connect('comm', comm);
    await peer.connect('task', task);
    expect((await peer.ask('comm', ['HS', 'x', 'Comm'])).map(String)).toEqual(['HS', 'Ok']);
    const { answered } = await peer.repeat('comm', ['TITLE', 'title'], 200);
    expect(answered).toBe(200);
    expect(await peer.ask('task', ['FFMPEG_REQ', '-y'])).toEqual([
      Buffer.from('FFMPEG_REQ'),
      int32(-1),
    ]);
    await peer.close('comm');
    child.tell('go on');
    expect(await child.next()).toEqual({ titles: 200, refused: 1 });
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  });

  test('what waits for a thread that is blocked has a limit', async () => {
    const child = fixture('blocked', { maxQueuedBytes: 100_000 });
    const { comm } = await child.next();
    const peer = makePeer(world);
    await peer.connect('comm', comm);
    const title = ['TITLE', 'x'.repeat(30_000)];
    const answers = [];
    for (let i = 0; i < 10; i++) answers.push(String((await peer.ask('comm', title))[1]));
    // One agent has about a half of it: see floods.test.js.
    expect(answers).toEqual([...Array(2).fill('Ok'), ...Array(8).fill('Error')]);
    await peer.close('comm');
    child.tell('go on');
    expect(await child.next()).toEqual({ titles: 2, refused: 0 });
  });

  test('handlers that throw, or take for ever, keep no agent waiting', async () => {
    const child = fixture('throwing');
    const { comm } = await child.next();
    const peer = makePeer(world);
    await peer.connect('comm', comm);
    for (const [group, arg] of [
      ['TITLE', 'one'],
      ['TOTAL', int32(1)],
      ['TITLE', 'two'],
    ]) {
      expect((await peer.ask('comm', [group, arg])).map(String)).toEqual([group, 'Ok']);
    }
    await peer.close('comm');
    expect(await child.next()).toEqual(['one', 'two']);
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  });
});

pyzmq(
  'a handler that blocks the thread for five seconds: PixivUtil2 is answered within its second',
  async () => {
    const child = fixture('blocking');
    const { comm } = await child.next();
    const peer = new PythonPeer(world);
    await peer.connect('comm', comm);
    expect((await peer.ask('comm', ['TITLE', 'block'])).map(String)).toEqual(['TITLE', 'Ok']);
    expect(await child.next()).toBe('blocks');
    const end = Date.now() + 5000;
    let all = 1;
    while (Date.now() < end) {
      const { answered } = await peer.repeat('comm', ['TITLE', 'title'], 50, 1000);
      expect(answered).toBe(50);
      all += answered;
      await wait(20); // what waits has a limit, which a fast machine would reach
    }
    await peer.close('comm');
    child.tell('go on');
    expect(await child.next()).toEqual({ titles: all });
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  },
);

pyzmq('an agent that is killed while it waits for a job', async () => {
  const controller = await control();
  let end;
  controller.onFfmpeg(() => new Promise((resolve) => (end = resolve)));
  const killed = new PythonPeer(world);
  await killed.connect('task', controller.endpoints.task);
  await killed.ask('task', ['HS', 'same', 'Task']);
  const [, id] = await killed.ask('task', ['FFMPEG_REQ', '-y']);
  await killed.send('task', ['FFMPEG_RET', id]);
  const other = new NodePeer(world);
  await other.connect('task', controller.endpoints.task);
  await other.ask('task', ['HS', 'same', 'Task']);
  const left = once(controller, 'disconnect');
  await killed.kill();
  const [agent, side] = await left;
  expect([agent.identifier, side]).toEqual(['same', 'Task']);
  end(9);
  expect(await other.ask('task', ['FFMPEG_RET', id])).toEqual([
    Buffer.from('FFMPEG_RET'),
    int32(9),
  ]);
});

describe('the process', () => {
  test('ends with a controller that is unreferenced, and with an agent that has nothing to do', async () => {
    expect(await fixture('unref').exited).toMatchObject({ code: 0, stderr: '' });
    const controller = await control();
    const option = controller.ipcOption('agent');
    const child = fixture('agent', option);
    expect(await child.exited).toMatchObject({ code: 0, lines: [true], stderr: '' });
  });

  test('ends with an agent that finds no controller', async () => {
    // Ports that nobody has: 1 and 2.
    const child = fixture('alone', '--pipe=tcp://127.0.0.1:1|tcp://127.0.0.1:2');
    expect(await child.exited).toMatchObject({ code: 0, lines: ['ETIMEDOUT'], stderr: '' });
  });

  onLinux.test('of a worker may end with all that runs in it', async () => {
    const { code, lines, stderr } = await fixture('workers').exited;
    expect([code, lines, stderr]).toEqual([0, ['no thread is left'], '']);
  });
});

/** A program in the place of ffmpeg: see fake-ffmpeg.js. */
const fake = (options) => ({
  path: process.execPath,
  args: [path.join(__dirname, 'fake-ffmpeg.js')],
  ...options,
});

/** Waits for what a fake has written. */
async function written(file) {
  while (!fs.existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

/** A process that has ended may be there until whoever inherits it asks. */
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    return !fs.existsSync(stat) || !/\) Z /.test(fs.readFileSync(stat, 'latin1'));
  } catch {
    return false;
  }
};

async function gone(pid) {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('ffmpeg', () => {
  test('is run with the arguments, and answers with its exit code', async () => {
    const file = world.file();
    const cwd = fs.realpathSync(world.tmp());
    const ffmpeg = fake({ cwd, env: { ...process.env, FAKE_FILE: file } });
    const agent = await connect(await control({ ffmpeg }));
    for (const code of [0, 1, 255]) {
      const task = await agent.ffmpeg(['exit', `${code}`, 'a b', '"é"', '']);
      expect(await task.exitCode()).toBe(code);
      const { args, cwd: where } = await written(file);
      expect([args, where]).toEqual([['exit', `${code}`, 'a b', '"é"', ''], cwd]);
    }
  });

  test('that cannot be run: 127, 126', async () => {
    const notAFile = { path: world.file() };
    const controller = await control({ ffmpeg: notAFile });
    const failed = new Promise((resolve) => controller.once('error', resolve));
    const agent = await connect(controller);
    expect(await (await agent.ffmpeg(['-y'])).exitCode()).toBe(127);
    expect((await failed).code).toBe('ENOENT'); // told after the agent
    const folder = await control({ ffmpeg: { path: world.tmp() } });
    const code = await (await (await connect(folder)).ffmpeg(['-y'])).exitCode();
    expect(code).toBe(process.platform === 'win32' ? 127 : 126);
    // An argument that no program can get.
    expect(await (await agent.ffmpeg(['a\0b'])).exitCode()).toBe(126);
  });

  test('is not run unless it was asked for', async () => {
    const agent = await connect(await control());
    await expect(agent.ffmpeg(['-version'])).rejects.toMatchObject({
      code: 'ERR_PIXIVUTIL2_REFUSED',
    });
  });

  test('so many at a time', async () => {
    const file = world.file();
    const ffmpeg = fake({ env: { ...process.env, FAKE_FILE: file } });
    const agent = await connect(await control({ ffmpeg, maxParallelTasks: 1 }));
    const go = world.file();
    const first = await agent.ffmpeg(['until', go]);
    const second = await agent.ffmpeg(['exit', '5']);
    expect((await written(file)).args).toEqual(['until', go]);
    fs.writeFileSync(go, '');
    expect(await first.exitCode()).toBe(0);
    expect(await second.exitCode()).toBe(5);
    expect((await written(file)).args).toEqual(['exit', '5']);
  });

  onUnix.test('ends after a signal with 128 and its number', async () => {
    const agent = await connect(await control({ ffmpeg: fake() }));
    expect(await (await agent.ffmpeg(['signal', 'SIGKILL'])).exitCode()).toBe(137);
  });

  onUnix.test.each([
    ['wait', {}],
    ['stubborn', { killTimeout: 50 }],
  ])('is ended with its controller (%s), which tells the agent', async (mode, options) => {
    const file = world.file();
    const ffmpeg = fake({ ...options, env: { ...process.env, FAKE_FILE: file } });
    const controller = await control({ ffmpeg });
    const agent = await connect(controller);
    const task = await agent.ffmpeg([mode]);
    const { pid } = await written(file);
    const code = task.exitCode();
    code.catch(() => {});
    await connect(controller); // by when the question has come, too
    await controller.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await code).toBe(mode === 'wait' ? 143 : 137);
  });

  onUnix.test.each(['exit', 'throw', 'stop', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])(
    'is ended with the process: %s',
    async (end) => {
      const file = world.file();
      const ffmpeg = fake({ env: { ...process.env, FAKE_FILE: file } });
      const child = fixture('job', ffmpeg, end);
      const { pid } = await written(file);
      if (end.startsWith('SIG')) {
        child.tell('go on'); // a blocked thread handles no signal
        child.process.kill(end);
      } else {
        child.tell('go on');
      }
      const { code, signal } = await child.exited;
      const expected = { exit: [3, null], throw: [expect.any(Number), null], stop: [0, null] };
      expect([code, signal]).toEqual(expected[end] ?? [null, end]);
      await gone(pid);
    },
  );

  const real = process.env.FERRIPC_TEST_FFMPEG ?? 'ffmpeg';
  const isHere = spawnSync(real, ['-version']).status === 0;
  const why = isHere ? '' : ` (no ${real} here; FERRIPC_TEST_FFMPEG names another)`;
  const itself = (name, act) => (isHere ? test : test.skip)(`itself: ${name}${why}`, act);
  const source = ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=5'];

  itself('a film, and one that fails', async () => {
    const agent = await connect(await control({ ffmpeg: { path: real } }));
    const file = world.file('a film.mp4');
    const made = await agent.ffmpeg(['-y', ...source, '-t', '1', file]);
    expect(await made.exitCode()).toBe(0);
    expect(fs.statSync(file).size).toBeGreaterThan(500);
    const args = ['-y', '-i', world.file(), file];
    const failed = await agent.ffmpeg(args);
    expect(await failed.exitCode()).toBe(spawnSync(real, args).status);
  });

  itself('so many at a time, which keep nobody waiting and end with their controller', async () => {
    const controller = await control({ ffmpeg: { path: real }, maxParallelTasks: 2 });
    const agents = [];
    for (let i = 0; i < 3; i++) agents.push(await connect(controller));
    const files = agents.map((_, i) => world.file(`${i}.avi`));
    const codes = [];
    for (const [i, agent] of agents.entries()) {
      const task = await agent.ffmpeg(['-re', ...source, '-flush_packets', '1', files[i]]); // endless
      codes.push(task.exitCode());
    }
    const size = (file) => (fs.existsSync(file) ? fs.statSync(file).size : 0);
    while (!(size(files[0]) && size(files[1]))) await new Promise((go) => setTimeout(go, 5));
    expect(await (await connect(controller)).title('no job')).toBe(true);
    expect(await agents[2].title('its job waits')).toBe(true);
    await controller.stop();
    const [first, second, third] = await Promise.all(codes);
    expect(third).toBe(-1);
    expect(fs.existsSync(files[2])).toBe(false);
    // Its own code for a SIGTERM, which Windows does not know.
    const ended =
      process.platform === 'win32' ? [expect.any(Number), expect.any(Number)] : [255, 255];
    expect([first, second]).toEqual(ended);
    if (process.platform === 'linux') expect(runningWith(files)).toEqual([]);
  });
});

onUnix.test.each(['exit', 'throw', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])(
  'agents that wait for a job are told when the process of the controller ends: %s',
  async (end) => {
    const child = fixture('awaited', end);
    const option = parseIpcOption(await child.next());
    const agents = [];
    for (let i = 0; i < 2; i++) {
      agents.push(await Agent.connect({ ...option, handshakeTimeout: 60_000, jobTimeout: 60_000 }));
    }
    world.after(() => Promise.all(agents.map((agent) => agent.close())));
    const [ffmpeg, aria2] = agents;
    const code = (await ffmpeg.ffmpeg(['-y'])).exitCode();
    expect(await Promise.all([code, aria2.aria2('file', 'text')])).toEqual([-1, -1]);
    const { code: status, signal } = await child.exited;
    const expected = { exit: [3, null], throw: [1, null] };
    expect([status, signal]).toEqual(expected[end] ?? [null, end]);
  },
);

/** The processes with one of these arguments. */
function runningWith(files) {
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return args.some((arg) => files.includes(arg));
    } catch {
      return false; // no process, or one that has ended
    }
  });
}
