'use strict';
// `test` and `describe` for what only some platforms have: elsewhere they are skipped, and reported as
// skipped. What holds everywhere (messages, retries, ends) is tested everywhere.

const on = (here) => ({
  test: here ? test : test.skip,
  describe: here ? describe : describe.skip,
});

/** Whether places of this kind are named pipes. */
const isPipe = (kind) => kind === 'unix' && process.platform === 'win32';

/** Wine lets a second server have the name of a pipe; Windows does not. */
const isWine = 'WINEHOMEDIR' in process.env;

/** Whether Node's own sockets carry everything: docs/installing.md has what the engine in JavaScript does not do. */
const isScript = process.env.FERRIPC_DRIVER === 'js';

module.exports = {
  isPipe,
  isScript,
  /** What only the native engine does. */
  onNative: on(!isScript),
  /** `test`, for what needs places of this kind to belong to one server at a time. */
  testOfTaken: (kind) => (isPipe(kind) && isWine ? test.skip : test),
  /** Socket files and their modes, signals. */
  onUnix: on(process.platform !== 'win32'),
  /** /proc, abstract sockets. */
  onLinux: on(process.platform === 'linux'),
  /** Named pipes. */
  onWindows: on(process.platform === 'win32'),
};
