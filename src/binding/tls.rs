//! TLS settings from JavaScript -> engine. `src/js/sockets/tls.js` has read the files and converted
//! everything to DER.

use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::engine::error::Error;
use crate::engine::transport::tls::{Options, Settings};

/// See [`Options`] for their meaning.
#[napi(object)]
pub struct TlsOptions {
    /// Own certificates with their keys.
    pub identities: Vec<Identity>,
    /// Trusted certificates.
    pub ca: Vec<Buffer>,
    /// Ask clients for a certificate.
    pub request: bool,
    /// End the handshake unless the peer's certificate is trusted.
    pub strict: bool,
    /// Name to ask for.
    pub servername: Option<String>,
    /// Application protocols.
    pub alpn: Vec<Buffer>,
    /// `TLSv1.2`, `TLSv1.3` or both.
    pub versions: Vec<String>,
    /// Cipher suites.
    pub suites: Option<Vec<String>>,
    /// Groups of the key exchange.
    pub groups: Option<Vec<String>>,
    /// Prefer the server's order of cipher suites.
    pub server_order: bool,
    /// Time for a handshake, in ms.
    pub timeout: u32,
}

/// A certificate chain, leaf first, and its private key in PKCS #8.
#[napi(object)]
pub struct Identity {
    /// Certificates.
    pub chain: Vec<Buffer>,
    /// Key.
    pub key: Buffer,
}

impl TlsOptions {
    /// Converts it for the engine.
    ///
    /// With a reason, for settings that cannot be honoured.
    pub fn into_engine(self, syscall: &'static str) -> Result<Arc<Settings>, Error> {
        let identity = |Identity { chain, key }: Identity| (bytes(chain), key.to_vec());
        let options = Options {
            identities: self.identities.into_iter().map(identity).collect(),
            ca: bytes(self.ca),
            request: self.request,
            strict: self.strict,
            server_name: self.servername,
            alpn: bytes(self.alpn),
            versions: self.versions,
            suites: self.suites,
            groups: self.groups,
            server_order: self.server_order,
            patience: Duration::from_millis(self.timeout.into()),
        };
        let settings = Settings::new(options);
        settings.map(Arc::new).map_err(|failure| Error::new(syscall, failure.into(), None))
    }
}

fn bytes(buffers: Vec<Buffer>) -> Vec<Vec<u8>> {
    buffers.into_iter().map(|buffer| buffer.to_vec()).collect()
}
