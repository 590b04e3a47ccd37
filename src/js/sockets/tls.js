'use strict';
// `config.tls` (K22) -> what the engine takes: files are read, keys and certificates become DER,
// what cannot be done is refused by name. `config.tls` itself is never changed (F15). Used by client.js
// and server.js at each connect and start, so that renewed files are noticed.

const fs = require('node:fs');
const net = require('node:net');
const { core, lazily, process } = require('../core');
const { argumentError, codedError } = require('../errors');

/** Loaded when needed: most programs have no TLS, and these two take longer than all the rest. */
const crypto = () => core('crypto');
const nodeTls = lazily(() => require('node:tls'));

/** Node's default for a server's `handshakeTimeout`, in ms; here it holds for clients, too. */
const HANDSHAKE_TIMEOUT = 120_000;
const LONGEST_TIMEOUT = 2 ** 32 - 1;

/**
 * Options of `tls` and `net` that mean something and are not supported. Falsy values ask for nothing. Not
 * among them are `allowPartialTrustChain`, which holds always, and `minDHSize`: there is no such exchange.
 */
const REFUSED = [
  // keys, certificates and trust
  ...['pfx', 'crl', 'privateKeyEngine', 'privateKeyIdentifier', 'clientCertEngine'],
  ...['secureContext', 'SNICallback', 'certificateCompression'],
  // the protocol
  ...['secureProtocol', 'secureOptions', 'sigalgs', 'ALPNCallback', 'requestOCSP'],
  ...[
    'pskCallback',
    'pskIdentityHint',
    'session',
    'sessionIdContext',
    'sessionTimeout',
    'ticketKeys',
  ],
  ...['enableTrace', 'isServer'],
  // the socket
  ...['socket', 'path', 'fd', 'onread', 'allowHalfOpen', 'pauseOnConnect', 'highWaterMark'],
  ...['blockList', 'signal'],
];

const VERSIONS = ['TLSv1.2', 'TLSv1.3'];

/** OpenSSL's names of the cipher suites, and the standard's. */
const SUITES = new Map([
  ...['AES_256_GCM_SHA384', 'AES_128_GCM_SHA256', 'CHACHA20_POLY1305_SHA256'].map((name) => [
    `TLS_${name}`,
    `TLS_${name}`,
  ]),
  ...['ECDSA', 'RSA'].flatMap((key) => [
    [`ECDHE-${key}-AES256-GCM-SHA384`, `TLS_ECDHE_${key}_WITH_AES_256_GCM_SHA384`],
    [`ECDHE-${key}-AES128-GCM-SHA256`, `TLS_ECDHE_${key}_WITH_AES_128_GCM_SHA256`],
    [`ECDHE-${key}-CHACHA20-POLY1305`, `TLS_ECDHE_${key}_WITH_CHACHA20_POLY1305_SHA256`],
  ]),
]);

/** Names of the groups for the key exchange, and the engine's. */
const GROUPS = new Map([
  ['X25519', 'X25519'],
  ...['P-256', 'prime256v1', 'secp256r1'].map((name) => [name, 'secp256r1']),
  ...['P-384', 'secp384r1'].map((name) => [name, 'secp384r1']),
]);

const PEM = /-----BEGIN (X509 )?CERTIFICATE-----[^-]*-----END (X509 )?CERTIFICATE-----/g;

/** A certificate from PEM or DER. */
function x509(bytes) {
  const { X509Certificate } = crypto();
  return new X509Certificate(bytes);
}

function refuse(name, reason, cause) {
  const properties = { option: name, ...(cause && { cause }) };
  return codedError('ERR_FERRIPC_TLS_OPTION', `config.tls.${name} ${reason}`, properties);
}

const toList = (value) => (Array.isArray(value) ? value : [value]);

/** Certificates as DER from PEM (any number) or DER (one). */
function certificates(value, name) {
  try {
    const bytes =
      typeof value === 'string' ? Buffer.from(value) : Buffer.from(toBytes(value, name));
    const found = bytes.toString('latin1').match(PEM) ?? [bytes];
    return found.map((one) => x509(one).raw);
  } catch (error) {
    throw refuse(name, `holds no certificate: ${error.message}`, error);
  }
}

function toBytes(value, name) {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw argumentError(`config.tls.${name}`, 'a string or a Buffer', value);
}

/** A private key from PEM, DER or `{pem, passphrase}`. */
function privateKey(value, name, passphrase) {
  if (value instanceof crypto().KeyObject) {
    if (value.type === 'private') return value;
    throw refuse(name, `holds no usable private key: it is a ${value.type} key`);
  }
  const wrapped = value?.pem ?? value?.key;
  if (wrapped !== undefined) return privateKey(wrapped, name, value.passphrase ?? passphrase);
  let failure;
  const pem = typeof value === 'string' || Buffer.from(toBytes(value, name)).includes('-----BEGIN');
  const formats = pem ? [{ format: 'pem' }] : [];
  if (!pem) for (const type of ['pkcs8', 'pkcs1', 'sec1']) formats.push({ format: 'der', type });
  for (const format of formats) {
    try {
      return crypto().createPrivateKey({ key: value, ...format, passphrase });
    } catch (error) {
      failure ??= error;
    }
  }
  const isLocked = pem && passphrase === undefined && Buffer.from(value).includes('ENCRYPTED');
  const reason = isLocked
    ? 'it is encrypted, and config.tls.passphrase is missing'
    : failure.message;
  throw refuse(name, `holds no usable private key: ${reason}`, failure);
}

/** Keys that *ring* can sign with. */
const USABLE =
  'RSA of 2048 to 4096 bits (a multiple of 512) with an exponent of 65537 or more, P-256, P-384 and Ed25519';

function checkKind(key, name) {
  const { modulusLength: bits, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType;
  const usable =
    kind === 'ed25519' ||
    (kind === 'rsa' && isUsableRsa(bits, publicExponent)) ||
    (kind === 'ec' && ['prime256v1', 'secp384r1'].includes(namedCurve));
  if (usable && kind === 'rsa' && hasManyPrimes(key)) {
    throw refuse(name, `is an RSA key of more than two primes; usable are ${USABLE}`);
  }
  if (usable) return;
  const exponent = publicExponent === undefined ? '' : `with the exponent ${publicExponent}`;
  const shown = [kind, bits ?? namedCurve, bits && exponent].filter(Boolean).join(' ');
  throw refuse(name, `is a key of kind ${shown}; usable are ${USABLE}`);
}

/** By its version in PKCS #1: the first number of the sequence. */
function hasManyPrimes(key) {
  const der = key.export({ format: 'der', type: 'pkcs1' });
  const lengths = der[1] < 0x80 ? 0 : der[1] & 0x7f;
  return der[lengths + 4] !== 0;
}

/** Where the runtime does not tell the exponent (old releases of Bun and Deno), the engine checks it. */
function isUsableRsa(bits, exponent = 65537n) {
  return bits >= 2048 && bits <= 4096 && bits % 512 === 0 && exponent >= 65537n;
}

/**
 * A key's PKCS #8, with the public part: some tools leave that of an elliptic curve out, and OpenSSL does not
 * add it, but to a key that is made anew.
 */
function pkcs8(key) {
  const pem = { format: 'der', type: 'pkcs8' };
  if (key.asymmetricKeyType !== 'ec') return key.export(pem);
  return crypto()
    .createPrivateKey({ key: key.export({ format: 'jwk' }), format: 'jwk' })
    .export(pem);
}

/** Own certificates, each with its key. A certificate without any key is left out, as in Node. */
function identities(tls, ca, log) {
  const keyName = tls.private ? 'private' : 'key';
  const certName = tls.public ? 'public' : 'cert';
  const key = tls.private ? fs.readFileSync(tls.private) : tls.key;
  const cert = tls.public ? fs.readFileSync(tls.public) : tls.cert;
  const keys = key ? toList(key).map((one) => privateKey(one, keyName, tls.passphrase)) : [];
  const chains = cert ? toList(cert).map((one) => certificates(one, certName)) : [];
  if (keys.length === 0 || chains.length === 0) {
    if (cert || key) log('config.tls has a certificate or a key, but not both: not used');
    return [];
  }
  return chains.map((chain) => {
    const leaf = x509(chain[0]);
    const own = keys.find((candidate) => leaf.checkPrivateKey(candidate));
    if (own === undefined) {
      const message = `config.tls.${keyName} and config.tls.${certName} do not belong together`;
      throw codedError('ERR_OSSL_X509_KEY_VALUES_MISMATCH', message);
    }
    checkKind(own, keyName);
    if (chain.some(isSignedWeakly)) askNode(chain, own);
    return {
      chain: chain.length > 1 ? chain : completed(leaf, ca),
      key: pkcs8(own),
    };
  });
}

/** Object identifiers of signatures with MD5 and SHA-1: by RSA, and by elliptic curves (RFC 3279, 2.2). */
const WEAK = ['2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

const isSignedWeakly = (der) => WEAK.some((identifier) => der.includes(identifier));

/** Some releases of Node refuse to present such certificates. This throws what they throw. */
function askNode(chain, key) {
  const cert = chain.map((der) => x509(der).toString()).join('');
  nodeTls().createSecureContext({ cert, key: key.export({ format: 'pem', type: 'pkcs8' }) });
}

/** Node sends issuers along that are among the trusted certificates. */
function completed(leaf, ca) {
  const known = (ca ?? []).map((der) => x509(der));
  const middle = known.filter((certificate) => !certificate.checkIssued(certificate));
  const chain = [leaf];
  for (;;) {
    const issued = chain.at(-1);
    const issuer = middle.find((one) => issued.checkIssued(one) && !chain.includes(one));
    if (issuer === undefined) return chain.map((certificate) => certificate.raw);
    chain.push(issuer);
  }
}

/** The trusted certificates that are configured, or null. */
function configuredCa(tls) {
  const name = tls.trustedConnections ? 'trustedConnections' : 'ca';
  const given = tls.trustedConnections
    ? toList(tls.trustedConnections).map((file) => fs.readFileSync(file))
    : tls.ca;
  return given ? toList(given).flatMap((one) => certificates(one, name)) : null;
}

let defaults = null;

/** What Node trusts when nothing is configured. */
function defaultCa() {
  defaults ??= defaultPems().flatMap((pem) =>
    (pem.match(PEM) ?? []).map((one) => Buffer.from(one.replace(/-----[^-]+-----/g, ''), 'base64')),
  );
  return defaults;
}

function defaultPems() {
  if (nodeTls().getCACertificates) return nodeTls().getCACertificates('default');
  const extra = process.env.NODE_EXTRA_CA_CERTS; // of which older releases of Node do not tell
  if (!extra) return nodeTls().rootCertificates;
  try {
    return [...nodeTls().rootCertificates, fs.readFileSync(extra, 'latin1')];
  } catch {
    return nodeTls().rootCertificates; // Node has warned of it
  }
}

function versions({ minVersion, maxVersion }) {
  for (const [name, value] of Object.entries({ minVersion, maxVersion })) {
    if (value && !VERSIONS.includes(value)) {
      throw refuse(name, `must be one of ${VERSIONS.join(', ')}: ${String(value)}`);
    }
  }
  const least = VERSIONS.indexOf(minVersion || nodeTls().DEFAULT_MIN_VERSION);
  const most = VERSIONS.indexOf(maxVersion || nodeTls().DEFAULT_MAX_VERSION);
  const range = VERSIONS.slice(Math.max(least, 0), most + 1);
  if (range.length === 0) throw refuse('minVersion', 'is above maxVersion');
  return range;
}

/** A list of names separated by colons, each of which the engine must know. */
function names(value, name, known) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw argumentError(`config.tls.${name}`, 'of type string', value);
  const standard = new Set(known.values());
  return value.split(':').map((item) => {
    if (known.has(item)) return known.get(item);
    if (standard.has(item)) return item;
    throw refuse(name, `has '${item}'; usable are ${[...known.keys()].join(', ')}`);
  });
}

/** Names of application protocols from a list, or from their form in the protocol: length, name, and so on */
function protocols(value) {
  if (!value) return [];
  if (Array.isArray(value)) {
    const names = value.map((one) =>
      Buffer.from(typeof one === 'string' ? one : toBytes(one, 'ALPNProtocols')),
    );
    if (names.every(({ length }) => length > 0 && length < 256)) return names;
    throw refuse('ALPNProtocols', 'has a name that is empty or longer than 255 bytes');
  }
  const bytes = Buffer.from(toBytes(value, 'ALPNProtocols'));
  const names = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]) {
    names.push(bytes.subarray(at + 1, at + 1 + bytes[at]));
  }
  return names;
}

function timeoutOf({ handshakeTimeout = HANDSHAKE_TIMEOUT }) {
  if (!(handshakeTimeout >= 0)) {
    throw argumentError('config.tls.handshakeTimeout', 'a number of ms', handshakeTimeout);
  }
  return Math.min(Math.ceil(handshakeTimeout) || LONGEST_TIMEOUT, LONGEST_TIMEOUT);
}

/** What both sides have in common: `ca` (configured, or null) and `native`, see TlsOptions in tls.rs. */
function settings(tls, log) {
  if (typeof tls !== 'object') throw argumentError('config.tls', 'of type object', tls);
  for (const name of REFUSED) if (tls[name]) throw refuse(name, 'is not supported');
  const ca = configuredCa(tls);
  const curves = tls.ecdhCurve === 'auto' ? undefined : tls.ecdhCurve;
  const native = {
    identities: identities(tls, ca, log),
    ca: ca ?? defaultCa(),
    request: false,
    strict: tls.rejectUnauthorized !== false,
    alpn: protocols(tls.ALPNProtocols),
    versions: versions(tls),
    suites: names(tls.ciphers, 'ciphers', SUITES),
    groups: names(curves, 'ecdhCurve', GROUPS),
    serverOrder: tls.honorCipherOrder !== false,
    timeout: timeoutOf(tls),
  };
  return { ca, native, noDelay: tls.noDelay, keepAlive: tls.keepAlive };
}

/**
 * For a connection to `host`.
 * @throws {Error} for a file that cannot be read or used, or an option that cannot be honoured
 */
function clientTls(tls, host, log) {
  const made = settings(tls, log);
  const { native } = made;
  const { servername, checkServerIdentity = nodeTls().checkServerIdentity, timeout } = tls;
  if (tls.rejectUnauthorized === undefined && process.env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    native.strict = false;
  }
  if (servername && typeof servername !== 'string') {
    throw argumentError('config.tls.servername', 'of type string', servername);
  }
  if (typeof checkServerIdentity !== 'function') {
    throw argumentError('config.tls.checkServerIdentity', 'of type function', checkServerIdentity);
  }
  if (servername && !net.isIP(servername)) native.servername = servername;
  const name = servername || host;
  const identify = (certificate) => checkServerIdentity(name, certificate);
  return { ...made, identify, timeout };
}

/**
 * For a server.
 * @throws {Error} as clientTls; and without key and certificate
 */
function serverTls(tls, log) {
  const made = settings(tls, log);
  const { native } = made;
  if (native.identities.length === 0) {
    const message =
      'config.tls of a server needs a key and a certificate: private and public (files), or key and cert';
    throw codedError('ERR_FERRIPC_TLS_OPTION', message);
  }
  if (tls.dhparam) {
    if (tls.dhparam !== 'auto') fs.readFileSync(tls.dhparam);
    log('config.tls.dhparam is not used: all key exchanges are ECDHE');
  }
  native.request = Boolean(tls.requestCert);
  return { ...made, identify: null };
}

/** `config.tls` for the log, without secrets. */
function shown(tls) {
  if (!tls || typeof tls !== 'object') return tls;
  const copy = { ...tls };
  for (const name of ['key', 'passphrase', 'pfx']) if (copy[name]) copy[name] = '[not shown]';
  return copy;
}

/** A cipher suite as `getCipher` describes it. */
function describeCipher(standardName, protocol) {
  const [name] = [...SUITES].find(([, standard]) => standard === standardName) ?? [standardName];
  return { name, standardName, version: protocol };
}

module.exports = { clientTls, serverTls, shown, describeCipher, x509 };
