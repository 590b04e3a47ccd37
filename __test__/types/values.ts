// Event maps with serialization 'advanced': payloads arrive as they were.

import { IPC, type Values } from 'ferripc';
import { expectType, type Equal, type Expect } from './expect.js';

interface File {
  name: string;
  content: Buffer;
  changed: Date;
  tags: Set<string>;
  size: bigint;
  note: string | undefined;
}
interface ToServer {
  put: File;
  nothing: void;
  maybe: Date | undefined;
  anything: any;
  list: (since: Date) => Map<string, File>;
  count: () => Promise<bigint>;
  find: (name?: RegExp) => File | undefined;
}
interface ToClient {
  changed: Map<string, File>;
}

const client = new IPC<Values<ToClient>, Values<ToServer>>();
const server = new IPC<Values<ToServer>, Values<ToClient>>();
client.config.serialization = 'advanced';
server.config.serialization = 'json';
// @ts-expect-error there is no other
server.config.serialization = 'v8';
server.config.serializationTimeout = 100;

async function play(file: File) {
  const { files } = client.of;
  files.emit('put', file);
  files.emit('nothing');
  files.emit('maybe');
  files.emit('maybe', new Date());
  files.emit('anything', 5);
  // @ts-expect-error another payload
  files.emit('put', { name: 'x' });
  // @ts-expect-error the payload is missing
  files.emit('put');
  files.on('changed', (data) => expectType<Map<string, File>>()(data));

  const list = await files.request('list', new Date());
  expectType<Map<string, File>>()(list);
  const count = await files.request('count');
  type _Count = Expect<Equal<typeof count, bigint>>;
  const found = await files.request('find');
  type _Found = Expect<Equal<typeof found, File | undefined>>;
  // @ts-expect-error another payload
  await files.request('list', 'yesterday');
}

client.serve(() => {
  server.serve();
  if (!server.server) return;
  server.server.on('put', (data) => expectType<File>()(data));
  server.server.on('nothing', (data) => expectType<void>()(data));
  server.server.on('maybe', (data) => {
    type _Maybe = Expect<Equal<typeof data, Date | undefined>>;
  });
  server.server.handle('list', (since, { socket }) => {
    expectType<Date>()(since);
    if (server.server) server.server.emit(socket, 'changed', new Map());
    return new Map<string, File>();
  });
  server.server.handle('count', async () => 5n);
  server.server.broadcast('changed', new Map());
});
void play;
