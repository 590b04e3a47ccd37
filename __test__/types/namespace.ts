// The default import is the namespace of the types too; it takes the option `esModuleInterop`.

import ipc from 'ferripc';
import type { Client, Config } from 'ferripc';
import type { Equal, Expect } from './expect.js';

type _Config = Expect<Equal<ipc.Config, Config>>;
type _Client = Expect<Equal<ipc.Client<{ a: 1 }>, Client<{ a: 1 }>>>;
type _Class = Expect<Equal<ipc.IPC, InstanceType<typeof ipc.IPC>>>;

export default ipc;
