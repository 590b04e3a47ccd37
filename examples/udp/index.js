'use strict';
// node examples/udp
// Datagrams: there are no connections and no clients, only servers that send to each other's address.

const [hub, alice, bob] = (process.env.EXAMPLE_PORTS ?? '8000,8001,8002').split(',');

require('../lib/run')(
  __dirname,
  ['hub', 'hub', hub],
  ['peer', 'alice', alice, hub],
  ['peer', 'bob', bob, hub],
);
