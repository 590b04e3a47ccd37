export { default as ipc, IPC, IPCModule } from 'node-ipc';
