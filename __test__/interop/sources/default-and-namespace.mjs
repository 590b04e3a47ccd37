import ipc, * as all from 'node-ipc';

export const read = () => {
  const { IPC, IPCModule, server } = all;
  return { ipc, IPC, IPCModule, server };
};
