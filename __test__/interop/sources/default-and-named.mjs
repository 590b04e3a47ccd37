import ipc, { IPC, IPCModule } from 'node-ipc';

export const read = () => ({ ipc, IPC, IPCModule });
