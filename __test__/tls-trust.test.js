'use strict';
// Whom TLS believes, and what it calls the reason if it does not: compared with node:tls, which is asked
// the same question in each case (K22).

const path = require('node:path');
const tls = require('node:tls');
const { Worker } = require('node:worker_threads');
const { makeCertificate } = require('./helpers/certificates');
const { once } = require('./helpers/events');
const { isScript, onNative } = require('./helpers/platform');
const { createTlsWorld, outcome } = require('./helpers/tls');
const { tcpPlace } = require('./helpers/world');

const world = createTlsWorld();
const { ca, server: ordinary, client: visitor } = world.family;

const hosts = ['127.0.0.1'];
const nameless = { checkServerIdentity() {} };

/** A certificate chain for 127.0.0.1 and its key, as options of a server. */
function identity(options, ...issuers) {
  const made = makeCertificate({ name: 'server', hosts, ...options });
  const cert = [made, ...issuers].map((one) => one.cert).join('');
  return { key: made.key, cert };
}

/** Node presents such certificates only if it is told to. */
const weak = (options) => ({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' });

const other = makeCertificate({ name: 'Another CA', ca: true });
const middle = makeCertificate({ name: 'Middle', ca: true, issuer: ca });
const oldMiddle = makeCertificate({ name: 'Old middle', ca: true, issuer: ca, from: -9, to: -1 });
const weakMiddle = makeCertificate({ name: 'Weak middle', ca: true, issuer: ca, digest: 'sha1' });
const rsaCa = makeCertificate({ name: 'RSA CA', ca: true, kind: 'rsa' });
const noCa = makeCertificate({ name: 'No CA', ca: false });
const v1Ca = makeCertificate({ name: 'Ancient CA', v1: true });
const self = identity({});
const weakSelf = weak(identity({ digest: 'sha1' }));
const selfExpired = identity({ from: -9, to: -1 });
const selfAsCa = identity({ ca: true });
const selfV1 = identity({ v1: true });
const selfRsa = identity({ kind: 'rsa', v1: true });

/** `[case, the server's options, the client's options, what ferripc says where it differs]` */
const cases = [
  ['a chain of one', identity({ issuer: ca }), { ca: ca.cert }],
  ['a chain of two', identity({ issuer: middle }, middle), { ca: ca.cert }],
  ['a chain with its root', identity({ issuer: ca }, ca), { ca: ca.cert }],
  ['one of two authorities', identity({ issuer: ca }), { ca: [other.cert, ca.cert] }],
  ['authorities in one text', identity({ issuer: ca }), { ca: other.cert + ca.cert }],
  ['an authority in a Buffer', identity({ issuer: ca }), { ca: Buffer.from(ca.cert) }],
  ['no authority that is known', identity({ issuer: ca }), { ca: other.cert }],
  ['nothing configured', identity({ issuer: ca }), {}],
  ['a root that is not known', identity({ issuer: ca }, ca), { ca: other.cert }],
  ['a chain without its end', identity({ issuer: middle }, middle), { ca: other.cert }],
  ['a chain without its middle', identity({ issuer: middle }), { ca: ca.cert }],
  ['expired', identity({ issuer: ca, from: -9, to: -1 }), { ca: ca.cert }],
  ['expired and not known', identity({ issuer: ca, from: -9, to: -1 }), { ca: other.cert }],
  ['not valid yet', identity({ issuer: ca, from: 2, to: 9 }), { ca: ca.cert }],
  ['an expired middle', identity({ issuer: oldMiddle }, oldMiddle), { ca: ca.cert }],
  ['a forged signature', identity({ issuer: ca, forged: true }), { ca: ca.cert }],
  ['self-signed', self, { ca: other.cert }],
  ['self-signed and trusted', self, { ca: self.cert }],
  ['self-signed, trusted, expired', selfExpired, { ca: selfExpired.cert }],
  ['self-signed as an authority', selfAsCa, { ca: other.cert }],
  ['self-signed as an authority and trusted', selfAsCa, { ca: selfAsCa.cert }],
  ['version 1, self-signed', selfV1, { ...nameless, ca: other.cert }],
  ['version 1, self-signed and trusted', selfV1, { ...nameless, ca: selfV1.cert }],
  ['version 1, RSA', selfRsa, { ...nameless, ca: selfRsa.cert }],
  ['version 1, RSA, TLS 1.2', selfRsa, { ...nameless, ca: selfRsa.cert, maxVersion: 'TLSv1.2' }],
  ['version 1 by an authority', identity({ v1: true, issuer: ca }), { ...nameless, ca: ca.cert }],
  [
    'version 1 by an authority, expired',
    identity({ v1: true, issuer: ca, from: -9, to: -1 }),
    { ...nameless, ca: ca.cert },
  ],
  [
    'version 1, forged',
    identity({ v1: true, issuer: ca, forged: true }),
    { ...nameless, ca: ca.cert },
  ],
  ['version 1, not known', identity({ v1: true, issuer: ca }), { ...nameless, ca: other.cert }],
  ['an authority of version 1', identity({ issuer: v1Ca }), { ca: v1Ca.cert }],
  [
    'an issuer that is not an authority',
    identity({ issuer: noCa }),
    { ca: noCa.cert },
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  ['a certificate for clients only', identity({ issuer: ca, usage: 'client' }), { ca: ca.cert }],
  ['an RSA key', identity({ kind: 'rsa', issuer: ca }), { ca: ca.cert }],
  ['a P-384 key', identity({ kind: 'p384', issuer: ca }), { ca: ca.cert }],
  ['an Ed25519 key', identity({ kind: 'ed25519', issuer: ca }), { ca: ca.cert }],
  ['a signature over SHA-1', weak(identity({ issuer: ca, digest: 'sha1' })), { ca: ca.cert }],
  ['one over SHA-1, by RSA', weak(identity({ issuer: rsaCa, digest: 'sha1' })), { ca: rsaCa.cert }],
  ['one over MD5', weak(identity({ issuer: rsaCa, digest: 'md5' })), { ca: rsaCa.cert }],
  ['one over SHA-1, and not known', weak(identity({ issuer: ca, digest: 'sha1' })), {}],
  [
    'version 1, and one over SHA-1',
    weak(identity({ v1: true, issuer: ca, digest: 'sha1' })),
    { ...nameless, ca: ca.cert },
  ],
  ['a weak middle', weak(identity({ issuer: weakMiddle }, weakMiddle)), { ca: ca.cert }],
  ['self-signed over SHA-1', weakSelf, { ca: other.cert }],
  ['self-signed over SHA-1 and trusted', weakSelf, { ca: weakSelf.cert }],
  ['the wrong name', identity({ issuer: ca, hosts: ['10.0.0.1'] }), { ca: ca.cert }],
  [
    'a name asked for',
    identity({ issuer: ca, hosts: ['a.test'] }),
    { ca: ca.cert, servername: 'a.test' },
  ],
  ['another name asked for', identity({ issuer: ca }), { ca: ca.cert, servername: 'a.test' }],
];

/** What node:tls makes of it: its error, or 'connected'. */
async function nodeOutcome(place, options) {
  const socket = tls.connect({ ...place.options, ...options });
  world.after(() => socket.destroy());
  const error = once(socket, 'error').then(([reason]) => reason);
  return Promise.race([once(socket, 'secureConnect').then(() => 'connected'), error]);
}

const told = (result) => result.code ?? result;

describe('a client that meets', () => {
  test.each(cases)('%s says what node:tls says', async (_, server, client, ...[native]) => {
    const differs = isScript ? undefined : native;
    const place = await world.at();
    await world.nodeServer(place, server);
    const theirs = await nodeOutcome(place, client);
    const own = await outcome(world.dial(place, { tls: client }));
    expect(told(own)).toBe(differs ?? told(theirs));
    // Newer releases of Node go on with advice.
    if (!differs && own.message) expect(theirs.message).toContain(own.message);
    // Without insisting, the connection comes up and the reason is on the socket.
    const lax = { ...client, rejectUnauthorized: false };
    const tolerant = await world.connect(place, { tls: lax });
    const { authorized, authorizationError } = tolerant.socket;
    const expected = told(own) === 'connected' ? null : told(own);
    expect([authorized, authorizationError]).toEqual([expected === null, expected]);
  });
});

const visitors = [
  ['a certificate by the authority', { key: visitor.key, cert: visitor.cert }],
  ['none', {}],
  ['a self-signed one', self],
  ['an expired one', identity({ issuer: ca, from: -9, to: -1 })],
  ['one for servers only', identity({ issuer: ca, usage: 'server' })],
  ['one of version 1', identity({ issuer: ca, v1: true })],
];

describe('a server that asks a client for its certificate and gets', () => {
  const asking = { key: ordinary.key, cert: ordinary.cert, ca: ca.cert, requestCert: true };

  test.each(visitors)('%s says what node:tls says', async (_, client) => {
    const lax = { ...asking, rejectUnauthorized: false };
    const [mine, theirs] = [await world.at(), await world.at()];
    const own = await world.serve(mine, { tls: lax });
    const node = await world.nodeServer(theirs, lax);
    const seen = once(own, 'connect');
    const theirSeen = once(node, 'secureConnection');
    const options = { ca: ca.cert, ...client };
    await world.nodeClient(mine, options);
    await world.nodeClient(theirs, options);
    const [[{ authorized, authorizationError }], [reference]] = await Promise.all([
      seen,
      theirSeen,
    ]);
    expect({ authorized, authorizationError: authorizationError ?? undefined }).toEqual({
      authorized: reference.authorized,
      authorizationError: reference.authorizationError ?? undefined,
    });
  });

  test.each([
    [
      'none',
      {},
      'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    ],
    ['a self-signed one', self, 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
    [
      'an expired one',
      identity({ issuer: ca, from: -9, to: -1 }),
      'CERT_HAS_EXPIRED',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    ],
  ])('%s, and insists: both sides hear why', async (_, client, here, there) => {
    const place = await world.at();
    const server = await world.serve(place, { tls: asking });
    const early = once(server.server, 'tlsClientError');
    const error = once(server, 'error');
    const dialled = world.dial(place, { tls: { ca: ca.cert, ...client } });
    // node:tls ends the connection without an alert if it has a certificate.
    const isTold = !isScript || !client.cert;
    const [theirs] = await once(dialled, isTold ? 'error' : 'disconnect');
    const [[own], [first, socket]] = await Promise.all([error, early]);
    expect([own.code, theirs?.code]).toEqual([here, isTold ? there : undefined]);
    expect(first).toBe(own);
    expect(socket.destroyed).toBe(true);
    // Others are not disturbed.
    await world.meet(server, place, { tls: world.mutual.client });
    expect(server.sockets.length).toBe(1);
  });
});

describe('who the server is', () => {
  test('is asked before anything is sent, also by a client that has left already (F6)', async () => {
    const place = await world.at();
    const server = await world.serve(place, { tls: identity({ issuer: ca, hosts: ['a.test'] }) });
    const received = [];
    server.on('*', (type) => received.push(type));
    const gone = once(server, 'socket.disconnected');
    const client = world.dial(place);
    const [error, destroyed] = [once(client, 'error'), once(client, 'destroy')];
    client.emit('secret', 1);
    client.leave();
    expect((await error)[0].code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    await Promise.all([destroyed, gone]);
    expect(received).not.toContain('secret');
  });

  // In JavaScript there is no other thread that could hear of it.
  onNative.test.each([
    ['the wrong one', ['a.test'], '', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['the right one', hosts, '{"type":"secret","data":1}\f', null],
  ])('is asked even if the client leaves after the handshake: %s', async (_, names, sent, code) => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { ...identity({ issuer: ca, hosts: names }), flag };
    const worker = new Worker(path.join(__dirname, 'fixtures', 'tls-server-thread.js'), {
      workerData,
    });
    world.after(() => worker.terminate());
    const [port] = await once(worker, 'message');
    const client = world.dial(tcpPlace('127.0.0.1', port));
    const errors = [];
    client.on('error', (error) => errors.push(error.code));
    const destroyed = once(client, 'destroy');
    const received = once(worker, 'message');
    client.emit('secret', 1);
    Atomics.wait(flag, 0, 0); // this thread hears nothing of the connection
    client.leave();
    expect(await received).toEqual([sent]);
    await destroyed;
    expect(errors).toEqual(code ? [code] : []);
  });

  test("is for the caller's function to say, with the name and the certificate", async () => {
    const place = await world.at();
    await world.serve(place);
    const calls = [];
    const checkServerIdentity = (name, certificate) => void calls.push([name, certificate]);
    await world.connect(place, { tls: { ...world.clientTls, checkServerIdentity } });
    const [[name, certificate]] = calls;
    expect(name).toBe('127.0.0.1');
    expect(certificate).toMatchObject({
      subject: { CN: 'localhost' },
      issuerCertificate: { subject: { CN: 'Throw-away CA' } },
    });
    for (const refuse of [
      () => new Error('not this one'),
      () => {
        throw new Error('not this one');
      },
    ]) {
      const tlsOptions = { ...world.clientTls, checkServerIdentity: refuse };
      const reason = await outcome(world.dial(place, { tls: tlsOptions }));
      expect(reason.message).toBe('not this one');
    }
  });

  test('a refusal follows the retry rules: error, disconnect, again (K10)', async () => {
    const place = await world.at();
    await world.serve(place, { tls: self });
    const client = world.dial(place, { maxRetries: 1 });
    const events = [];
    for (const type of ['connect', 'error', 'disconnect', 'destroy']) {
      client.on(type, () => events.push(type));
    }
    await once(client, 'destroy');
    expect(events).toEqual(['error', 'disconnect', 'error', 'disconnect', 'destroy']);
  });
});
