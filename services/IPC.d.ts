import ferripc = require('../index.js');

/** The class of `ipc`. */
declare const IPC: ferripc.IPCConstructor;
type IPC<
  In extends ferripc.AnyEvents = ferripc.AnyEvents,
  Out extends ferripc.AnyEvents = ferripc.AnyEvents,
> = ferripc.IPC<In, Out>;

export = IPC;
