// `ferripc/pixivutil2`.

import { Agent, Controller, DownloadResult, parseIpcOption } from 'ferripc/pixivutil2';
import type { AgentTask, DownloadResultName, RemoteAgent, Side } from 'ferripc/pixivutil2';
import type { Equal, Expect } from './expect.js';

const controller = new Controller({
  comm: 'ipc:///tmp/comm',
  task: 'tcp://*:0',
  refusal: 'ERROR',
  ffmpeg: { path: 'ffmpeg', stdio: 'inherit', killTimeout: 1 },
  maxParallelTasks: 2,
  heartbeatInterval: 0,
});
controller
  .on('handshake', (agent, side) => {
    type _Agent = Expect<Equal<typeof agent, RemoteAgent>>;
    type _Side = Expect<Equal<typeof side, Side>>;
  })
  .on('download', (agent, imageId, result, name) => {
    type _Image = Expect<Equal<typeof imageId, bigint>>;
    type _Name = Expect<Equal<typeof name, DownloadResultName | undefined>>;
    return [agent.id.length, result + 1];
  })
  .once('error-report', (agent, details, stack) => details + stack)
  .onFfmpeg(async (args, agent, { task, signal }) => {
    signal.throwIfAborted();
    return args.length + task + agent.identifier.length;
  })
  .onAria2((file, text) => console.log(file, text));
async function run(): Promise<number> {
  const started = await controller.start();
  type _Started = Expect<Equal<typeof started, Controller>>;
  const agent = await Agent.connect(parseIpcOption(`--pipe=${controller.ipcOption('name')}`));
  const taken = await agent.total(258);
  type _Taken = Expect<Equal<typeof taken, boolean>>;
  await agent.downloaded(1n, DownloadResult.ABORTED);
  const task = await agent.ffmpeg(['-y']);
  type _Task = Expect<Equal<typeof task, AgentTask>>;
  await agent.close();
  await controller.unref().stop();
  return task.exitCode();
}
run();
// @ts-expect-error: no such event
controller.on('downloads', () => {});
// @ts-expect-error: no such refusal
new Controller({ refusal: 'no' });
// @ts-expect-error: made by connect()
new Agent();
// @ts-expect-error: both endpoints are needed
Agent.connect({ comm: 'tcp://127.0.0.1:1' });
