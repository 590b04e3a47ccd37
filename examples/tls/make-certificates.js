'use strict';
// Makes throw-away keys and certificates: node make-certificates.js <folder>. Used by index.js. Good for a
// year and for 127.0.0.1 and localhost only.

const fs = require('node:fs');
const path = require('node:path');
const { makeCertificate } = require('../../__test__/helpers/certificates');

const HOSTS = ['localhost', '127.0.0.1'];

/**
 * Writes PEM files into `directory` and returns their paths: `{key, cert}` each for `ca`, for `server`
 * and `client`, which `ca` has signed, and for `selfSigned`, another server's.
 */
function makeCertificates(directory) {
  fs.mkdirSync(directory, { recursive: true });
  const write = (name, made) => {
    const paths = {
      key: path.join(directory, `${name}.key`),
      cert: path.join(directory, `${name}.pem`),
    };
    fs.writeFileSync(paths.key, made.key, { mode: 0o600 });
    fs.writeFileSync(paths.cert, made.cert);
    return paths;
  };
  const ca = makeCertificate({ name: 'Throw-away authority', ca: true });
  const server = { name: 'server', hosts: HOSTS, usage: 'server' };
  return {
    ca: write('ca', ca),
    server: write('server', makeCertificate({ ...server, issuer: ca })),
    client: write('client', makeCertificate({ name: 'client', usage: 'client', issuer: ca })),
    selfSigned: write('self-signed', makeCertificate(server)),
  };
}

module.exports = makeCertificates;

if (require.main === module) console.log(makeCertificates(process.argv[2]));
