import * as all from 'node-ipc';

export const read = () => {
  const { IPC, IPCModule, config, connectTo, of, serve, server } = all;
  return { ipc: all.default, IPC, IPCModule, config, connectTo, of, serve, server };
};
