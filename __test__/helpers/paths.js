'use strict';
// Listening at a path of a test's choice, and what becomes of it: for paths.test.js and abstract-names.test.js.

const { once } = require('./events');
const { unixPlace } = require('./places');

/** The helpers for `world`, which takes them away after the test. */
function pathsOf(world) {
  /** A server that listens at `path`. */
  const listen = (path, config) => world.serve(unixPlace(path), config);

  /** The error with which it does not, or `listening`. */
  const listenError = (path, config) =>
    listen(path, config).then(
      () => 'listening',
      (error) => error,
    );

  /** The error of a client that finds nobody at `path`. */
  async function connectError(path) {
    const client = world.dial(unixPlace(path), { maxRetries: 0 });
    return (await once(client, 'error'))[0];
  }

  return { listen, listenError, connectError };
}

module.exports = { pathsOf };
