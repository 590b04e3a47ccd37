import { config, connectTo, of, serve, server } from 'node-ipc';

export const read = () => ({ config, connectTo, of, serve, server });
