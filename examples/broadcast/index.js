'use strict';
// node examples/broadcast
// A server and three clients in four processes: a message to all, a message to all but its sender,
// and the news that a client has left.

require('../lib/run')(
  __dirname,
  ['server'],
  ['client', 'alice'],
  ['client', 'bob'],
  ['client', 'carol'],
);
