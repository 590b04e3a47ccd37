import ferripc = require('../index.js');

/** The class of the objects in `ipc.of`. */
declare const Client: ferripc.ClientConstructor;
type Client<
  In extends ferripc.AnyEvents = ferripc.AnyEvents,
  Out extends ferripc.AnyEvents = ferripc.AnyEvents,
> = ferripc.Client<In, Out>;

export = Client;
