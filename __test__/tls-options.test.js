'use strict';
// The options of `config.tls` (K22): which are honoured, in which forms, and that every other is refused
// by name instead of ignored.

const fs = require('node:fs');
const { makeCertificate } = require('./helpers/certificates');
const { once } = require('./helpers/events');
const { thrownBy } = require('./helpers/thrown');
const { createTlsWorld, outcome } = require('./helpers/tls');

const world = createTlsWorld();
const { family, serverTls, clientTls, mutual } = world;
const { ca, server: ordinary, client: visitor } = family;

const code = 'ERR_FERRIPC_TLS_OPTION';

/** What `start` and `connectToNet` throw for these options, which are added to such as do work. */
function refusals(options) {
  const server = world.ipc({ tls: { ...serverTls, ...options } });
  server.serveNet('127.0.0.1', 1);
  const client = world.ipc({ tls: { ...clientTls, ...options } });
  return [
    thrownBy(() => server.server.start()),
    thrownBy(() => client.connectToNet('x', '127.0.0.1', 1)),
  ];
}

describe('is refused by name', () => {
  test.each([
    ...['pfx', 'crl', 'SNICallback', 'ALPNCallback', 'pskCallback', 'secureContext', 'session'],
    ...['ticketKeys', 'secureProtocol', 'secureOptions', 'sigalgs', 'enableTrace', 'requestOCSP'],
    ...['privateKeyEngine', 'path', 'socket', 'allowHalfOpen', 'pauseOnConnect', 'blockList'],
  ])('%s', (option) => {
    for (const error of refusals({ [option]: 'anything' })) {
      expect(error).toMatchObject({ code, option });
      expect(error.message).toBe(`config.tls.${option} is not supported`);
    }
    // but what is off asks for nothing
    const ipc = world.ipc({ tls: { ...clientTls, [option]: undefined } });
    expect(thrownBy(() => ipc.connectToNet('x', '127.0.0.1', 1))).toBeUndefined();
  });

  test.each([
    ['ciphers', 'HIGH:!aNULL'],
    ['ciphers', 'TLS_AES_128_GCM_SHA256:AES128-SHA'],
    ['ecdhCurve', 'P-521'],
    ['minVersion', 'TLSv1'],
    ['maxVersion', 'TLSv1.1'],
    ['ca', 'no certificate'],
    ['ca', Buffer.of(1, 2, 3)],
    ['cert', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['key', Buffer.of(1, 2, 3)],
  ])('%s with %j', (option, value) => {
    for (const error of refusals({ [option]: value })) {
      expect(error).toMatchObject({ code, option });
      expect(error.message).toContain(`config.tls.${option} `);
    }
  });

  test('a range of versions that is empty', () => {
    for (const error of refusals({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' })) {
      expect(error).toMatchObject({ code, option: 'minVersion' });
    }
  });

  test('a key of a kind that cannot be signed with', () => {
    const made = makeCertificate({ name: 'x', kind: 'p521' });
    for (const error of refusals({ key: made.key, cert: made.cert })) {
      expect(error).toMatchObject({ code, option: 'key' });
      expect(error.message).toContain('secp521r1');
    }
  });

  test('a key that does not fit the certificate: the code is that of Node', () => {
    for (const error of refusals({ key: visitor.key, cert: ordinary.cert })) {
      expect(error).toMatchObject({ code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' });
    }
  });

  test.each([
    ['handshakeTimeout', 'soon'],
    ['handshakeTimeout', -1],
    ['ciphers', 5],
  ])('as a TypeError: %s with %j', (option, value) => {
    for (const error of refusals({ [option]: value })) {
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      expect(error.message).toContain(`config.tls.${option}`);
    }
  });

  test.each([
    ['servername', 5],
    ['checkServerIdentity', 'no'],
  ])('as a TypeError by clients: %s', (option, value) => {
    const [, error] = refusals({ [option]: value });
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('anything but an object', () => {
    const ipc = world.ipc({ tls: true });
    expect(thrownBy(() => ipc.connectToNet('x', '127.0.0.1', 1))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  test.each(['private', 'public', 'dhparam', 'trustedConnections'])(
    'a file that is not there: %s',
    (option) => {
      const path = world.file('missing');
      const [error] = refusals({ [option]: path });
      expect(error).toMatchObject({ code: 'ENOENT', path });
    },
  );
});

test('has its documented effect: allowPartialTrustChain, minDHSize', async () => {
  const middle = makeCertificate({ name: 'middle', ca: true, issuer: ca });
  const hosts = ['127.0.0.1'];
  const { key, cert } = makeCertificate({ name: 'localhost', hosts, issuer: middle });
  const place = await world.at();
  await world.serve(place, { tls: { key, cert } });
  const tls = { ca: middle.cert, allowPartialTrustChain: true, minDHSize: 2048 };
  expect(await outcome(world.dial(place, { tls }))).toBe('connected');
});

describe('a server', () => {
  test.each([
    [{}],
    [{ rejectUnauthorized: false }],
    [{ key: ordinary.key }],
    [{ cert: ordinary.cert }],
  ])('without key and certificate is refused, and has none of its own (F15)', (tls) => {
    const ipc = world.ipc({ tls });
    ipc.serveNet('127.0.0.1', 1);
    const error = thrownBy(() => ipc.server.start());
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(/needs a key and a certificate/);
  });

  test('reads dhparam, and says that it is not used', async () => {
    const lines = [];
    const file = world.file('dh.pem');
    fs.writeFileSync(file, 'parameters');
    const tls = { ...serverTls, dhparam: file };
    const place = await world.at();
    await world.serve(place, { tls, silent: false, logger: (line) => lines.push(line) });
    await world.connect(place);
    expect(lines.join('\n')).toContain('config.tls.dhparam is not used');
  });

  test('prefers its own order of ciphers, unless told otherwise', async () => {
    const place = await world.at();
    const wish = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
    const own = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256';
    for (const [honorCipherOrder, name] of [
      [undefined, own.split(':')[0]],
      [false, wish.split(':')[0]],
    ]) {
      const tls = { ...serverTls, ciphers: own, honorCipherOrder };
      const server = await world.serve(place, { tls });
      const client = await world.connect(place, { tls: { ...clientTls, ciphers: wish } });
      expect(client.socket.getCipher().name).toBe(name);
      await server.stop({ disconnect: true });
    }
  });

  test('shows the certificate that the client can deal with', async () => {
    const place = await world.at();
    const rsa = makeCertificate({ name: 'rsa', hosts: ['127.0.0.1'], issuer: ca, kind: 'rsa' });
    const tls = { key: [rsa.key, ordinary.key], cert: [ordinary.cert, rsa.cert] };
    await world.serve(place, { tls });
    for (const [suite, name] of [
      ['ECDHE-RSA-AES128-GCM-SHA256', 'rsa'],
      ['ECDHE-ECDSA-AES128-GCM-SHA256', 'localhost'],
    ]) {
      const { socket } = await world.nodeClient(place, { maxVersion: 'TLSv1.2', ciphers: suite });
      expect(socket.getPeerCertificate().subject.CN).toBe(name);
    }
  });

  test('sends issuers along that it trusts, as Node does', async () => {
    const place = await world.at();
    const middle = makeCertificate({ name: 'Middle', ca: true, issuer: ca });
    const leaf = makeCertificate({ name: 'leaf', hosts: ['127.0.0.1'], issuer: middle });
    await world.serve(place, {
      tls: { key: leaf.key, cert: leaf.cert, ca: [ca.cert, middle.cert] },
    });
    const client = await world.connect(place);
    expect(client.socket.authorized).toBe(true);
  });
});

describe('keys and certificates', () => {
  const { privateKey } = ordinary;
  const secret = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
  const pem = (type, more) => privateKey.export({ format: 'pem', type, ...more });
  const encrypted = pem('pkcs8', secret);

  test.each([
    ['PEM, SEC 1', { key: pem('sec1') }],
    ['PEM in a Buffer', { key: Buffer.from(pem('pkcs8')) }],
    ['DER, PKCS #8', { key: privateKey.export({ format: 'der', type: 'pkcs8' }) }],
    ['DER, SEC 1', { key: privateKey.export({ format: 'der', type: 'sec1' }) }],
    ['PEM, encrypted', { key: encrypted, passphrase: 'open sesame' }],
    ['PEM, encrypted in the old way', { key: pem('sec1', secret), passphrase: 'open sesame' }],
    ['objects with passphrases', { key: [{ pem: encrypted, passphrase: 'open sesame' }] }],
    ['a KeyObject', { key: privateKey }],
    ['a certificate as DER', { cert: ordinary.der }],
    ['a typed array', { cert: new Uint8Array(ordinary.der) }],
    ['a list', { cert: [ordinary.cert], key: [ordinary.key] }],
    ['a text around it', { cert: `subject=x\n${ordinary.cert}\ntail` }],
  ])('as %s', async (_, options) => {
    const place = await world.at();
    await world.serve(place, { tls: { ...serverTls, ...options } });
    const client = await world.connect(place, { tls: { ca: [ca.der] } });
    expect(client.socket.authorized).toBe(true);
  });

  test('an RSA key as PKCS #1', async () => {
    const place = await world.at();
    const made = makeCertificate({ name: 'x', hosts: ['127.0.0.1'], issuer: ca, kind: 'rsa' });
    const key = made.privateKey.export({ format: 'pem', type: 'pkcs1' });
    await world.serve(place, { tls: { key, cert: made.cert } });
    await world.connect(place);
  });

  test.each([[undefined], ['wrong']])(
    'an encrypted key with passphrase %j is refused',
    (passphrase) => {
      for (const error of refusals({ key: encrypted, passphrase })) {
        expect(error).toMatchObject({
          code,
          option: 'key',
          cause: { message: expect.any(String) },
        });
      }
    },
  );

  test('a certificate of a client without its key is not shown, as in Node', async () => {
    const place = await world.at();
    const server = await world.serve(place, {
      tls: { ...mutual.server, rejectUnauthorized: false },
    });
    const { socket } = await world.meet(server, place, {
      tls: { ...clientTls, cert: visitor.cert },
    });
    expect(socket.getPeerCertificate()).toEqual({});
    expect(socket.authorizationError).toBe('UNABLE_TO_GET_ISSUER_CERT');
  });
});

describe('the protocol', () => {
  test.each([
    ['ciphers of TLS 1.2', { ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }, 'TLSv1.2'],
    [
      'ciphers by standard names',
      { ciphers: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' },
      'TLSv1.2',
    ],
    ['ciphers of TLS 1.3', { ciphers: 'TLS_AES_128_GCM_SHA256' }, 'TLSv1.3'],
    ['a curve', { ecdhCurve: 'P-384' }, 'TLSv1.3'],
    ['curves', { ecdhCurve: 'X25519:prime256v1' }, 'TLSv1.3'],
    ['any curve', { ecdhCurve: 'auto' }, 'TLSv1.3'],
    ['the least version', { minVersion: 'TLSv1.3' }, 'TLSv1.3'],
    ['the greatest version', { maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
  ])('%s', async (_, options, version) => {
    const place = await world.at();
    await world.serve(place, { tls: { ...serverTls, ...options } });
    const { socket } = await world.nodeClient(place);
    expect(socket.getProtocol()).toBe(version);
    const [known] = (options.ciphers ?? '').split(':');
    const { name, standardName } = socket.getCipher();
    if (known) expect([name, standardName]).toContain(known);
    if (options.ecdhCurve === 'P-384') {
      expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' });
    }
    const client = await world.connect(place, { tls: { ...clientTls, ...options } });
    expect(client.socket.getProtocol()).toBe(version);
    expect(client.socket.getCipher()).toEqual(socket.getCipher());
  });

  test('nothing in common: both sides report it', async () => {
    const place = await world.at();
    const server = await world.serve(place, { tls: { ...serverTls, minVersion: 'TLSv1.3' } });
    const error = once(server, 'error');
    const own = await outcome(world.dial(place, { tls: { ...clientTls, maxVersion: 'TLSv1.2' } }));
    expect(own.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect((await error)[0].code).toBe('ERR_SSL_UNSUPPORTED_PROTOCOL');
  });

  test('no application protocol in common', async () => {
    const place = await world.at();
    const server = await world.serve(place, { tls: { ...serverTls, ALPNProtocols: ['a'] } });
    const error = once(server, 'error');
    const own = await outcome(
      world.dial(place, { tls: { ...clientTls, ALPNProtocols: Buffer.from('\x01b') } }),
    );
    expect(own.code).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
    expect((await error)[0].code).toBe('ERR_SSL_NO_APPLICATION_PROTOCOL');
  });

  test('the name of an IP address is not sent, as the standard has it', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const { socket } = await world.meet(server, place, {
      tls: { ...clientTls, servername: '127.0.0.1' },
    });
    expect(socket.servername).toBe(false);
  });
});

describe('the authorities of a client by default', () => {
  const variable = 'NODE_TLS_REJECT_UNAUTHORIZED';
  afterEach(() => delete process.env[variable]);

  test('are those of Node, with NODE_EXTRA_CA_CERTS', async () => {
    const place = await world.at();
    await world.serve(place);
    const file = world.file('extra.pem');
    fs.writeFileSync(file, ca.cert);
    const env = { NODE_EXTRA_CA_CERTS: file };
    const { port } = place.options;
    expect((await world.child('tls-life.js', ['default', port], { env }).exited).lines).toEqual([
      'connected',
    ]);
    expect((await world.child('tls-life.js', ['default', port]).exited).lines).toEqual([
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ]);
  });

  test(`are not asked if ${variable} is 0, unless rejectUnauthorized is set`, async () => {
    const place = await world.at();
    await world.serve(place);
    process.env[variable] = '0';
    const client = await world.connect(place, { tls: {} });
    expect(client.socket.authorizationError).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const strict = world.dial(place, { tls: { rejectUnauthorized: true } });
    expect((await outcome(strict)).code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});

test('options of tls.connect for the socket are used where config.interface has none (K24)', async () => {
  const place = await world.at();
  const server = await world.serve(place);
  const lookup = jest.fn((host, options, callback) => callback(null, '127.0.0.1', 4));
  const ipc = world.ipc({ tls: { ...clientTls, lookup, timeout: 50_000, keepAlive: true } });
  const seen = once(server, 'connect');
  ipc.connectToNet('x', 'localhost', place.options.port);
  await Promise.all([seen, once(ipc.of.x, 'connect')]);
  expect(lookup).toHaveBeenCalledTimes(1);
  expect(ipc.of.x.socket.timeout).toBe(50_000);
});
