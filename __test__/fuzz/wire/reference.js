'use strict';
// What a stream or datagram amounts to, and what is written for a message, as plainly as it can be said: the other
// side of the comparison in play.js. Nothing of ferripc is used here.

/** The frames of `bytes`, and what is left behind the last delimiter. */
function split(bytes, delimiter) {
  const frames = [];
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(delimiter, start);
    if (end === -1) return { frames, rest: bytes.subarray(start) };
    frames.push(bytes.subarray(start, end));
    start = end + delimiter.length;
  }
}

/** The event of a frame: `[type, data]`, or `['!', code, detail]` for an error of the library's. */
function eventOf(frame, most = Infinity) {
  if (frame.length > most) return ['!', 'ERR_FERRIPC_MESSAGE_TOO_LARGE', frame.length];
  const text = frame.toString('utf8');
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return ['!', 'Invalid JSON response format', text];
  }
  if (message === null || typeof message !== 'object' || typeof message.type !== 'string') {
    return ['!', 'ERR_FERRIPC_INVALID_MESSAGE', text];
  }
  return [message.type, message.data];
}

/** The same shape for what ferripc has told. */
function seen(type, data) {
  if (type !== 'error') return [type, data];
  if (data instanceof Error) return ['!', data.code, data.response ?? data.length ?? null];
  if (data?.err instanceof SyntaxError) return ['!', data.message, data.response];
  return [type, data];
}

/** The bytes of a message. */
function encode(type, data, delimiter) {
  if ((!data && data !== false && data !== 0) || data._maxListeners) data = {};
  return Buffer.concat([Buffer.from(JSON.stringify({ type, data })), delimiter]);
}

module.exports = { split, eventOf, seen, encode };
