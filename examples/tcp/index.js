'use strict';
// node examples/tcp
// The same as over a Unix socket, with a host and a port: between machines, or from other languages.

require('../lib/run')(__dirname, ['server'], ['client']);
