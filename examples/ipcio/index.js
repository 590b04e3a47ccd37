'use strict';
// node examples/ipcio
// ipcIO's server and two of its clients: commands, feedback, and what a client asks of another one.

require('../lib/run')(__dirname, ['server'], ['client', 'alice'], ['client', 'bob']);
