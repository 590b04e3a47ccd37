'use strict';
// Private keys as other programs write them: each is taken as Node takes it, or refused with a code and a reason
// that name it.

const crypto = require('node:crypto');
const nodeTls = require('node:tls');
const { makeCertificate, sequence, integer, octets, oid } = require('./helpers/certificates');
const { once } = require('./helpers/events');
const { thrownBy } = require('./helpers/thrown');
const { createTlsWorld } = require('./helpers/tls');

const world = createTlsWorld();
const { ca, client: stranger } = world.family;

const pair =
  (type, options) =>
  (...rest) =>
    crypto.generateKeyPairSync(type, options, ...rest);
const rsa = (modulusLength, publicExponent) => pair('rsa', { modulusLength, publicExponent });

/** A certificate of 127.0.0.1 that the family's clients believe, for a key of this kind. */
const signed = (kind) => makeCertificate({ name: 'x', hosts: ['127.0.0.1'], issuer: ca, kind });

const made = new Map();

/** The same, made once for each name. */
function own(name, kind = name) {
  if (!made.has(name)) made.set(name, signed(kind));
  return made.get(name);
}

const pemOf = (der, label) =>
  [
    `-----BEGIN ${label}-----`,
    ...der.toString('base64').match(/.{1,64}/g),
    `-----END ${label}-----`,
    '',
  ].join('\n');

const CURVES = { p256: '1.2.840.10045.3.1.7', p384: '1.3.132.0.34' };

/** PKCS #8 of an elliptic curve's key without the public part, as some tools and devices write it. */
function withoutPublicPart(kind) {
  const { privateKey } = own(kind);
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url');
  return sequence(
    integer(Buffer.of(0)),
    sequence(oid('1.2.840.10045.2.1'), oid(CURVES[kind])),
    octets(sequence(integer(Buffer.of(1)), octets(secret))),
  );
}

/** SEC 1 without the public part, and with the block of parameters that `openssl ecparam -genkey` puts before. */
function sec1(kind) {
  const secret = Buffer.from(own(kind).privateKey.export({ format: 'jwk' }).d, 'base64url');
  const parameters = Buffer.concat([Buffer.of(0xa0, oid(CURVES[kind]).length), oid(CURVES[kind])]);
  const bare = sequence(integer(Buffer.of(1)), octets(secret), parameters);
  return pemOf(oid(CURVES[kind]), 'EC PARAMETERS') + pemOf(bare, 'EC PRIVATE KEY');
}

const TAKEN = [
  [
    'P-256, PKCS #8 without the public part, PEM',
    'p256',
    () => pemOf(withoutPublicPart('p256'), 'PRIVATE KEY'),
  ],
  ['P-256, PKCS #8 without the public part, DER', 'p256', () => withoutPublicPart('p256')],
  ['P-384, PKCS #8 without the public part', 'p384', () => withoutPublicPart('p384')],
  ['P-256, SEC 1 without the public part, after its parameters', 'p256', () => sec1('p256')],
  ['P-384, SEC 1 without the public part, after its parameters', 'p384', () => sec1('p384')],
  ['Ed25519', 'ed25519', () => own('ed25519').key],
  ['RSA', 'rsa', () => own('rsa').key],
  ['lines that end with CR and LF', 'p256', () => own('p256').key.replaceAll('\n', '\r\n')],
  ['a text before and after it', 'p256', () => `Key of x:\n\n${own('p256').key}\nend\n`],
  ['after its certificate, in one file', 'p256', () => own('p256').cert + own('p256').key],
  ['before its certificate, in one file', 'rsa', () => own('rsa').key + own('rsa').cert],
  [
    'a Uint8Array of DER',
    'rsa',
    () => new Uint8Array(own('rsa').privateKey.export({ format: 'der', type: 'pkcs8' })),
  ],
  ['DER, PKCS #1', 'rsa', () => own('rsa').privateKey.export({ format: 'der', type: 'pkcs1' })],
];

test.each(TAKEN)('is taken: %s', async (name, kind, key) => {
  const { cert } = own(kind);
  const place = await world.at();
  const server = await world.serve(place, { tls: { key: key(), cert } });
  const { client } = await world.meet(server, place);
  expect(client.socket.authorized).toBe(true);
  // and by a client
  const other = await world.at();
  const strict = await world.serve(other, { tls: world.mutual.server });
  const { socket } = await world.meet(strict, other, {
    tls: { ...world.clientTls, key: key(), cert },
  });
  expect(socket.authorized).toBe(true);
  const node = await world.nodeClient(place);
  node.send('x', 1);
  expect((await once(server, 'x'))[0]).toBe(1);
});

const code = 'ERR_FERRIPC_TLS_OPTION';
const usable = /; usable are RSA of 2048 to 4096 bits/;

const REFUSED = [
  ['RSA with the exponent 3', rsa(2048, 3), /of kind rsa 2048 with the exponent 3/],
  ['RSA of 1024 bits', rsa(1024), /of kind rsa 1024/],
  ['RSA of 2056 bits', rsa(2056), /of kind rsa 2056/],
  ['RSA-PSS', pair('rsa-pss', { modulusLength: 2048 }), /of kind rsa-pss/],
  ['P-521', 'p521', /of kind ec secp521r1/],
  ['secp256k1', pair('ec', { namedCurve: 'secp256k1' }), /of kind ec secp256k1/],
  ['Ed448', pair('ed448'), /of kind ed448/],
];

/** `base` to the power of -1, modulo `modulus`. */
function inverse(base, modulus) {
  let [r, rest, t, next] = [modulus, base % modulus, 0n, 1n];
  while (rest > 0n) {
    const times = r / rest;
    [r, rest, t, next] = [rest, r - times * rest, next, t - times * next];
  }
  return ((t % modulus) + modulus) % modulus;
}

const number = (value) => {
  const hex = value.toString(16);
  return integer(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
};

/** An RSA key of 2048 bits of three primes, by RFC 8017, as `openssl genrsa -primes 3` makes one. */
function threePrimes() {
  const e = 65537n;
  let primes;
  let n;
  do {
    primes = [683, 683, 682].map((bits) => crypto.generatePrimeSync(bits, { bigint: true }));
    n = primes.reduce((product, prime) => product * prime);
  } while (n.toString(2).length !== 2048 || primes.some((prime) => (prime - 1n) % e === 0n));
  const [p, q, r] = primes;
  const d = inverse(e, (p - 1n) * (q - 1n) * (r - 1n));
  const third = sequence(...[r, d % (r - 1n), inverse(p * q, r)].map(number));
  const usual = [1n, n, e, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  const key = sequence(...usual.map(number), sequence(third));
  const privateKey = crypto.createPrivateKey({ key, format: 'der', type: 'pkcs1' });
  return { privateKey, publicKey: crypto.createPublicKey(privateKey) };
}

test('an RSA key of three primes, which Node takes, is refused with a reason', () => {
  const { key, cert } = own('three primes', threePrimes);
  expect(() => nodeTls.createSecureContext({ key, cert })).not.toThrow();
  for (const error of refusals({ key, cert })) {
    expect(error).toMatchObject({ code, option: 'key' });
    expect(error.message).toMatch(
      /^config\.tls\.key is an RSA key of more than two primes; usable are /,
    );
  }
});

/** What `start` and `connectToNet` throw for these options. */
function refusals(options) {
  const server = world.ipc({ tls: options });
  server.serveNet('127.0.0.1', 1);
  const client = world.ipc({ tls: { ...options, ca: ca.cert } });
  return [
    thrownBy(() => server.server.start()),
    thrownBy(() => client.connectToNet('x', '127.0.0.1', 1)),
  ];
}

test.each(REFUSED)('is refused with a reason: %s', (name, kind, reason) => {
  const { key, cert } = own(name, kind);
  for (const error of refusals({ key, cert })) {
    expect(error).toMatchObject({ code, option: 'key' });
    expect(error.message).toMatch(/^config\.tls\.key is a key of kind /);
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(usable);
  }
});

test.each([
  ['a public key', () => crypto.createPublicKey(own('p256').privateKey)],
  ['a secret', () => crypto.createSecretKey(Buffer.alloc(32))],
  ['a certificate', () => own('p256').cert],
  ['an empty string of blanks', () => '  '],
  ['PEM that is cut off', () => own('rsa').key.slice(0, 200)],
  ['DER that is cut off', () => withoutPublicPart('p256').subarray(0, 20)],
  ['a number', () => 5],
  ['an object', () => ({})],
])('is refused as no private key: %s', (name, key) => {
  for (const error of refusals({ key: key(), cert: own('p256').cert })) {
    expect([code, 'ERR_INVALID_ARG_TYPE']).toContain(error.code);
    expect(error.message).toMatch(/key/);
  }
});

const LOCKED = { cipher: 'aes-256-cbc', passphrase: 'secret' };
test.each([
  ['PKCS #8', 'pkcs8'],
  ['PKCS #1', 'pkcs1'],
])('an encrypted key without its passphrase is refused with that as the reason: %s', (_, type) => {
  const key = own('rsa').privateKey.export({ format: 'pem', type, ...LOCKED });
  const { cert } = own('rsa');
  for (const given of [key, Buffer.from(key)]) {
    for (const error of refusals({ key: given, cert })) {
      expect(error).toMatchObject({ code, option: 'key' });
      expect(error.message).toMatch(/it is encrypted, and config\.tls\.passphrase is missing$/);
    }
  }
  // Mostly "bad decrypt"; one time in some hundreds the padding is right by chance, and what it is then makes no sense.
  for (const error of refusals({ key, cert, passphrase: 'another' })) {
    expect(error.message).toMatch(/no usable private key: (?!it is encrypted)/);
  }
});

test("a key that is not the certificate's is refused with Node's code", () => {
  const { cert } = own('p256');
  const expected = thrownBy(() => nodeTls.createSecureContext({ key: stranger.key, cert }));
  for (const key of [stranger.key, own('rsa').key]) {
    for (const error of refusals({ key, cert })) {
      expect(error.code).toBe('ERR_OSSL_X509_KEY_VALUES_MISMATCH');
    }
  }
  expect(expected.code).toBe('ERR_OSSL_X509_KEY_VALUES_MISMATCH');
});

/** [what is signed, the key and the certificates] */
const weak = ['sha1', 'md5'].flatMap((digest) => {
  const root = makeCertificate({ name: 'Root', ca: true, kind: 'rsa' });
  const middle = makeCertificate({ name: 'Middle', ca: true, issuer: root, kind: 'rsa', digest });
  const leaf = makeCertificate({ name: 'x', issuer: root, digest });
  const below = makeCertificate({ name: 'x', issuer: middle });
  const self = makeCertificate({ name: 'x', kind: 'rsa', digest });
  return [
    [`a certificate over ${digest}`, leaf],
    [`a chain with ${digest} in it`, { key: below.key, cert: below.cert + middle.cert }],
    [`a self-signed one over ${digest}`, self],
  ];
});

test.each(weak)('is presented or refused as Node does it: %s', (_, options) => {
  const expected = thrownBy(() => nodeTls.createSecureContext(options))?.code;
  expect(refusals(options).map((error) => error?.code)).toEqual([expected, expected]);
});
