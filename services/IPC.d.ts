import ferripc = require('../index.js');

/** The class of `ipc`. */
declare const IPC: ferripc.IPCConstructor;
type IPC<
  In extends object = ferripc.AnyEvents,
  Out extends object = ferripc.AnyEvents,
> = ferripc.IPC<In, Out>;

export = IPC;
