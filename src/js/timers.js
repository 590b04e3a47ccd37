'use strict';
// The setImmediate that was there when the package was loaded: the real one, though a test may have put
// fake timers in its place before the first client or server is made. Required by index.js for that, and
// by whoever lets the event loop turn.

const { setImmediate } = require('node:timers');

module.exports = { setImmediate };
