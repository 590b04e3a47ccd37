//! The settings of one side, made once per listener or connection attempt, and rustls sessions made
//! from them.
//!
//! One crypto provider, *ring*: it builds with a C compiler alone on every platform.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection, SignatureScheme,
    SupportedProtocolVersion, version,
};

use super::failure::Failure;
use super::verify::{Trust, Verifier};

/// The settings. All keys and certificates are DER.
#[derive(Debug, Default)]
pub struct Options {
    /// Own certificates, leaf first, each with its key (PKCS #8).
    pub identities: Vec<(Vec<Vec<u8>>, Vec<u8>)>,
    /// Trusted certificates.
    pub ca: Vec<Vec<u8>>,
    /// Server: ask clients for a certificate.
    pub request: bool,
    /// End the handshake if the peer has no trusted certificate.
    pub strict: bool,
    /// Client: the name to ask for (SNI).
    pub server_name: Option<String>,
    /// Application protocols, in order of preference.
    pub alpn: Vec<Vec<u8>>,
    /// `TLSv1.2`, `TLSv1.3` or both.
    pub versions: Vec<String>,
    /// Cipher suites by their standard names; rustls' own list if `None`.
    pub suites: Option<Vec<String>>,
    /// Groups of the key exchange by their standard names; rustls' own list if `None`.
    pub groups: Option<Vec<String>>,
    /// Server: prefer its own order of cipher suites.
    pub server_order: bool,
    /// How long a handshake may take.
    pub patience: Duration,
}

/// See the module's page.
pub struct Settings {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    keys: Arc<Keys>,
    trust: Arc<Trust>,
    request: bool,
    strict: bool,
    server_name: Option<ServerName<'static>>,
    alpn: Vec<Vec<u8>>,
    server_order: bool,
    pub(super) patience: Duration,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("strict", &self.strict).finish_non_exhaustive()
    }
}

impl Settings {
    /// Fails with a text for the programmer if a setting cannot be honoured.
    pub fn new(options: Options) -> Result<Self, Failure> {
        Self::from(options).map_err(|(option, why)| Failure::of_option(option, &why))
    }

    /// The same, with the name of the failing option apart.
    fn from(options: Options) -> Result<Self, (&'static str, String)> {
        let mut provider = ring::default_provider();
        if let Some(names) = &options.suites {
            provider.cipher_suites =
                pick(names, &provider.cipher_suites, |suite| suite_name(suite.suite()))
                    .map_err(|why| ("ciphers", why))?;
        }
        if let Some(names) = &options.groups {
            provider.kx_groups =
                pick(names, &provider.kx_groups, |group| format!("{:?}", group.name()))
                    .map_err(|why| ("ecdhCurve", why))?;
        }
        let versions = pick(&options.versions, &[&version::TLS12, &version::TLS13], |version| {
            version_name(version.version).to_owned()
        })
        .map_err(|why| ("minVersion", why))?;
        let keys = options.identities.into_iter().map(|identity| certified(identity, &provider));
        let server_name = options.server_name.map(|name| {
            ServerName::try_from(name).map_err(|_| ("servername", "is not a host name".to_owned()))
        });
        let ca = options.ca.into_iter().map(CertificateDer::from).collect();
        let settings = Self {
            keys: Arc::new(Keys(keys.collect::<Result<_, String>>().map_err(|why| ("key", why))?)),
            provider: Arc::new(provider),
            versions,
            trust: Arc::new(Trust::new(ca)),
            request: options.request,
            strict: options.strict,
            server_name: server_name.transpose()?,
            alpn: options.alpn,
            server_order: options.server_order,
            patience: options.patience,
        };
        settings.client().map_err(|error| {
            ("minVersion", format!("is not possible with these ciphers: {error}"))
        })?;
        Ok(settings)
    }

    fn verifier(&self, strict: bool) -> Arc<Verifier> {
        Arc::new(Verifier::new(self.trust.clone(), &self.provider, strict))
    }

    /// A client's session. Sessions are never resumed: each client sees and verifies the server's
    /// certificate.
    pub(super) fn client(&self) -> Result<(ClientConnection, Arc<Verifier>), Error> {
        let verifier = self.verifier(self.strict);
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_cert_resolver(self.keys.clone());
        config.alpn_protocols = self.alpn.clone();
        config.resumption = Resumption::disabled();
        config.enable_sni = self.server_name.is_some();
        let unnamed = || ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
        let name = self.server_name.clone().unwrap_or_else(unnamed);
        Ok((ClientConnection::new(Arc::new(config), name)?, verifier))
    }

    /// A server's session. No tickets are sent: a client that closes without reading them would
    /// reset the connection and lose what it had sent.
    pub(super) fn server(&self) -> Result<(ServerConnection, Arc<Verifier>), Error> {
        let verifier = self.verifier(self.strict);
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&self.versions)?;
        let builder = if self.request {
            builder.with_client_cert_verifier(verifier.clone())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(self.keys.clone());
        config.alpn_protocols = self.alpn.clone();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.ignore_client_order = self.server_order;
        Ok((ServerConnection::new(Arc::new(config))?, verifier))
    }
}

fn pick<T: Clone>(
    names: &[String],
    all: &[T],
    name_of: impl Fn(&T) -> String,
) -> Result<Vec<T>, String> {
    let find = |name: &String| {
        all.iter()
            .find(|item| name_of(item) == *name)
            .cloned()
            .ok_or(format!("has '{name}', which is not known"))
    };
    names.iter().map(find).collect()
}

/// Its name in the standards.
pub(super) fn suite_name(suite: rustls::CipherSuite) -> String {
    format!("{suite:?}").replacen("TLS13_", "TLS_", 1)
}

/// Node's name for it.
pub(super) fn version_name(version: rustls::ProtocolVersion) -> &'static str {
    match version {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => "TLSv1.3",
    }
}

/// For a key that *ring* cannot sign with. `src/js/sockets/tls.js` checks the kind of key first.
const NOT_USABLE: &str = "is a key that cannot be used: usable are RSA of 2048 to 4096 bits with two primes, P-256, P-384 and Ed25519";

/// rustls' own constructor refuses certificates of version 1.
fn certified(
    (chain, key): (Vec<Vec<u8>>, Vec<u8>),
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, String> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let key = provider.key_provider.load_private_key(key).map_err(|_| NOT_USABLE.to_owned())?;
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

/// The server's or client's own certificates with their keys. The first one that the peer supports
/// is presented.
#[derive(Debug)]
struct Keys(Vec<Arc<CertifiedKey>>);

impl Keys {
    fn find(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|certified| certified.key.choose_scheme(schemes).is_some()).cloned()
    }
}

impl ResolvesServerCert for Keys {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(hello.signature_schemes())
    }
}

impl ResolvesClientCert for Keys {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.find(schemes)
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
