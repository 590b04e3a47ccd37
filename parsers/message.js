'use strict';
// `ferripc/parsers/message`: node-ipc 14's parser for programs of js-message. In `exports` of package.json.
const MessageParser = require('../src/js/node-ipc/parsers/message');

module.exports = { MessageParser };
