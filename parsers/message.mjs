// `ferripc/parsers/message` for ES modules.
import message from './message.js';

export const { MessageParser } = message;
export default MessageParser;
