'use strict';
// Makes throw-away keys and certificates with the `openssl` program: node make-certificates.js <folder>.
// Used by index.js. Good for a day and for 127.0.0.1 and localhost only.

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

// Sections by kind of certificate. Names are looked for in subjectAltName only, so it has to be there.
const CONFIG = `
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
subjectAltName = DNS:client
`;

/**
 * Writes PEM files into `directory` and returns their paths: `{key, cert}` each for `ca`, for `server`
 * and `client`, which `ca` has signed, and for `selfSigned`, another server's.
 */
function makeCertificates(directory) {
  const file = (name) => path.join(directory, name);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const config = file('openssl.cnf');
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(config, CONFIG);

  const make = (name, kind, issuer) => {
    const made = { key: file(`${name}.key`), cert: file(`${name}.pem`) };
    const request = file(`${name}.csr`);
    const files = ['-in', request, '-out', made.cert];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-subj', `/CN=${name}`, '-config', config];
    const signer = issuer ? ['-CA', issuer.cert, '-CAkey', issuer.key] : ['-signkey', made.key];
    const serial = ['-set_serial', `0x${crypto.randomBytes(8).toString('hex')}`];
    const extensions = ['-extfile', config, '-extensions', kind];
    openssl('req', '-new', ...curve, ...subject, '-keyout', made.key, '-out', request);
    openssl('x509', '-req', '-days', '1', ...files, ...signer, ...serial, ...extensions);
    return made;
  };

  const ca = make('ca', 'ca');
  return {
    ca,
    server: make('server', 'server', ca),
    client: make('client', 'client', ca),
    selfSigned: make('self-signed', 'server'),
  };
}

module.exports = makeCertificates;

if (require.main === module) console.log(makeCertificates(process.argv[2]));
