'use strict';
// A socket with TLS: what tls.TLSSocket answers, and the look at who the server is. Used by client.js
// and listener.js. The TLS itself is the engine's.

const { thrownBy } = require('../errors');
const Socket = require('./socket');
const { describeCipher, x509 } = require('./tls');

/**
 * Further events: 'secureConnect' of a client, after 'connect', which means here that the handshake is
 * over and the server is the right one (F15).
 */
class TLSSocket extends Socket {
  #settings;
  /** What the engine knows of the connection; null before it is up. */
  #facts = null;

  /** `settings`: see tls.js. */
  constructor(owner, framing, settings) {
    super(owner, framing);
    this.#settings = settings;
    this.encrypted = true;
    this.authorized = false;
    this.authorizationError = null;
    this.secureConnecting = true;
    this.alpnProtocol = null;
    this.servername = null;
    const { noDelay, keepAlive } = settings;
    if (noDelay !== undefined) this.setNoDelay(noDelay);
    if (keepAlive !== undefined) this.setKeepAlive(keepAlive);
  }

  /** net resets a connection by its handle, which that of TLS is not. */
  get _isTcp() {
    return false;
  }

  get _tls() {
    return this.#settings.native;
  }

  /** Why a connection that is up must not be used, or null. */
  _refusal(opened) {
    const { native, identify } = this.#settings;
    const facts = opened.tls;
    this.#facts = facts;
    this.secureConnecting = false;
    this.alpnProtocol = facts.alpn ?? false;
    this.servername = (identify ? native.servername : facts.servername) ?? false;
    this.authorizationError = facts.problem ?? null;
    let error = null;
    if (identify && !facts.problem) error = this.#identify(identify);
    if (error) this.authorizationError = error.code ?? error.message;
    else if (!identify && native.request && facts.chain.length === 0) {
      this.authorizationError = 'UNABLE_TO_GET_ISSUER_CERT';
    }
    this.authorized = this.authorizationError === null && (identify !== null || native.request);
    return native.strict ? error : null;
  }

  /** What a caller's function throws is a refusal, too. */
  #identify(identify) {
    try {
      return identify(this.getPeerCertificate(true)) ?? null;
    } catch (error) {
      return thrownBy('checkServerIdentity', error);
    }
  }

  _onOpen(opened) {
    super._onOpen(opened);
    if (this.destroyed) this.#facts = null;
    else this.emit('secureConnect');
  }

  _accepted(connection, opened, listener) {
    this._refusal(opened);
    super._accepted(connection, opened, listener);
  }

  /** As in tls: who the peer was is not known any more. */
  _down() {
    super._down();
    this.#facts = null;
  }

  // ---- what tls.TLSSocket answers --------------------------------------------------------------

  /** The negotiated version, e.g. 'TLSv1.3'; null before the connection is up. */
  getProtocol() {
    return this.#facts?.protocol ?? null;
  }

  /** `{name, standardName, version}`; null before the connection is up. */
  getCipher() {
    return this.#facts && describeCipher(this.#facts.suite, this.#facts.protocol);
  }

  /**
   * The peer's certificate as Node describes it, `{}` without one, null before the connection is up.
   * `detailed`: with `issuerCertificate`, as far as the peer sent them or they are configured.
   */
  getPeerCertificate(detailed = false) {
    const chain = this.#chain();
    if (chain === null) return null;
    if (chain.length === 0) return {};
    if (!detailed) return chain[0].toLegacyObject();
    const ca = (this.#settings.ca ?? []).map(x509);
    const described = [];
    for (let next = chain.shift(); next !== undefined;) {
      const certificate = next.toLegacyObject();
      if (described.length > 0) described.at(-1).issuerCertificate = certificate;
      described.push(certificate);
      if (next.checkIssued(next)) {
        certificate.issuerCertificate = certificate;
        break;
      }
      const issued = next;
      const index = chain.findIndex((issuer) => issued.checkIssued(issuer));
      next = index >= 0 ? chain.splice(index, 1)[0] : takeIssuer(ca, issued);
    }
    return described[0];
  }

  /** The peer's certificate as a crypto.X509Certificate; undefined without one. */
  getPeerX509Certificate() {
    return this.#chain()?.[0];
  }

  #chain() {
    const hex = this.#facts?.chain;
    return hex ? hex.map((one) => x509(Buffer.from(one, 'hex'))) : null;
  }

  /** Sessions are never resumed. Null when there is no connection. */
  isSessionReused() {
    return this.#facts && false;
  }
}

/** Takes the issuer out, so that no circle of certificates is followed twice. */
function takeIssuer(ca, issued) {
  const index = ca.findIndex((issuer) => issued.checkIssued(issuer));
  return index >= 0 ? ca.splice(index, 1)[0] : undefined;
}

module.exports = TLSSocket;
