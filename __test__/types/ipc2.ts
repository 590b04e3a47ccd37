// `ferripc/ipc2`: what goes in and what comes out follows from the codecs.

import { TimeoutAction, WorkerSet, codec, connect, spawn } from 'ferripc/ipc2';
import type { Input, Job, Output, WorkerExit, WorkerHandle } from 'ferripc/ipc2';
import type * as workers from 'ferripc/workers';
import { expectType } from './expect';

const request = codec.enum({
  Add: [codec.u32, codec.u64],
  Stop: null,
  Text: codec.string,
  Named: { at: codec.option(codec.u8), list: codec.vec(codec.bytes) },
});
type Out =
  | { Add: [number, bigint] }
  | 'Stop'
  | { Text: string }
  | { Named: { at: number | null; list: Buffer[] } };
expectType<Out>()(request.decode(Buffer.alloc(0)));
export const read: Output<typeof request> = { Add: [1, 2n] };
request.encode({ Add: [1, 2] });
request.encode({ Named: { at: undefined, list: [new Uint8Array(1)] } });
request.encode('Stop');
// @ts-expect-error no such variant
request.encode('Start');
// @ts-expect-error a number is missing
request.encode({ Add: [1] });
// @ts-expect-error a string
request.encode({ Text: 1 });

expectType<[number, string]>()(codec.tuple(codec.u8, codec.char).decode(Buffer.alloc(0)));
expectType<'A' | 'B'>()(codec.enum(['A', 'B']).decode(Buffer.alloc(0)));
expectType<{ Some: number | null } | null>()(
  codec.option(codec.option(codec.u8)).decode(Buffer.alloc(0)),
);
expectType<Map<string, bigint>>()(codec.map(codec.string, codec.i128).decode(Buffer.alloc(0)));
codec.map(codec.string, codec.u8).encode({ a: 1 });
export const long: Input<typeof codec.u64>[] = [1, 1n];
codec.lazy(() => request).encode('Stop');

async function host(signal: AbortSignal) {
  const builder = WorkerSet.builder().workerCount(2).workerPath(new URL('file:///worker.mjs'));
  const set = await builder
    .request(request)
    .response(codec.u32)
    .args(['a'])
    .env({ A: 1 })
    .stdio(['ignore', 'inherit', process.stderr])
    .queue(false)
    .backoff(1, 2)
    .finish();
  expectType<number>()(await set.send({ Add: [1, 2n] }, { signal }));
  expectType<number>()(await set.sendTimeout('Stop', 5, TimeoutAction.Restart));
  expectType<void>()(await set.sendUnidirectional({ Text: '' }));
  // @ts-expect-error none of the type
  await set.send(5);
  // @ts-expect-error no action
  await set.sendTimeout('Stop', 5, 'Kill');
  // @ts-expect-error a pipe is not possible
  WorkerSet.builder().stdio('pipe');
  set.on('exit', (exit) => expectType<WorkerExit>()(exit));
  const worker = set.popWorker();
  if (worker !== null) {
    expectType<number>()(await worker.send('Stop'));
    set.addWorker(worker).unref();
  }
  await set.close({ timeout: 1 });
  const anything = await WorkerSet.builder().workerPath('x').finish();
  expectType<any>()(await anything.send({ whatever: true }));
  const single = await spawn('x', { request, response: codec.u32, args: ['a'] });
  expectType<WorkerHandle<Input<typeof request>, number>>()(single);
  expectType<number | null>()((await single.kill()).code);
}

async function worker() {
  const jobs = await connect({ request, response: codec.u32 });
  for await (const job of jobs) {
    expectType<Out>()(job.data);
    if (job.type === 'Bidirectional') expectType<boolean>()(job.tx.send(1));
    // @ts-expect-error none of the type
    job.tx?.send('x');
  }
  expectType<Job<Out, number> | null>()(await jobs.recv());
}

expectType<typeof workers.WorkerSet>()(WorkerSet);
export { host, worker };
