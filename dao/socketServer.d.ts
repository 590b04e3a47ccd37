import ferripc = require('../index.js');

/** The class of `ipc.server`, for programs that extend it. */
declare const Server: ferripc.ServerConstructor;
type Server<
  In extends ferripc.AnyEvents = ferripc.AnyEvents,
  Out extends ferripc.AnyEvents = ferripc.AnyEvents,
> = ferripc.Server<In, Out>;

export = Server;
