//! TLS over TCP: which certificate a client or server presents, and which ones it trusts. Set on the builders; used by their
//! tasks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use webpki::EndEntityCert;

use super::{Address, Error};
use crate::engine::error::Error as SystemError;
use crate::engine::transport::tls::failure::Failure;
use crate::engine::transport::tls::{Facts, Options, Settings};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A chain, leaf first, and its key in PKCS #8, all of them DER.
type Identity = (Vec<Vec<u8>>, Vec<u8>);

/// TLS of a client: which servers it trusts. See [`ClientBuilder::tls`](super::ClientBuilder::tls).
///
/// A server is trusted if its certificate is signed by an authority in `ca`, or is itself in `ca`; if it is valid now; and
/// if it is for the name that the client connects to. The system's authorities are not trusted.
#[derive(Clone)]
pub struct ClientTls {
    ca: Vec<Vec<u8>>,
    identity: Option<Identity>,
    name: Option<String>,
}

/// TLS of a server: the certificate that it presents, and which clients it trusts. See
/// [`ServerBuilder::tls`](super::ServerBuilder::tls).
#[derive(Clone)]
pub struct ServerTls {
    identity: Identity,
    ca: Vec<Vec<u8>>,
}

impl ClientTls {
    /// Trusts the servers that the certificates in `ca` vouch for: one or several, as PEM.
    ///
    /// # Errors
    /// [`Error::Unusable`] if `ca` is not PEM, or has no certificate.
    pub fn new(ca: impl AsRef<[u8]>) -> Result<Self, Error> {
        Ok(Self { ca: certificates("ca", ca.as_ref())?, identity: None, name: None })
    }

    /// Presents a certificate to servers that ask for one: its chain, leaf first, and its key, as PEM. The key has to
    /// be `BEGIN PRIVATE KEY` (PKCS #8), and not encrypted.
    ///
    /// # Errors
    /// [`Error::Unusable`] if the chain or the key is invalid.
    pub fn identity(
        mut self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        self.identity = Some(identity(chain.as_ref(), key.as_ref())?);
        Ok(self)
    }

    /// The name or IP address that the server's certificate has to be for. Default: the host that the client
    /// connects to.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(super) fn for_place(&self, place: &Address) -> Result<Expected, Error> {
        let host = over_tcp(place)?;
        let name = self.name.as_deref().unwrap_or(host);
        let parsed = ServerName::try_from(name.to_owned())
            .map_err(|_| Error::Unusable(format!("tls: {name} is not a host name")))?;
        let settings = settings(Options {
            identities: self.identity.clone().into_iter().collect(),
            ca: self.ca.clone(),
            server_name: Some(name.to_owned()),
            ..Options::default()
        })?;
        Ok(Expected { settings, name: parsed })
    }
}

impl ServerTls {
    /// Presents a certificate: its chain, leaf first, and its key, as PEM. The key has to be `BEGIN PRIVATE KEY` (PKCS #8),
    /// and not encrypted.
    ///
    /// # Errors
    /// [`Error::Unusable`] if the chain or the key is invalid.
    pub fn new(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, Error> {
        Ok(Self { identity: identity(chain.as_ref(), key.as_ref())?, ca: Vec::new() })
    }

    /// Accepts only clients whose certificate is signed by one of these authorities, or is itself among them: PEM.
    ///
    /// # Errors
    /// [`Error::Unusable`] if `ca` is not PEM, or has no certificate.
    pub fn client_ca(mut self, ca: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.ca = certificates("client_ca", ca.as_ref())?;
        Ok(self)
    }

    pub(super) fn for_place(&self, place: &Address) -> Result<Arc<Settings>, Error> {
        over_tcp(place)?;
        settings(Options {
            identities: vec![self.identity.clone()],
            ca: self.ca.clone(),
            request: !self.ca.is_empty(),
            ..Options::default()
        })
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("server_name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

/// The server that a client expects.
pub(super) struct Expected {
    pub settings: Arc<Settings>,
    name: ServerName<'static>,
}

impl Expected {
    /// Fails if the server's certificate, which is trusted, is for another name.
    pub fn check(&self, facts: Option<&Facts>) -> Result<(), Error> {
        let leaf = facts.and_then(|facts| facts.chain.first());
        let is_meant = leaf.is_some_and(|leaf| {
            let leaf = CertificateDer::from(leaf.as_slice());
            EndEntityCert::try_from(&leaf)
                .is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&self.name).is_ok())
        });
        if is_meant {
            return Ok(());
        }
        let message = format!("the server's certificate is not for {}", self.name.to_str());
        let failure = Failure::new("ERR_TLS_CERT_ALTNAME_INVALID", message);
        Err(SystemError::new("connect", failure.into(), None).into())
    }
}

fn settings(options: Options) -> Result<Arc<Settings>, Error> {
    let versions = ["TLSv1.2", "TLSv1.3"].map(str::to_owned).to_vec();
    let options = Options { strict: true, versions, patience: PATIENCE, ..options };
    let failed = |failure: Failure| {
        Error::Unusable(format!("tls: {}", failure.message.trim_start_matches("config.tls.")))
    };
    Settings::new(options).map(Arc::new).map_err(failed)
}

/// The host of an address over TCP.
fn over_tcp(place: &Address) -> Result<&str, Error> {
    match place {
        Address::Tcp(host, _) => Ok(host),
        _ => Err(Error::Unusable("tls: only TCP is supported, not Unix sockets or pipes".into())),
    }
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let unusable = |why: String| Error::Unusable(format!("tls: {what} {why}"));
    let found = CertificateDer::pem_slice_iter(pem)
        .map(|der| der.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(format!("is not PEM: {error}")))?;
    if found.is_empty() { Err(unusable("has no certificate".into())) } else { Ok(found) }
}

fn identity(chain: &[u8], key: &[u8]) -> Result<Identity, Error> {
    let chain = certificates("chain", chain)?;
    let unusable = |why: &str| Error::Unusable(format!("tls: key {why}"));
    match PrivateKeyDer::from_pem_slice(key) {
        Ok(PrivateKeyDer::Pkcs8(key)) => Ok((chain, key.secret_pkcs8_der().to_vec())),
        Ok(_) => Err(unusable(
            "is of another form than PKCS #8: `openssl pkcs8 -topk8 -nodes` converts it",
        )),
        Err(_) => Err(unusable("is not an unencrypted key in PEM")),
    }
}
