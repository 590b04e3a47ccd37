// `ferripc/parsers/message` for ES modules.
import MessageParser from '../src/js/node-ipc/parsers/message.js';

export { MessageParser };
export default MessageParser;
