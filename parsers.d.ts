// `ferripc/parsers`: the parser classes of node-ipc 14, for programs that extend them or call their methods. What
// the settings mean is in index.d.ts, at `Config`.
import ferripc = require('./index.js');

/** A message, as parsers make it of what arrives. */
export interface Message {
  type: string;
  data?: any;
}

/** The settings that parsers read; see `Config`. Those that are left out have their defaults. */
export type Settings = Partial<
  Pick<
    ferripc.Config,
    | 'allowedEvents'
    | 'allowReservedEvents'
    | 'delimiter'
    | 'encoding'
    | 'maxEventNameLength'
    | 'maxMessageSize'
    | 'maxPendingBytes'
    | 'messageTimeout'
    | 'parser'
    | 'rawBuffer'
  >
>;

/** A rule of a parser was broken: `code` begins with `ERR_IPC_`. */
export declare class IPCProtocolError extends Error {
  constructor(code: string, message: string);
  code: string;
}

/** `config.parser = 'raw'`: bytes as they are. */
export declare class RawParser {
  constructor(config?: Settings);
  readonly profile: string;
  raw: boolean;
  encoding: BufferEncoding;
  /** The bytes of a payload: a Buffer as it is, anything else by `Buffer.from`. */
  encode(payload: any): Buffer;
  format(payload: any): Buffer;
  read<Rest>(rest: Rest, chunk: Buffer, receive: (bytes: any) => void): Rest;
  parse(chunk: Buffer): Buffer[];
  decode(chunk: Buffer): Buffer;
}

/** `config.parser = 'fast'`: JSON messages that end with a delimiter. */
export declare class FastParser {
  /** @throws TypeError if the delimiter is not a non-empty string */
  constructor(config?: Settings);
  readonly profile: string;
  delimiter: string;
  raw: boolean;
  encoding: BufferEncoding;
  /** The frame of a message, delimiter included. Data that is `undefined` becomes `{}`, everything else stays. */
  encode(type: string, data?: any): string;
  format(message: Message): string;
  /**
   * Calls `receive` with each message that `chunk` completes, and returns what is left of it for the next call.
   *
   * @param rest - what the last call returned; `''` at first
   * @throws IPCProtocolError at the first frame that breaks a rule
   */
  read(rest: string, chunk: string, receive: (message: any) => void): string;
  push(rest?: string, chunk?: string): { events: string[]; remainder: string };
  /** The complete frames of a text, without their delimiters. */
  parse(text: string): string[];
  /**
   * What a frame says.
   *
   * @throws IPCProtocolError with the code `ERR_IPC_INVALID_JSON`
   */
  decode(frame: string): any;
}

/** `config.parser = 'guarded'`: as `FastParser`, with limits, in both directions. */
export declare class GuardedParser extends FastParser {
  /** @throws TypeError for a limit that is neither a positive integer nor `Infinity` */
  constructor(config?: Settings);
  maxMessageSize: number;
  maxPendingBytes: number;
  maxEventNameLength: number;
  messageTimeout: number;
  allowReservedEvents: boolean;
  readonly delimiterBytes: number;
  /** @throws IPCProtocolError for a type that is neither sent nor delivered */
  validateType(type: unknown): void;
  /** @throws IPCProtocolError for more bytes than a message may have */
  assertFrameSize(characters: number, bytes: number): void;
  /** As `decode`, for a frame whose size has been looked at. */
  decodeMessage(frame: string): Message;
}

/** `config.parser = 'assured'`: as `GuardedParser`, for the types in `config.allowedEvents` only. */
export declare class AssuredParser extends GuardedParser {
  /** @throws TypeError also if `allowedEvents` is not a non-empty Array or Set */
  constructor(config?: Settings);
  static readonly profile: 'assured';
  /** A copy of the setting. */
  readonly allowedEvents: Set<string>;
}

/** The same class under its other name. */
export declare const Parser: typeof FastParser;
export type Parser = FastParser;

/**
 * The parser that a configuration asks for.
 *
 * @throws TypeError for a `config.parser` that is not one
 */
export declare function createParser(config?: Settings): ferripc.CustomParser;

/** What clients and servers report themselves: `GuardedParser` lets no message have such a type. */
export declare const reservedEventTypes: Set<string>;

/** The parser `'fast'`, as in node-ipc 14. */
export default FastParser;
