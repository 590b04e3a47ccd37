// CommonJS, with `import … = require(…)`.

import ipc = require('ferripc');
import type { Equal, Expect } from './expect.js';

type _Value = Expect<Equal<typeof ipc, ipc.Singleton>>;
type _Default = Expect<Equal<typeof ipc.default, typeof ipc>>;

const endpoint: ipc.IPC = new ipc.IPC();
const typed: ipc.IPC<{ a: 1 }> = new ipc.default.IPC<{ a: 1 }>();
const client: ipc.Client = endpoint.of['x']!;
const config: ipc.Config = ipc.config;
const server: ipc.Server = ipc.server;
class Sub extends ipc.IPCModule {}
const error: ipc.IpcError = Object.assign(new Error('x'), { code: 'ENOENT' });

export = [typed, client, config, server, new Sub().IPC, error];
