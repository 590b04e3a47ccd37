'use strict';
// Who is at the other end of a local connection, and whether `config.allowPeer` lets them in. Used by net-answers.js,
// listener.js and, before anything is opened, server.js.

const { platform } = require('../core');
const native = require('../engine/native');
const { answerOf } = require('../arguments');
const { codedError, thrownBy, valueError } = require('../errors');

/** `{pid, uid, gid}` of the process at the other end; undefined where the system does not tell. */
function credentialsOf(connection) {
  const found = connection?.peerCredentials() ?? null;
  if (found === null) return undefined;
  const [pid, uid, gid] = found;
  return { pid, uid, gid };
}

const notAFunction = () => valueError('config.allowPeer must be a function');

/**
 * Whether this connection may stay. It may not if the system does not say who the peer is, or if the function fails;
 * `onError(error)` is then called.
 */
function admits(allowPeer, connection, onError) {
  if (typeof allowPeer !== 'function') {
    onError(notAFunction()); // it was put there after the start
    return false;
  }
  const credentials = credentialsOf(connection);
  if (credentials === undefined) return false; // gone by now
  try {
    return Boolean(answerOf('config.allowPeer', allowPeer(credentials)));
  } catch (error) {
    onError(thrownBy('config.allowPeer', error));
    return false;
  }
}

/**
 * Checks a setting that is meant to keep peers out. With TLS, the handshake would be read before the function is asked.
 * @throws {TypeError} for what is not a function
 * @throws {Error} with the code ERR_FERRIPC_ALLOW_PEER where nobody could be asked about
 */
function checkAllowPeer(allowPeer, isPlainLocal) {
  if (typeof allowPeer !== 'function') throw notAFunction();
  const isKnown = isPlainLocal && ['linux', 'android', 'darwin'].includes(platform);
  if (isKnown && 'peerCredentials' in native.engine().Hub.prototype) return;
  const what = 'config.allowPeer needs a Unix socket without TLS, on Linux or macOS';
  throw codedError(
    'ERR_FERRIPC_ALLOW_PEER',
    isKnown
      ? `${what}, and the native binary: Node does not tell who connects`
      : `${what}: elsewhere nobody can tell who connects`,
  );
}

module.exports = { admits, checkAllowPeer, credentialsOf };
