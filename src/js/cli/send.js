'use strict';
// `ferripc send`: sends a message, and prints the answer that comes as one if it is asked to. Used by index.js.

const { json, print } = require('./output');
const { Failure, NOBODY, TIMEOUT, UsageError, failureOf } = require('./statuses');
const { Deadline, clientOptions, connect, dataOf, standardInput } = require('./target');
const { targetOf, targetOperand } = require('./target');

/** Sends, and resolves with the data of the first message of the type `wait`. */
async function answer(link, target, deadline, wait, send) {
  const first = link.message(wait);
  const ended = link.ended.then((error) => {
    if (error) throw failureOf(error, target);
    throw new Failure(`${target.shown} has ended the connection without an answer`);
  });
  ended.catch(() => {});
  send();
  const missing = `no message of the type ${JSON.stringify(wait)} came`;
  return deadline.limit(Promise.race([first, ended]), missing);
}

/** @throws {Failure} for what could not be sent */
function fail(error, target, { ms }) {
  if (error.code !== 'ETIMEDOUT') throw failureOf(error, target);
  throw new Failure(`${target.shown} has taken nothing for ${ms} ms`, TIMEOUT);
}

module.exports = {
  name: 'send',
  synopsis: [
    'ferripc send [options] <target> <type> [<json>|-]',
    'ferripc send [options] --raw <target> <text>|-',
  ],
  description: `Connects to a server, sends one message, and ends when the system has taken all of it. To know that the
server has read the message, wait for an answer: with --wait, or with "ferripc request".

The data is JSON, so a text needs quotes of its own. Without data, the message carries {}, as emit(type) does.`,
  operands: [
    targetOperand,
    { name: 'type', help: 'The type of the message, the first argument of emit.' },
    { name: 'json', help: 'The data of the message. With -, it is read from standard input.' },
  ],
  options: {
    wait: {
      short: 'w',
      value: 'TYPE',
      help: 'Waits for the first message of this type, and prints its data as JSON.',
    },
    raw: {
      help: 'Sends the text, or the bytes of standard input, as they are: for servers in raw mode (config.rawBuffer).',
    },
    ...clientOptions,
    timeout: {
      ...clientOptions.timeout,
      help: `How long to wait for the connection, for the answer (--wait), and for a server that reads nothing, in ms. 0
means forever. Default: 10000`,
    },
  },
  statuses: [NOBODY, TIMEOUT],
  examples: [
    [`ferripc send world greeting '{"name":"Alice"}'`, 'To the server with the id world:'],
    ['ferripc send --wait reply world greeting', 'A message, and the message that answers it:'],
    ['ferripc send 127.0.0.1:8000 log - < entry.json', 'The content of a file, over TCP:'],
  ],

  async run({ options, operands: [word, type, data] }) {
    const target = targetOf(word, options);
    const { raw = false, wait } = options;
    if (type === undefined) throw new UsageError(raw ? 'which text?' : 'a message of which type?');
    if (raw && data !== undefined) throw new UsageError('--raw has no type: give the text alone');
    if (raw && wait !== undefined) throw new UsageError('--raw and --wait exclude each other');
    if (wait === '*') throw new UsageError('--wait needs one type, and not *');
    const rawBytes = () => (type === '-' ? standardInput() : Buffer.from(type));
    const content = await (raw ? rawBytes() : dataOf(data));
    const deadline = new Deadline(options.timeout); // only now: standard input may take its time
    const config = { rawBuffer: raw, linger: options.timeout === 0 ? Infinity : deadline.ms };
    const link = await connect(target, options, deadline, config);
    const send = () => (raw ? link.client.emit(content) : link.client.emit(type, content));
    try {
      if (wait === undefined) send();
      else print(json(await answer(link, target, deadline, wait, send)));
    } catch (error) {
      await link.giveUp();
      throw error;
    }
    if (wait === undefined && !raw)
      await link.end().catch((error) => fail(error, target, deadline));
    const closed = link.close();
    await closed.catch((error) => wait === undefined && fail(error, target, deadline));
  },
};
