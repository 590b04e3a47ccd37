export * as all from 'node-ipc';
