// Prints what ES modules find of the parsers.
import { GuardedParser, IPCProtocolError } from '../../index.mjs';
import Parser, * as all from '../../parsers.mjs';
import { MessageParser } from '../../parsers/message.mjs';

const message = new MessageParser().decode('nothing');
console.log(
  JSON.stringify([
    Parser.name,
    GuardedParser === all.GuardedParser,
    new IPCProtocolError('ERR_IPC_X', 'x') instanceof Error,
    message.type === 'error' && message.data.response === 'nothing',
  ]),
);
