// The shape of the package as imported in TypeScript: values, and types of the same names.

import type net = require('net');
import ipc, { IPC, IPCModule } from 'ferripc';
import type {
  AnyEvents,
  Client,
  ClientConstructor,
  Config,
  ConfigInput,
  IPCConstructor,
  IPCModuleConstructor,
  IpcError,
  IpcErrorCode,
  IpcSocket,
  Server,
  ServerConstructor,
  Singleton,
  TlsConfig,
  UdpPeer,
} from 'ferripc';
import * as everything from 'ferripc';
import type { Equal, Expect } from './expect.js';

type _Default = Expect<Equal<typeof ipc, Singleton>>;
type _Self = Expect<Equal<typeof ipc.default, Singleton>>;
type _Class = Expect<Equal<typeof IPC, IPCConstructor>>;
type _ClassOfIpc = Expect<Equal<typeof ipc.IPC, IPCConstructor>>;
type _Module = Expect<Equal<typeof IPCModule, IPCModuleConstructor>>;
type _ModuleOfIpc = Expect<Equal<typeof ipc.IPCModule, IPCModuleConstructor>>;
type _ModuleCarriesClass = Expect<Equal<IPCModule['IPC'], IPCConstructor>>;

type _Instance = Expect<Equal<InstanceType<typeof IPC>, IPC>>;
type _OpenByDefault = Expect<Equal<IPC, IPC<AnyEvents, AnyEvents>>>;
type _ClientByDefault = Expect<Equal<Client, Client<AnyEvents, AnyEvents>>>;
type _ServerByDefault = Expect<Equal<Server, Server<AnyEvents, AnyEvents>>>;

// `import * as` is the namespace too.
const one: everything.IPC = new everything.IPC();
type _NamespaceClass = Expect<Equal<typeof everything.IPC, IPCConstructor>>;

// Values and types of one name.
let endpoint: IPC = new IPC();
endpoint = ipc;
endpoint = new IPCModule();
endpoint = new ipc.IPC();
endpoint = one;
const module_: IPCModule = ipc;
new module_.IPC().serve();

// @ts-expect-error an endpoint does not carry the singleton's extras
endpoint.IPCModule;
// @ts-expect-error the class takes no arguments
new IPC({});

// Subclasses, of any of the names.
class Loud extends IPC {
  label = 'loud';

  constructor() {
    super();
    this.config.silent = false;
  }

  override serve(...args: any[]): void {
    this.log(this.label);
    super.serve(args[0]);
  }

  override connectTo(id: string) {
    return super.connectTo(id, (self) => self.label.trim());
  }
}
class Replaced extends ipc.IPC<{ a: string }, { b: number }> {
  override server: any = false;
  override config = { ...super.config, silent: true };
}
const loud: IPC = new Loud();
new Replaced().of['x']?.emit('b', 1);

// Programs hang properties of their own on the singleton.
Object.assign(ipc, { mine: 1 }).mine.toFixed();
// @ts-expect-error which the types do not know
ipc.mine;

declare const types: [
  Client,
  ClientConstructor,
  Config,
  ConfigInput,
  IpcError,
  IpcErrorCode,
  IpcSocket,
  Server,
  ServerConstructor,
  TlsConfig,
  UdpPeer,
];
const socket: net.Socket = types[6];

export { endpoint, loud, socket };
