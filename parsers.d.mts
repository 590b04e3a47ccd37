import parsers = require('./parsers.js');

export const AssuredParser: typeof parsers.AssuredParser;
export type AssuredParser = parsers.AssuredParser;
export const FastParser: typeof parsers.FastParser;
export type FastParser = parsers.FastParser;
export const GuardedParser: typeof parsers.GuardedParser;
export type GuardedParser = parsers.GuardedParser;
export const IPCProtocolError: typeof parsers.IPCProtocolError;
export type IPCProtocolError = parsers.IPCProtocolError;
export const Parser: typeof parsers.FastParser;
export type Parser = parsers.FastParser;
export const RawParser: typeof parsers.RawParser;
export type RawParser = parsers.RawParser;
export const createParser: typeof parsers.createParser;
export const reservedEventTypes: Set<string>;
/** The parser `'fast'`, as in node-ipc 14. */
export default Parser;
