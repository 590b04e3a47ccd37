import ipc, { GuardedParser, RemoteError } from 'node-ipc';

export const read = () => ({ ipc, GuardedParser, RemoteError });
