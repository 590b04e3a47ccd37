'use strict';
// node examples/sync
// A client that sends its next message only when something has come back: `config.sync`.

require('../lib/run')(__dirname, ['server'], ['client']);
