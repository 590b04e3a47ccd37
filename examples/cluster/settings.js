'use strict';
// What the processes of this example have to agree on.

module.exports = {
  WORKERS: 2,
  socketPath: `${process.env.EXAMPLE_SOCKET_ROOT ?? '/tmp/'}ferripc-cluster.sock`,
};
