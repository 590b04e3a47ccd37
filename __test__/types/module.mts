// ECMAScript modules.

import ipc, { IPC, IPCModule, type Client, type Config } from 'ferripc';
import again from 'ferripc/node-ipc';
import Server from 'ferripc/dao/socketServer';
import Defaults from 'ferripc/entities/Defaults.js';
import { expectType, type Equal, type Expect } from './expect.js';

type _Default = Expect<Equal<typeof ipc, ipc.Singleton>>;
type _Again = Expect<Equal<typeof again, typeof ipc>>;
type _Class = Expect<Equal<typeof IPC, typeof ipc.IPC>>;
type _Module = Expect<Equal<typeof IPCModule, typeof ipc.IPCModule>>;
type _ConfigType = Expect<Equal<ipc.Config, Config>>;

let endpoint: IPC = new IPC();
endpoint = ipc;
const module_: IPCModule = new IPCModule();
const client: Client<{ a: string }> = new IPC<{ a: string }>().of['x']!;
client.on('a', (data) => expectType<string>()(data));
class Sub extends IPC {}
class Listener extends Server {}
endpoint = new Sub();
endpoint.config = new Defaults();
ipc.server = new Listener('/tmp/x', endpoint.config, ipc.log);
await ipc.server.start();
await ipc.server.stop({ disconnect: true });

export { endpoint, module_ };
