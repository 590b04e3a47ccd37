import ipc from 'node-ipc';

export const read = () => ({ ipc });
