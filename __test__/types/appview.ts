// `ferripc/mqueue` and `ferripc/appview`.

import { open, unlink, isSupported, type Queue, type Message } from 'ferripc/mqueue';
import { AppViewClient, AppViewServer, Command, Status } from 'ferripc/appview';
import type { Inspection, Interface, Response } from 'ferripc/appview';
import type { Equal, Expect } from './expect.js';

const queue: Queue = open('/q', { create: true, exclusive: true, maxmsg: 10, mode: 0o600 });
queue.on('message', (data, priority) => {
  type _Data = Expect<Equal<typeof data, Buffer>>;
  type _Priority = Expect<Equal<typeof priority, number>>;
});
queue.once('error', (error) => error.syscall);
async function talk(): Promise<number> {
  await queue.send('x');
  await queue.send(new Uint8Array(1), 5, { timeout: 0 });
  const message = await queue.receive({ timeout: 10 });
  type _Message = Expect<Equal<typeof message, Message>>;
  for await (const { data } of queue) return data.length;
  return queue.attr().curmsgs;
}
queue.unref().ref().close();
unlink(queue.name);
type _Supported = Expect<Equal<typeof isSupported, boolean>>;
// @ts-expect-error: made by open()
new (queue.constructor as typeof import('ferripc/mqueue').Queue)();
// @ts-expect-error: no such option
open('/q', { maxmsgs: 10 });
// @ts-expect-error: an object is no message
queue.send({});

interface Settings {
  verbose: boolean;
}
const client = new AppViewClient<Settings>(4711, { prefix: 'ScopeIPC', timeout: 200 });
async function ask() {
  const { cfg } = await client.config();
  type _Config = Expect<Equal<typeof cfg, { current: Settings }>>;
  await client.setConfig({ verbose: true });
  // @ts-expect-error: another configuration
  await client.setConfig({ loud: true });
  const all = await client.inspect();
  type _All = Expect<Equal<typeof all, Inspection<Settings>>>;
  const interfaces: Interface[] = all.interfaces;
  const response = await client.request<{ status: 200; n: number }>(6, {}, { throwOnStatus: true });
  type _Response = Expect<Equal<typeof response, Response<{ status: 200; n: number }>>>;
  return [interfaces, response.body?.n, Status.Ok, Command.SetConfig];
}

const server = new AppViewServer<Settings>({ pid: 1, pollMs: 1 });
server.on('setConfig', (cfg) => {
  type _Set = Expect<Equal<typeof cfg, Settings>>;
  server.publish({ cfg, viewed: true });
});
server.handle(6, async () => ({ status: 200 })).handle(7, () => {}, 'seven');
server
  .publish({ cfg: { current: { verbose: true } }, details: { uuid: 'u' } })
  .start()
  .stop();
// @ts-expect-error: no such event
server.on('getConfig', () => {});

export default [talk, ask];
