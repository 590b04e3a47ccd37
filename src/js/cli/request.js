'use strict';
// `ferripc request`: asks a server that answers requests (docs/requests.md), and prints the answer. Used by index.js.

const { json, print } = require('./output');
const { Failure, NOBODY, REFUSED, TIMEOUT, UsageError, failureOf } = require('./statuses');
const { Deadline, clientOptions, connect, dataOf, targetOf, targetOperand } = require('./target');

/** The Failure for a request that was rejected. */
function rejected(error, target, type, deadline) {
  const RemoteError = require('../node-ipc/requests/remote-error');
  if (error instanceof RemoteError) {
    const { name, code, message } = error;
    return new Failure(`${name}${code === undefined ? '' : ` [${code}]`}: ${message}`, REFUSED);
  }
  if (error.code === 'ETIMEDOUT') {
    return new Failure(`no answer to ${JSON.stringify(type)} within ${deadline.ms} ms`, TIMEOUT);
  }
  return failureOf(error, target);
}

module.exports = {
  name: 'request',
  synopsis: ['ferripc request [options] <target> <type> [<json>|-]'],
  description: `Asks a server, as client.request(type, data) does, and prints its answer as JSON on one line. An answer
without a value prints nothing. If the handler throws, its error goes to standard error.`,
  operands: [
    targetOperand,
    { name: 'type', help: 'The type of the request, the first argument of handle.' },
    { name: 'json', help: 'The data of the request. With -, it is read from standard input.' },
  ],
  options: clientOptions,
  statuses: [NOBODY, TIMEOUT, REFUSED],
  examples: [
    ['ferripc request jobs job.get 7', 'The answer to a question:'],
    ['ferripc request jobs job.get 7 | jq .state', 'A part of the answer:'],
  ],

  async run({ options, operands: [word, type, data] }) {
    const target = targetOf(word, options);
    if (type === undefined) throw new UsageError('a request of which type?');
    const content = await dataOf(data);
    const deadline = new Deadline(options.timeout);
    const link = await connect(target, options, deadline);
    try {
      const timeout = deadline.ms === 0 ? undefined : Math.max(1, deadline.left);
      const asked = link.client.request(type, content, timeout === undefined ? {} : { timeout });
      const answer = await asked;
      if (answer !== undefined) print(json(answer));
    } catch (error) {
      await link.giveUp();
      throw rejected(link.unlike ?? error, target, type, deadline);
    }
    await link.close().catch(() => {});
  },
};
