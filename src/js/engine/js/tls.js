'use strict';
// TLS for the JavaScript engine: Node's own, with the settings that ../../sockets/tls.js has made for the engine, and the
// same facts about the peer. Used by dial.js and acceptor.js.

const { failureOf } = require('./errors');
const { clearTimeout, core, lazily, now, setImmediate, setTimeout } = require('../../core');

/** Loaded when needed: most programs have no TLS. */
const nodeTls = lazily(() => require('node:tls'));

/** Handshakes that may be going on where the consumer has set no limit: see handshakes.rs. */
const MOST = 1000;
const LONG = 2000;

/** How long handshakes may go on after their listener was closed, in ms. */
const LINGER = 2000;

const LONGEST = 2 ** 31 - 1;

/** Suites of TLS 1.2 that are used where no list is given: those of the native engine. */
const SUITES = ['ECDSA', 'RSA'].flatMap((key) =>
  ['AES_256_GCM_SHA384', 'AES_128_GCM_SHA256', 'CHACHA20_POLY1305_SHA256'].map(
    (name) => `TLS_ECDHE_${key}_WITH_${name}`,
  ),
);
const SUITES_1_3 = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
];

const isOf = (suite, version) => suite.includes('_WITH_') === (version === 'TLSv1.2');

/** OpenSSL's name of a suite, from its standard one. */
function suiteName(name) {
  if (!name.includes('_WITH_')) return name;
  const [key, cipher] = name.replace(/^TLS_/, '').split('_WITH_');
  const short = cipher.replace(/^AES_/, 'AES').replace(/_POLY1305_SHA256$/, '_POLY1305');
  return `${key}_${short}`.replaceAll('_', '-');
}

const GROUPS = { secp256r1: 'P-256', secp384r1: 'P-384' };

function pem(label, der) {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const certificates = (list) => list.map((der) => pem('CERTIFICATE', der));

/** Contexts of OpenSSL's, by the settings that they are made from. */
const contexts = new WeakMap();
/** Lists of trusted certificates -> the last context with each, and of what else it is made. */
const latest = new WeakMap();

function contextOf(settings) {
  if (!contexts.has(settings)) contexts.set(settings, sharedContext(settings));
  return contexts.get(settings);
}

/**
 * A client's settings are made anew for each attempt. Those without a list of their own have Node's, which OpenSSL
 * takes a tenth of a second to read.
 */
function sharedContext(settings) {
  const { identities, ca, versions, suites, groups, serverOrder } = settings;
  const others = JSON.stringify([identities, versions, suites, groups, serverOrder]);
  const digest = core('crypto').createHash('sha256').update(others).digest('hex');
  if (latest.get(ca)?.digest !== digest) {
    latest.set(ca, { digest, context: makeContext(settings) });
  }
  return latest.get(ca).context;
}

function makeContext({ identities, ca, versions, suites, groups, serverOrder }) {
  const { createSecureContext } = nodeTls();
  const names = suites ?? [...SUITES_1_3, ...SUITES];
  // Each version has suites of its own, and OpenSSL always has some for the later one.
  const usable = versions.filter((it) => names.some((name) => isOf(name, it)));
  if (usable.length === 0) throw optionError('minVersion', 'is not possible with these ciphers');
  return createSecureContext({
    cert: identities.map(({ chain }) => certificates(chain).join('')),
    key: identities.map(({ key }) => pem('PRIVATE KEY', key)),
    ca: certificates(ca),
    minVersion: usable[0],
    maxVersion: usable.at(-1),
    ciphers: names.map(suiteName).join(':'),
    ...(groups && { ecdhCurve: groups.map((name) => GROUPS[name] ?? name).join(':') }),
    honorCipherOrder: serverOrder,
    secureOptions: core('crypto').constants.SSL_OP_NO_TICKET, // nothing is resumed
    allowPartialTrustChain: true,
  });
}

function optionError(option, why) {
  return Object.assign(new Error(why), { option });
}

/** What the native engine takes for the name of a host, too: labels, of which the last one is no number. */
const HOST_NAME = /^(?=.{1,253}$)(?:(?!-)[\w-]{1,63}(?<!-)\.)*(?!-|\d+\.?$)[\w-]{1,63}(?<!-)\.?$/;

/** Why `settings` cannot be honoured, as the engine reports it; null if they can. */
function settingsFault(settings) {
  try {
    const { servername } = settings;
    if (servername !== undefined && !HOST_NAME.test(servername))
      throw optionError('servername', 'is not a host name');
    contextOf(settings);
    return null;
  } catch ({ option, message }) {
    return {
      message: option ? `config.tls.${option} ${message}` : `config.tls cannot be used: ${message}`,
      code: 'ERR_FERRIPC_TLS_OPTION',
      option,
    };
  }
}

/** The peer's certificates, leaf first, as hex. */
function chainOf(socket) {
  const chain = [];
  let next = socket.getPeerCertificate(true);
  while (next?.raw) {
    const raw = Buffer.from(next.raw).toString('hex'); // Deno's is no Buffer
    if (chain.includes(raw)) break;
    chain.push(raw);
    next = next.issuerCertificate;
  }
  return chain;
}

/** What is known of a connection: as Facts in transport/tls. */
function factsOf(socket, problem, chain) {
  return {
    protocol: socket.getProtocol(),
    suite: socket.getCipher().standardName,
    alpn: socket.alpnProtocol || null,
    servername: socket.servername || null,
    problem: problem?.code ?? null,
    chain,
  };
}

/** What OpenSSL has found wrong with the peer's certificates: `{code, message}`; null if nothing. */
function problemOf(socket, chain, { ca }) {
  const found = socket._handle?.verifyError?.();
  if (!found) return null;
  const { code, message } = found;
  const [leaf] = chain;
  if (leaf !== undefined && isTrusted(leaf, ca)) return null;
  // As without a partial chain: which it is depends on whether an issuer was sent along.
  if (code === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' && chain.length === 1) {
    return {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      message: 'unable to verify the first certificate',
    };
  }
  return { code, message };
}

/** Whether a certificate is itself among the trusted ones, and valid: then nobody need vouch for it. */
function isTrusted(leaf, ca) {
  const der = Buffer.from(leaf, 'hex');
  if (!ca.some((one) => der.equals(one))) return false;
  const { X509Certificate } = core('crypto');
  const { validFrom, validTo } = new X509Certificate(der);
  return Date.parse(validFrom) <= Date.now() && Date.now() <= Date.parse(validTo);
}

function timedOut(message = 'TLS handshake timeout') {
  return { code: 'ERR_TLS_HANDSHAKE_TIMEOUT', message };
}

/** Does a client's handshake over `socket`: `done(error, secured, facts)`. Returns what ends it. */
function secureClient(socket, settings, done) {
  const { strict, servername, alpn, timeout } = settings;
  const secured = nodeTls().connect({
    socket,
    secureContext: contextOf(settings),
    servername: servername ?? '',
    ALPNProtocols: alpn.map((name) => name.toString('latin1')),
    rejectUnauthorized: false, // it is looked at below
    checkServerIdentity: () => undefined, // ../../sockets/tls-socket.js does
    minDHSize: 1024,
  });
  secured.pause();
  secured.allowHalfOpen = true;
  const stop = () => {
    clearTimeout(timer);
    secured.removeListener('error', fail);
    secured.removeListener('secureConnect', succeed);
    secured.on('error', () => {});
  };
  const end = () => {
    stop();
    secured.destroy();
    socket.destroy();
  };
  const fail = (error) => {
    end();
    done(failureOf(error));
  };
  const succeed = () => {
    const chain = chainOf(secured);
    const problem = problemOf(secured, chain, settings);
    if (problem && strict) return fail(problem);
    stop();
    return done(null, secured, factsOf(secured, problem, chain));
  };
  const timer = setTimeout(
    () => {
      end();
      done(timedOut());
    },
    Math.min(timeout, LONGEST),
  );
  secured.on('error', fail);
  secured.on('secureConnect', succeed);
  return end;
}

const NONE = [];

/** The handshakes of a listener. */
class SecureServer {
  #settings;
  #report;
  #endsOf;
  /** Raw socket -> `{since, ends, giveUp}`, the oldest first. */
  #goingOn = new Map();
  #limit = null;
  /** Connections that wait for room, while there is no limit. */
  #waiting = [];
  #timer = null;
  #closed = null;

  /** `report`: see acceptor.js. */
  constructor(settings, report, ends) {
    // One that asks for no certificates needs no authorities; Deno would name them all, and ask.
    this.#settings = settings.request ? settings : { ...settings, ca: NONE };
    this.#report = report;
    this.#endsOf = ends;
  }

  limit(most) {
    this.#limit = most;
  }

  take(socket) {
    const ends = this.#endsOf(socket);
    if (this.#limit !== null && this.#goingOn.size >= this.#limit) {
      socket.destroy();
      this.#report.dropped(ends);
      return;
    }
    if (this.#limit === null && this.#goingOn.size >= MOST) {
      this.#waiting.push([socket, ends]);
      this.#makeRoom();
    } else {
      this.#begin(socket, ends);
    }
  }

  /** The oldest has to go, as soon as it has gone on for long. */
  #makeRoom() {
    const [oldest] = this.#goingOn.values();
    const left = oldest.since + LONG - now();
    clearTimeout(this.#timer);
    if (left > 0) this.#timer = setTimeout(() => this.#makeRoom(), left).unref();
    else oldest.giveUp(timedOut('TLS handshake timeout: too many others have begun'));
  }

  /** There may be room for those who wait. */
  #goOn() {
    while (this.#waiting.length > 0 && this.#goingOn.size < MOST)
      this.#begin(...this.#waiting.shift());
    if (this.#waiting.length > 0 && this.#goingOn.size > 0) this.#makeRoom();
  }

  #begin(socket, ends) {
    const { request, strict, alpn, timeout } = this.#settings;
    const { TLSSocket } = nodeTls();
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: contextOf(this.#settings),
      requestCert: request,
      rejectUnauthorized: request && strict,
      ...(alpn.length > 0 && { ALPNProtocols: protocolList(alpn) }),
    });
    secured.allowHalfOpen = true;
    const stop = () => {
      clearTimeout(timer);
      secured.removeListener('error', fail);
      secured.removeListener('_tlsError', fail);
      secured.removeListener('close', hungUp);
      secured.removeListener('end', hungUp);
    };
    // After what has come of it is reported: a listener that is closing has its last event with its last handshake.
    const finish = () => {
      this.#goingOn.delete(socket);
      if (this.#waiting.length > 0) setImmediate(() => this.#goOn());
      if (this.#goingOn.size === 0) this.#closed?.();
    };
    const fail = (error) => {
      if (!this.#goingOn.has(socket)) return; // an `error` of Node's becomes a `_tlsError` while it is emitted
      stop();
      secured.on('error', () => {});
      secured.destroy();
      this.#report.failed(failureOf(error));
      finish();
    };
    const hungUp = () => fail({ code: 'ECONNRESET', message: 'socket hang up' });
    const timer = setTimeout(() => fail(timedOut()), Math.min(timeout, LONGEST));
    secured.on('error', fail);
    secured.on('_tlsError', fail);
    secured.on('close', hungUp);
    secured.on('end', hungUp);
    secured.on('secure', () => {
      const chain = chainOf(secured);
      // That there is none is for the consumer to see.
      const isGiven = request && chain.length > 0;
      const problem = isGiven ? problemOf(secured, chain, this.#settings) : null;
      if (problem && strict) return fail(problem);
      stop();
      secured.pause(); // not a byte is read before its consumer says so
      secured.on('_tlsError', (error) => secured.destroy(error)); // as tls.Server does
      this.#report.accepted(secured, ends, factsOf(secured, problem, chain));
      return finish();
    });
    this.#goingOn.set(socket, { since: now(), giveUp: fail });
  }

  /** Handshakes that are going on get a little time; then `done`. */
  close(done) {
    const finish = () => {
      clearTimeout(timer);
      clearTimeout(this.#timer);
      for (const [socket] of this.#waiting.splice(0)) socket.destroy();
      this.#closed = null;
      for (const { giveUp } of [...this.#goingOn.values()])
        giveUp({ code: 'ECONNRESET', message: 'socket hang up' });
      done();
    };
    const timer = setTimeout(finish, LINGER);
    if (this.#goingOn.size === 0) finish();
    else this.#closed = finish;
  }
}

/** Node takes it in the form of the protocol. */
function protocolList(names) {
  return Buffer.concat(names.flatMap((name) => [Buffer.of(name.length), name]));
}

module.exports = { SecureServer, secureClient, settingsFault };
