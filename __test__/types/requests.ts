// Requests with an event map: entries that are functions. And what is typed for promises and modern syntax.

import ipc, { IPC, RemoteError, type IpcSocket, type Client, type SingleInstance } from 'ferripc';
import { expectType, type Equal, type Expect } from './expect.js';

interface Job {
  id: number;
  due: Date;
}
interface ToServer {
  'job.get': (id: number) => Job;
  'job.list': () => Promise<Job[]>;
  'job.find': (query?: { text: string }) => Job | undefined;
  'job.remove'(id: number): void;
  note: { text: string };
}
interface ToClient {
  confirm: (question: string) => boolean;
  noted: { at: number };
}

const worker = new IPC<ToClient, ToServer>();
const master = new IPC<ToServer, ToClient>();

async function asks() {
  const client = await worker.connectTo('master');
  expectType<Client<ToClient, ToServer>>()(client);
  const job = await client.request('job.get', 1);
  expectType<{ id: number; due: string }>()(job);
  expectType<{ id: number; due: string }[]>()(await client.request('job.list'));
  await client.request('job.list', undefined, { timeout: 1000 });
  const found = await client.request('job.find', { text: 'x' }, { offline: 'wait' });
  type _Found = Expect<Equal<typeof found, { id: number; due: string } | undefined>>;
  await client.request('job.find');
  const nothing = await client.request('job.remove', 1, { signal: new AbortController().signal });
  type _Nothing = Expect<Equal<typeof nothing, undefined>>;
  // @ts-expect-error another payload
  await client.request('job.get', 'x');
  // @ts-expect-error the payload is missing
  await client.request('job.get');
  // @ts-expect-error no such request
  await client.request('job.gone', 1);
  // @ts-expect-error a message, and no request
  await client.request('note', { text: 'x' });
  // @ts-expect-error no such option
  await client.request('job.get', 1, { timeOut: 5 });
  // @ts-expect-error a request, and no message
  client.emit('job.get', 1);
  client.emit('note', { text: 'x' });

  const undo = client.handle('confirm', async (question, { socket, signal }) => {
    expectType<string>()(question);
    expectType<IpcSocket>()(socket);
    expectType<boolean>()(signal.aborted);
    return true;
  });
  undo();
  // @ts-expect-error another answer
  client.handle('confirm', () => 'yes');
  // @ts-expect-error not received this way
  client.handle('job.get', () => ({ id: 1, due: new Date() }));
  for await (const [data] of client.messages('noted')) expectType<{ at: number }>()(data);
  await client[Symbol.asyncDispose]();
}

async function answers() {
  const { server } = master;
  if (!server) return;
  server.handle('job.get', (id) => ({ id, due: new Date() }));
  server.handle('job.list', async (data) => {
    expectType<undefined>()(data);
    return [];
  });
  server.handle('job.find', (query) => (query?.text ? { id: 1, due: new Date() } : undefined));
  server.handle('job.remove', () => {});
  server.handle('job.remove', async () => {});
  const [socket] = server.sockets;
  expectType<boolean>()(await server.request(socket!, 'confirm', 'sure?', { timeout: 5 }));
  expectType<number | undefined>()(socket!.peerCredentials?.uid);
  server.broadcast('noted', { at: 1 }, { except: socket! });
  server.broadcast('noted', { at: 1 }, { except: [socket!], where: (one) => one !== socket });
  // @ts-expect-error another payload
  server.broadcast('noted', { at: 'x' }, { except: socket! });
  for await (const [data, from] of server.messages('note', { signal: AbortSignal.timeout(5) })) {
    expectType<{ text: string }>()(data);
    expectType<IpcSocket>()(from);
  }
}

async function open() {
  const client = await ipc.connectTo('x', '/path', () => {});
  const answer = await client.request('anything', { at: 'all' }, { timeout: 5 });
  answer.any.thing;
  client.handle('x', (data, { socket }) => [data.any, socket.id]);
  ipc.connectToNet('x', 8000).catch((error: unknown) => {
    if (error instanceof RemoteError) expectType<string | number | undefined>()(error.code);
    if (error instanceof ipc.RemoteError) error.message;
  });
  const failure: RemoteError = new RemoteError('x', { name: 'TypeError' });
  failure.name;
  ipc.config.allowPeer = ({ pid, uid, gid }) => pid > 0 && uid === gid;
  ipc.config.offlineQueue = 1_000_000;
  const instance: SingleInstance = await ipc.serveOrConnect('my-app', {
    onServer: (server) => server.handle('open', (data) => data.argv),
    onClient: (one) => one.on('connect', () => {}),
  });
  if (instance.role === 'client') await instance.client!.request('open', { argv: [] });
  await instance[Symbol.asyncDispose]();
}

void [asks, answers, open];
