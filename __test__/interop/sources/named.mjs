import { IPC, IPCModule } from 'node-ipc';

export const read = () => ({ IPC, IPCModule });
