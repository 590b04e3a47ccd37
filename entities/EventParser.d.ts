/** Turns messages into the text of frames and back, with the delimiter of one configuration. */
declare class EventParser {
  /**
   * @param config - where the delimiter comes from, read once. Default: `'\f'`
   * @throws TypeError if the delimiter is not a string or is empty
   */
  constructor(config?: { delimiter?: string | undefined });

  /** What ends a frame; one or more characters. */
  delimiter: string;

  /**
   * The frame of a message, ready to be written to a socket. Data that is left out, `null`,
   * `''` or `NaN` becomes `{}`.
   *
   * @throws TypeError if JSON cannot express the data, as with a `BigInt` or a cycle
   */
  format(message: EventParser.Message): string;

  /** The frames in a text, without their delimiters. What follows the last delimiter is dropped. */
  parse(text: string): string[];
}

declare namespace EventParser {
  interface Message {
    type: string;
    data?: any;
  }
}

export = EventParser;
