import * as all from 'node-ipc/parsers';

export const read = () => ({ Parser: all.default, GuardedParser: all.GuardedParser });
