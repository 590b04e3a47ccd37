'use strict';
// Throw-away keys and X.509 certificates of every kind that TLS tests need, written as DER by hand and
// signed by node:crypto, so that no other program has to be there.
//
//   const ca = makeCertificate({ name: 'Test CA', ca: true });
//   const server = makeCertificate({ name: 'localhost', issuer: ca });
//   server.cert, server.key      PEM; server.der, server.privateKey for more
//
// As a program: `node certificates.js DIRECTORY` writes ca.crt, server.key, server.crt (for localhost),
// client.key and client.crt there.

const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { der } = require('../../src/js/diagnostics/doctor-certificate');

// ---- DER -----------------------------------------------------------------------------------------

const sequence = (...parts) => der(0x30, ...parts);
const set = (...parts) => der(0x31, ...parts);
const octets = (bytes) => der(0x04, bytes);
const bits = (bytes, unused = 0) => der(0x03, Buffer.of(unused), bytes);
const utf8 = (text) => der(0x0c, Buffer.from(text));
const TRUE = Buffer.of(0x01, 1, 0xff);
const NULL = Buffer.of(0x05, 0);

/** A non-negative integer. */
function integer(bytes) {
  return der(0x02, bytes[0] & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

function oid(text) {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}

function time(date) {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  const year = date.getUTCFullYear();
  const short = year >= 1950 && year < 2050;
  return short ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

// ---- certificates --------------------------------------------------------------------------------

const KINDS = {
  p256: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  rsa: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ed25519: () => crypto.generateKeyPairSync('ed25519'),
};

/** The last part of the algorithm's object identifier, for RSA and for elliptic curves. */
const SIGNATURES = {
  rsa: { md5: '4', sha1: '5', sha256: '11' },
  ec: { sha1: '1', sha256: '3.2' },
};

/** `[AlgorithmIdentifier, hash]` of signatures by a key. */
function signatureBy({ asymmetricKeyType: kind }, digest) {
  switch (kind) {
    case 'rsa':
      return [sequence(oid(`1.2.840.113549.1.1.${SIGNATURES.rsa[digest]}`), NULL), digest];
    case 'ed25519':
      return [sequence(oid('1.3.101.112')), null];
    default:
      return [sequence(oid(`1.2.840.10045.4.${SIGNATURES.ec[digest]}`)), digest];
  }
}

const nameOf = (name) => sequence(set(sequence(oid('2.5.4.3'), utf8(name))));

function extension(id, critical, value) {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
}

function alternativeName(host) {
  if (!net.isIP(host)) return der(0x82, Buffer.from(host));
  if (net.isIPv4(host)) return der(0x87, Buffer.from(host.split('.').map(Number)));
  return der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])); // ::1
}

const USAGES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

function extensions({ ca, hosts, usage }) {
  const list = [];
  if (ca !== undefined) {
    list.push(extension('2.5.29.19', true, ca ? sequence(TRUE) : sequence()));
  }
  if (hosts.length > 0) {
    list.push(extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))));
  }
  if (usage) list.push(extension('2.5.29.37', false, sequence(oid(USAGES[usage]))));
  return list;
}

const DAY = 24 * 3600 * 1000;
const inDays = (days) => new Date(Date.now() + days * DAY);

/**
 * A key and its certificate, for a year around now.
 * - `name`: its common name.
 * - `hosts`: its alternative names; default: the name alone, none for a CA.
 * - `issuer`: who signs, from an earlier call; default: itself.
 * - `kind`: of the key, see KINDS; or a function that makes a pair. `ca`: whether it says that it is a CA; nothing if undefined.
 * - `v1`: version 1, without extensions. `usage`: 'server' or 'client' only.
 * - `from`, `to`: days from now. `forged`: with a signature that is not the issuer's.
 * - `digest`: of the signature, see SIGNATURES.
 */
function makeCertificate({
  name,
  ca,
  hosts = ca ? [] : [name],
  issuer,
  kind = 'p256',
  v1 = false,
  usage,
  from = -1,
  to = 365,
  forged = false,
  digest = 'sha256',
}) {
  const { privateKey, publicKey } = typeof kind === 'function' ? kind() : KINDS[kind]();
  const signer = forged ? KINDS.p256().privateKey : (issuer?.privateKey ?? privateKey);
  const [algorithm, hash] = signatureBy(signer, digest);
  const subject = nameOf(name);
  const version = v1 ? [] : [der(0xa0, integer(Buffer.of(2)))];
  const listed = v1 ? [] : extensions({ ca, hosts, usage });
  const tbs = sequence(
    ...version,
    integer(Buffer.concat([Buffer.of(1), crypto.randomBytes(8)])),
    algorithm,
    issuer ? issuer.subject : subject,
    sequence(time(inDays(from)), time(inDays(to))),
    subject,
    publicKey.export({ format: 'der', type: 'spki' }),
    ...(listed.length > 0 ? [der(0xa3, sequence(...listed))] : []),
  );
  const raw = sequence(tbs, algorithm, bits(crypto.sign(hash, tbs, signer)));
  const lines = raw.toString('base64').match(/.{1,64}/g);
  return {
    subject,
    privateKey,
    der: raw,
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  };
}

/** A certificate authority, and a server (localhost) and a client that it vouches for. */
function makeFamily() {
  const ca = makeCertificate({ name: 'Throw-away CA', ca: true });
  const hosts = ['localhost', '127.0.0.1', '::1'];
  const server = makeCertificate({ name: 'localhost', hosts, issuer: ca });
  const client = makeCertificate({ name: 'client', issuer: ca });
  return { ca, server, client };
}

/** Writes a family to `directory`; private keys are for the owner's eyes only. */
function writeFamily(directory) {
  const { ca, server, client } = makeFamily();
  const file = (name) => path.join(directory, name);
  fs.writeFileSync(file('ca.crt'), ca.cert);
  for (const [name, { cert, key }] of Object.entries({ server, client })) {
    fs.writeFileSync(file(`${name}.crt`), cert);
    fs.writeFileSync(file(`${name}.key`), key, { mode: 0o600 });
  }
}

module.exports = { makeCertificate, makeFamily, writeFamily, sequence, integer, octets, oid };

if (require.main === module) writeFamily(process.argv[2]);
