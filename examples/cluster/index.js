'use strict';
// node examples/cluster
// Several worker processes behind one socket, with Node's `cluster`, and a client that meets them all.

require('../lib/run')(__dirname, ['primary'], ['client']);
