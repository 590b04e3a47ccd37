export * from 'node-ipc';
