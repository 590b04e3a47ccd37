'use strict';
// `config.tls` as node-ipc 14 reads it, for clients and servers with a parser: `ca` and `trustedConnections` add
// up, a server with either asks for the client's certificate, and 'assured' insists on certificates on both sides.
// The result is what sockets/tls.js takes.

const fs = require('node:fs');
const { argumentError, codedError } = require('../../errors');

const toList = (value) => (Array.isArray(value) ? value : [value]);

/**
 * A copy in which `ca` has everything, and nothing is there that is not used.
 * @throws {TypeError} ERR_IPC_TLS_CONFIGURATION for what is not an object
 */
function loaded(tls) {
  if (typeof tls !== 'object' || Array.isArray(tls)) {
    const error = argumentError('config.tls', 'an object', tls);
    throw Object.assign(error, { code: 'ERR_IPC_TLS_CONFIGURATION' });
  }
  const { trustedConnections, ...options } = tls;
  if (trustedConnections) {
    const trusted = toList(trustedConnections).map((file) => fs.readFileSync(file));
    options.ca = [...(options.ca ? toList(options.ca) : []), ...trusted];
  }
  if (typeof options.dhparam !== 'string' || options.dhparam.includes('-----BEGIN')) {
    delete options.dhparam; // not the name of a file; all key exchanges are ECDHE
  }
  return options;
}

const hasIdentity = (options) =>
  Boolean((options.key || options.private) && (options.cert || options.public));

/**
 * For a client with a profile.
 * @throws {Error} ERR_IPC_ASSURED_TLS
 */
function clientOptions(tls, { isAssured }) {
  const options = { rejectUnauthorized: true, ...loaded(tls) };
  if (options.rejectUnauthorized === undefined) options.rejectUnauthorized = true;
  if (isAssured && !(options.rejectUnauthorized === true && options.ca && hasIdentity(options))) {
    throw codedError(
      'ERR_IPC_ASSURED_TLS',
      'the parser "assured" connects to hosts with config.tls that has a key, a certificate and ca (or trustedConnections), and no rejectUnauthorized except true',
    );
  }
  return options;
}

/**
 * For a server with a profile.
 * @throws {Error} ERR_IPC_TLS_CONFIGURATION without a key and a certificate, or see `loaded`; ERR_IPC_ASSURED_TLS
 */
function serverOptions(tls, { isAssured }) {
  const options = loaded(tls);
  if (!hasIdentity(options)) {
    const message =
      'config.tls of a server needs a key and a certificate: private and public (files), or key and cert';
    throw codedError('ERR_IPC_TLS_CONFIGURATION', message);
  }
  if (options.ca && options.requestCert === undefined) options.requestCert = true;
  if (options.requestCert && options.rejectUnauthorized === undefined) {
    options.rejectUnauthorized = true;
  }
  const { requestCert, rejectUnauthorized, ca } = options;
  if (isAssured && !(requestCert === true && rejectUnauthorized === true && ca)) {
    throw codedError(
      'ERR_IPC_ASSURED_TLS',
      'the parser "assured" serves hosts with config.tls that has ca (or trustedConnections), and no requestCert or rejectUnauthorized except true',
    );
  }
  return options;
}

module.exports = { clientOptions, serverOptions };
