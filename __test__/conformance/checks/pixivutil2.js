'use strict';
// PixivUtil2: a controller and agents, on the runtime at both ends.

const assert = require('node:assert/strict');
const { check } = require('../harness');
const { Agent, Controller, DownloadResult, parseIpcOption } = require('../../../pixivutil2');

/** Generous: machines are busy. */
const PATIENT = { handshakeTimeout: 60_000, notifyTimeout: 60_000, jobTimeout: 60_000 };

async function meet(world, at) {
  const controller = new Controller(at);
  world.after(() => controller.stop());
  await controller.start();
  const connect = async (name) => {
    const option = parseIpcOption(`--pipe=${controller.ipcOption(name)}`);
    const agent = await Agent.connect({ ...option, ...PATIENT });
    world.after(() => agent.close());
    return agent;
  };
  return { controller, connect };
}

const PLACES = {
  tcp: () => ({ comm: 'tcp://127.0.0.1:0', task: 'tcp://127.0.0.1:0' }),
  ipc: (world) => ({ comm: `ipc://${world.file()}`, task: `ipc://${world.file()}` }),
};

for (const [kind, place] of Object.entries(PLACES)) {
  if (kind === 'ipc' && process.platform === 'win32') continue;
  check(`PixivUtil2 over ${kind}: notifications, jobs, several agents, an end`, async (world) => {
    const { controller, connect } = await meet(world, place(world));
    const heard = [];
    let changed = () => {};
    const until = async (count) => {
      while (heard.length < count) await new Promise((resolve) => (changed = resolve));
    };
    for (const event of ['total', 'download', 'title', 'error-report']) {
      controller.on(event, ({ identifier }, ...rest) => {
        heard.push([event, identifier, ...rest]);
        changed();
      });
    }
    controller.onFfmpeg(async (args) => args.length).onAria2((file, text) => text.length);
    const agent = await connect('é');
    const text = 'é€😀'.repeat(10_000);
    assert.equal(await agent.total(258), true);
    assert.equal(await agent.downloaded(2n ** 63n, DownloadResult.ABORTED), true);
    assert.equal(await agent.title(text), true);
    assert.equal(await agent.error('details', 'stack'), true);
    const task = await agent.ffmpeg(['-y', 'a b', text]);
    assert.equal(await task.exitCode(), 3);
    assert.equal(await agent.aria2('file', 'text'), 4);
    await until(4);
    assert.deepEqual(heard, [
      ['total', 'é', 258],
      ['download', 'é', 2n ** 63n, 9999, 'ABORTED'],
      ['title', 'é', text],
      ['error-report', 'é', 'details', 'stack'],
    ]);
    const others = await Promise.all(['a', 'b', 'c'].map(connect));
    const said = await Promise.all(others.map((other) => other.title('here')));
    assert.deepEqual(said, [true, true, true]);
    const gone = new Promise((resolve) => controller.once('disconnect', resolve));
    await agent.close();
    assert.equal((await gone).identifier, 'é');
    await controller.stop();
    await assert.rejects(agent.total(1), { code: 'ERR_PIXIVUTIL2_CLOSED' });
  });
}
