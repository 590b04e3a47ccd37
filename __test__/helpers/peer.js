'use strict';
// The other end of a connection, by hand: a raw net.Socket that can write anything, and read frames.

const { once } = require('./events');

class Peer {
  #chunks = [];
  #frames = [];
  #waiting = [];

  constructor(socket, delimiter = '\f') {
    this.socket = socket.setNoDelay(true);
    this.delimiter = Buffer.from(delimiter);
    this.closed = once(socket, 'close').then(() => {
      for (const { reject } of this.#waiting) reject(new Error('closed before the next frame'));
    });
    socket.on('error', () => {}); // tests look at `closed`
    socket.on('data', (chunk) => this.#take(chunk));
  }

  #take(chunk) {
    this.#chunks.push(chunk);
    if (!chunk.includes(this.delimiter.at(-1))) return; // no frame ends in it
    let rest = Buffer.concat(this.#chunks);
    for (;;) {
      const end = rest.indexOf(this.delimiter);
      if (end === -1) break;
      const frame = rest.toString('utf8', 0, end);
      rest = rest.subarray(end + this.delimiter.length);
      if (this.#waiting.length > 0) this.#waiting.shift().resolve(frame);
      else this.#frames.push(frame);
    }
    this.#chunks = [rest];
  }

  /** The text of the next frame. */
  async frame() {
    if (this.#frames.length > 0) return this.#frames.shift();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The next message. */
  async message() {
    return JSON.parse(await this.frame());
  }

  /** Writes text or bytes as they are. */
  write(data) {
    return this.socket.write(data);
  }

  /** Writes frames: each text or buffer followed by the delimiter, all in one chunk. */
  writeFrames(...frames) {
    this.write(Buffer.concat(frames.flatMap((frame) => [Buffer.from(frame), this.delimiter])));
  }

  /** Writes a message. */
  send(type, data) {
    this.writeFrames(JSON.stringify({ type, data }));
  }

  /** Writes a message and returns the next one. */
  async ask(type, data) {
    this.send(type, data);
    return this.message();
  }
}

module.exports = Peer;
