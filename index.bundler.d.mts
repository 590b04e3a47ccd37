// What bundlers make of index.mjs, which is more than Node does: the singleton's properties by name, as in
// `import * as ipc from 'node-ipc'`. TypeScript takes this file with `moduleResolution: "bundler"`.
import ferripc from './index.mjs';

export { default } from './index.mjs';
export * from './index.mjs';

export declare const config: typeof ferripc.config;
export declare const connectTo: typeof ferripc.connectTo;
export declare const connectToNet: typeof ferripc.connectToNet;
export declare const disconnect: typeof ferripc.disconnect;
export declare const log: typeof ferripc.log;
export declare const of: typeof ferripc.of;
export declare const serve: typeof ferripc.serve;
export declare const serveNet: typeof ferripc.serveNet;
export declare let server: typeof ferripc.server;
