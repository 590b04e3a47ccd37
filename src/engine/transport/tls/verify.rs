//! Decides which certificates to trust. webpki checks ordinary chains. In addition, as in OpenSSL:
//!
//! * A certificate that is itself among the trusted ones is accepted while it is valid, whatever else
//!   it says (self-signed ones often claim to be an authority, which webpki refuses).
//! * So is a version 1 certificate that a trusted one has signed directly.
//! * A trusted certificate vouches for others only if it may issue certificates.
//!
//! Failures have OpenSSL's codes, as Node reports them.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
    TrustAnchor, UnixTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
};
use webpki::{EndEntityCert, KeyUsage, RawPublicKeyEntity, anchor_from_trusted_cert};

use super::outline::Outline;

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It has expired, or an issuer has.
    Expired,
    /// It is not valid yet, or an issuer is not.
    NotYetValid,
    /// It is self-signed, and not trusted.
    SelfSigned,
    /// The chain ends at an authority that is not trusted.
    SelfSignedInChain,
    /// Its issuer is neither known nor sent.
    LeafUnverified,
    /// The issuer of the last certificate in the chain is not known.
    NoIssuer,
    /// The issuer's name matches, but the signature does not.
    BadSignature,
    /// Not meant for this side of TLS.
    BadPurpose,
    /// An issuer that must not issue.
    BadAuthority,
    /// More issuers than allowed.
    PathTooLong,
    /// It is signed over MD5 or SHA-1, or an issuer is.
    WeakDigest,
    /// Anything else that webpki finds.
    Other,
}

impl Problem {
    /// Node's code.
    pub fn code(self) -> &'static str {
        self.names().0
    }

    /// OpenSSL's message.
    pub fn message(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Expired => ("CERT_HAS_EXPIRED", "certificate has expired"),
            Self::NotYetValid => ("CERT_NOT_YET_VALID", "certificate is not yet valid"),
            Self::SelfSigned => ("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"),
            Self::SelfSignedInChain => {
                ("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain")
            }
            Self::LeafUnverified => {
                ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate")
            }
            Self::NoIssuer => {
                ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate")
            }
            Self::BadSignature => ("CERT_SIGNATURE_FAILURE", "certificate signature failure"),
            Self::BadPurpose => ("INVALID_PURPOSE", "unsuitable certificate purpose"),
            Self::BadAuthority => ("INVALID_CA", "invalid CA certificate"),
            Self::PathTooLong => ("PATH_LENGTH_EXCEEDED", "path length constraint exceeded"),
            Self::WeakDigest => ("UNSPECIFIED", "CA signature digest algorithm too weak"),
            Self::Other => ("CERT_REJECTED", "certificate rejected"),
        }
    }

    /// The error with which rustls sends the same alert as OpenSSL.
    fn alert(self) -> Error {
        Error::InvalidCertificate(match self {
            Self::Expired => CertificateError::Expired,
            Self::NotYetValid => CertificateError::NotValidYet,
            Self::BadSignature => CertificateError::BadSignature,
            Self::BadPurpose => CertificateError::InvalidPurpose,
            Self::WeakDigest | Self::Other => CertificateError::BadEncoding,
            _ => CertificateError::UnknownIssuer,
        })
    }
}

/// Trusted certificates.
#[derive(Debug)]
pub struct Trust {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

impl Trust {
    /// Ignores what is not a certificate.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let issuers = certificates
            .iter()
            .filter(|der| Outline::parse(der).is_some_and(|outline| outline.may_issue));
        let anchors = issuers
            .filter_map(|der| Some(anchor_from_trusted_cert(der).ok()?.to_owned()))
            .collect();
        Self { certificates, anchors }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), Problem> {
        let outline = Outline::parse(leaf).ok_or(Problem::Other)?;
        let trusted = if self.certificates.contains(leaf) {
            Ok(())
        } else if outline.v1 {
            self.check_direct(&outline, now, algorithms)
        } else {
            self.check_chain(leaf, intermediates, usage, now, algorithms)
        };
        // OpenSSL checks the leaf's dates last, and the last problem is reported. So they come
        // before other problems here.
        check_dates(&outline, now)?;
        trusted.map_err(|problem| match problem {
            Problem::NoIssuer => why_unknown(&outline, intermediates),
            _ if outline.is_self_issued() => Problem::SelfSigned,
            // Such signatures are not read at all.
            Problem::Other | Problem::BadSignature if is_weak(&outline, intermediates) => {
                Problem::WeakDigest
            }
            problem => problem,
        })
    }

    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), Problem> {
        use webpki::Error::*;
        let result = EndEntityCert::try_from(leaf).and_then(|leaf| {
            let anchors = &self.anchors;
            leaf.verify_for_usage(algorithms, anchors, intermediates, now, usage, None, None)
                .map(drop)
        });
        result.map_err(|error| match error {
            CertExpired { .. } => Problem::Expired,
            CertNotValidYet { .. } => Problem::NotYetValid,
            UnknownIssuer => Problem::NoIssuer,
            InvalidSignatureForPublicKey => Problem::BadSignature,
            CaUsedAsEndEntity | RequiredEkuNotFoundContext(_) => Problem::BadPurpose,
            EndEntityUsedAsCa => Problem::BadAuthority,
            PathLenConstraintViolated | MaximumPathDepthExceeded => Problem::PathTooLong,
            _ => Problem::Other,
        })
    }

    /// For a leaf of version 1, which webpki does not check.
    fn check_direct(
        &self,
        leaf: &Outline<'_>,
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), Problem> {
        let mut result = Err(Problem::NoIssuer);
        for der in &self.certificates {
            let Some(issuer) = Outline::parse(der) else { continue };
            if issuer.subject != leaf.issuer || !issuer.may_issue {
                continue;
            }
            let signed = algorithms
                .iter()
                .filter(|algorithm| algorithm.signature_alg_id().as_ref() == leaf.algorithm)
                .any(|algorithm| signed_by(issuer.key, *algorithm, leaf.tbs, leaf.signature));
            result = if signed { check_dates(&issuer, now) } else { Err(Problem::BadSignature) };
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

fn check_dates(certificate: &Outline<'_>, now: UnixTime) -> Result<(), Problem> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < certificate.not_before {
        return Err(Problem::NotYetValid);
    }
    if now > certificate.not_after {
        return Err(Problem::Expired);
    }
    Ok(())
}

/// OpenSSL's name for the problem that no trusted issuer was found.
fn why_unknown(leaf: &Outline<'_>, intermediates: &[CertificateDer<'_>]) -> Problem {
    if leaf.is_self_issued() {
        return Problem::SelfSigned;
    }
    let chain: Vec<Outline<'_>> = intermediates.iter().filter_map(|c| Outline::parse(c)).collect();
    let (mut issuer, mut depth) = (leaf.issuer, 0);
    while let Some(next) = chain.iter().find(|candidate| candidate.subject == issuer) {
        depth += 1;
        if next.is_self_issued() {
            return Problem::SelfSignedInChain;
        }
        if depth > chain.len() {
            break; // the issuers form a circle
        }
        issuer = next.issuer;
    }
    if depth == 0 { Problem::LeafUnverified } else { Problem::NoIssuer }
}

fn is_weak(leaf: &Outline<'_>, intermediates: &[CertificateDer<'_>]) -> bool {
    let mut issuers = intermediates.iter().filter_map(|der| Outline::parse(der));
    leaf.is_signed_weakly() || issuers.any(|issuer| issuer.is_signed_weakly())
}

fn signed_by(
    key: &[u8],
    algorithm: &dyn SignatureVerificationAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let key = SubjectPublicKeyInfoDer::from(key);
    RawPublicKeyEntity::try_from(&key)
        .is_ok_and(|key| key.verify_signature(algorithm, message, signature).is_ok())
}

/// Verifies the peer of one connection.
#[derive(Debug)]
pub struct Verifier {
    trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
    /// End the handshake if there is a problem, or no certificate.
    strict: bool,
    problem: OnceLock<Problem>,
}

impl Verifier {
    /// A verifier for one connection.
    pub fn new(trust: Arc<Trust>, provider: &CryptoProvider, strict: bool) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { trust, algorithms, strict, problem: OnceLock::new() }
    }

    /// What is wrong with the peer's certificate.
    pub fn problem(&self) -> Option<Problem> {
        self.problem.get().copied()
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
    ) -> Result<(), Error> {
        match self.trust.check(leaf, intermediates, usage, now, self.algorithms.all) {
            Ok(()) => Ok(()),
            Err(problem) => {
                let _ = self.problem.set(problem);
                if self.strict { Err(problem.alert()) } else { Ok(()) }
            }
        }
    }

    /// Checks a signature of a TLS 1.2 handshake. The scheme does not name the curve there, so
    /// several algorithms may have to be tried.
    fn check_tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = outline(certificate)?;
        let (_, algorithms) = self
            .algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == signed.scheme)
            .ok_or(PeerIncompatible::NoSignatureSchemesInCommon)?;
        if algorithms.iter().any(|a| signed_by(leaf.key, *a, message, signed.signature())) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::BadSignature))
        }
    }

    fn check_tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(outline(certificate)?.key);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }
}

fn outline<'a>(certificate: &'a CertificateDer<'_>) -> Result<Outline<'a>, Error> {
    Outline::parse(certificate).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// What both traits share: signatures are checked with the key alone, since webpki does not parse
/// certificates of version 1.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.check_tls12(message, certificate, signed)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.check_tls13(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Verifier {
    /// Does not check the server's name: the consumer does, since it has the name.
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(leaf, intermediates, KeyUsage::server_auth(), now)?;
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.strict
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(leaf, intermediates, KeyUsage::client_auth(), now)?;
        Ok(ClientCertVerified::assertion())
    }

    signatures!();
}
