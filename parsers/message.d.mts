import message = require('./message.js');

export const MessageParser: typeof message.MessageParser;
export type MessageParser = message.MessageParser;
export default MessageParser;
