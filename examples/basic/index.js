'use strict';
// node examples/basic
// A server and a client, two processes that talk over a Unix domain socket.

require('../lib/run')(__dirname, ['server'], ['client']);
