'use strict';
// `test` and `describe` for what only some platforms have: elsewhere they are skipped, and reported as
// skipped. What holds everywhere (messages, retries, ends) is tested everywhere.

const on = (here) => ({
  test: here ? test : test.skip,
  describe: here ? describe : describe.skip,
});

module.exports = {
  /** Socket files and their modes, signals. */
  onUnix: on(process.platform !== 'win32'),
  /** /proc, abstract sockets. */
  onLinux: on(process.platform === 'linux'),
  /** Named pipes. */
  onWindows: on(process.platform === 'win32'),
};
