'use strict';
// What `config.tls` holds in each stage: for the server, and for the clients that connect to it one
// after the other. `private`, `public` and `trustedConnections` are paths of PEM files; other keys are
// those of tls.createServer and tls.connect. Used by server.js and client.js.

/** The stage's settings. `at` is what make-certificates.js returns. */
function settings(stage, at) {
  const selfSigned = { private: at.selfSigned.key, public: at.selfSigned.cert };
  const signed = { private: at.server.key, public: at.server.cert };

  const stages = {
    // Others cannot read the traffic, but the client does not know the server's identity. For experiments.
    encrypted: {
      server: selfSigned,
      clients: { 'a client that trusts anybody': { rejectUnauthorized: false } },
    },

    // The client knows the server's own certificate: for two programs that are installed together.
    pinned: {
      server: selfSigned,
      clients: {
        'a client that trusts others': { trustedConnections: at.ca.cert },
        'a client that trusts this server': { trustedConnections: at.selfSigned.cert },
      },
    },

    // The client knows who signs the certificates of servers, which may change.
    authority: {
      server: signed,
      clients: { 'a client that trusts the authority': { trustedConnections: at.ca.cert } },
    },

    // The server also requires a certificate that the authority has signed.
    mutual: {
      server: {
        ...signed,
        trustedConnections: at.ca.cert,
        requestCert: true,
        rejectUnauthorized: true,
      },
      clients: {
        'a client without a certificate': { trustedConnections: at.ca.cert },
        'a client with a certificate': {
          private: at.client.key,
          public: at.client.cert,
          trustedConnections: at.ca.cert,
        },
      },
    },
  };
  return stages[stage];
}

module.exports = settings;
