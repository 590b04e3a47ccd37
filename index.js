'use strict';
// The package's CommonJS face: one IPC instance, shared with index.mjs, that also carries the classes
// to make more (K19, K21).

const { lazily } = require('./src/js/core'); // first: before there can be fakes
const IPC = require('./src/js/node-ipc/ipc');

const PARSERS = [
  'AssuredParser',
  'FastParser',
  'GuardedParser',
  'IPCProtocolError',
  'Parser',
  'RawParser',
];

/** An IPC that carries the IPC class, as node-ipc's does. */
class IPCModule extends IPC {
  constructor() {
    super();
    this.IPC = IPC;
  }
}

const singleton = new IPCModule();

// Enumerable, as IPC is: what compilers make of `import ipc, { IPCModule }` copies the enumerable properties. The
// reference to itself is not: what walks the singleton, as JSON.stringify does, would end with it.
singleton.IPCModule = IPCModule;
Object.defineProperty(singleton, 'default', { value: singleton });

/** An export that is loaded when it is asked for, and that programs may replace. Enumerable, for compilers again. */
function addLazily(name, get) {
  const own = { configurable: true, enumerable: true };
  const set = (value) => Object.defineProperty(singleton, name, { ...own, value, writable: true });
  Object.defineProperty(singleton, name, { ...own, get: lazily(get), set });
}

// node-ipc 14 exports its parsers, too.
for (const name of PARSERS) addLazily(name, () => require('./src/js/node-ipc/parsers')[name]);
addLazily('RemoteError', () => require('./src/js/node-ipc/requests/remote-error'));

module.exports = singleton;
// For Node, which reads but does not run it: the names that an ES module can import of a module that hands this one on.
// eslint-disable-next-line no-constant-binary-expression
0 &&
  (module.exports = {
    IPC,
    IPCModule,
    AssuredParser: IPC,
    FastParser: IPC,
    GuardedParser: IPC,
    IPCProtocolError: IPC,
    Parser: IPC,
    RawParser: IPC,
    RemoteError: IPC,
  });
