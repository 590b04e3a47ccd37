// The package's ES module face: the same singleton as index.js.
import singleton from './index.js';

export default singleton;
export const { IPC, IPCModule, RemoteError } = singleton;
export {
  AssuredParser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser,
  RawParser,
} from './parsers.mjs';
// Bundlers find the singleton's properties by this, as they do in node-ipc 9 (`import * as ipc`); Node finds none.
export * from './index.js';
