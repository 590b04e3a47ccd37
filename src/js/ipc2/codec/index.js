'use strict';
// `codec` of ferripc/ipc2: codecs for Rust's types.

module.exports = { ...require('./numbers'), ...require('./texts'), ...require('./compounds') };
