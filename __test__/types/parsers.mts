// Parsers of node-ipc 14, as ECMAScript modules use them.

import ipc, { GuardedParser, IPCProtocolError } from 'ferripc';
import Fast, { AssuredParser, createParser } from 'ferripc/parsers';
import { MessageParser } from 'ferripc/parsers/message';
import { expectType } from './expect.js';

class Mine extends GuardedParser {
  override validateType(type: unknown): void {
    super.validateType(type);
    if (type === 'no') throw new IPCProtocolError('ERR_NO', 'no');
  }
}

ipc.config.parser = Mine;
ipc.config.parser = new Mine({ maxMessageSize: 10 });
ipc.config.parser = MessageParser;
ipc.config.parser = 'assured';
ipc.config.allowedEvents = new Set(['a']);
ipc.config.allowedEvents = ['a'] as const;
ipc.config.parser = { encode: (type: string) => type, read: () => '' };
// @ts-expect-error no such parser
ipc.config.parser = 'strict';
// @ts-expect-error no read
ipc.config.parser = { encode: () => '' };

expectType<string>()(new Fast().encode('a', null));
expectType<Set<string>>()(new AssuredParser({ allowedEvents: ['a'] }).allowedEvents);
createParser({ parser: 'guarded' }).read('', 'x', (message) => message.type);
