'use strict';
// node examples/raw-buffer
// Bytes instead of messages: `config.rawBuffer`, for peers that speak a protocol of their own.

require('../lib/run')(__dirname, ['server'], ['client']);
