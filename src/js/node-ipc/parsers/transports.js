'use strict';
// What a parser asks of the transport, looked at before anything is opened: 'assured' takes TLS with certificates on
// both sides, or a Unix socket in a folder of the user alone. Used by client.js and server.js.

const { platform } = require('../../core');
const { rootOf } = require('../paths');
const IPCProtocolError = require('./protocol-error');
const { isDirectlyIn, prepareRoot } = require('./root');

function refused(reason) {
  return new IPCProtocolError('ERR_IPC_ASSURED_TRANSPORT', `the parser "assured" ${reason}`);
}

/**
 * For a client with a profile (see profile.js).
 * @throws {IPCProtocolError} ERR_IPC_ASSURED_TRANSPORT
 */
function checkClient({ port, config }, { isAssured }) {
  if (isAssured && port && !config.tls)
    throw refused('connects to hosts with TLS only: set config.tls');
}

/**
 * For a server that is about to listen at a host.
 * @throws {IPCProtocolError} ERR_IPC_ASSURED_TRANSPORT
 */
function checkNetwork({ config }, udp, { isAssured }) {
  if (!isAssured) return;
  if (udp) throw refused('does not work over UDP');
  if (!config.tls) throw refused('serves hosts with TLS only: set config.tls');
}

/**
 * For a server that is about to listen at a path: also makes and secures the folder. `profile`: null without a parser.
 * @throws {Error} ERR_IPC_ASSURED_TRANSPORT; or ERR_IPC_SOCKET_ROOT, or what the system says of the folder
 */
function prepareLocal({ path, config }, profile, system = platform) {
  const isAssured = profile !== null && profile.isAssured;
  const { secureSocketRoot = isAssured } = config;
  const root = rootOf(config);
  if (isAssured) {
    if (system === 'win32') {
      throw refused('does not work over pipes, whose owner cannot be checked: use TLS');
    }
    if (!secureSocketRoot) throw refused('needs config.secureSocketRoot for a local socket');
    if (!isDirectlyIn(root, path)) {
      throw refused(`takes local sockets directly in config.socketRoot only: ${root}`);
    }
  }
  if (system !== 'win32') prepareRoot(root, path, Boolean(secureSocketRoot));
}

module.exports = { checkClient, checkNetwork, prepareLocal };
