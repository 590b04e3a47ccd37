import Parser, { GuardedParser } from 'node-ipc/parsers';

export const read = () => ({ Parser, GuardedParser });
