import parsers = require('../parsers.js');

/**
 * Messages are objects as js-message makes them; anything else arrives as an event `error` with the text, and the
 * connection goes on. For programs that expect that, not for peers that are not trusted.
 */
export declare class MessageParser extends parsers.FastParser {
  decode(frame: string): { type: string; data: any; readonly JSON: string; toJSON(): object };
}

export default MessageParser;
