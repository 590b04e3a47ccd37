'use strict';
// `ferripc/parsers/message`: node-ipc 14's parser for programs of js-message, also as the default, for what compilers
// make of `import MessageParser from`. In `exports` of package.json.
const MessageParser = require('../src/js/node-ipc/parsers/message');

module.exports = { MessageParser, default: MessageParser };
Object.defineProperty(module.exports, '__esModule', { value: true });
