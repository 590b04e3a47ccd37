//! A peer's certificates, and certificates of settings: any DER. What webpki also reads from a certificate must be the
//! same here.

use std::sync::Arc;
use std::time::Duration;

use ferripc::engine::transport::tls::outline::Outline;
use ferripc::engine::transport::tls::settings::{Options, Settings};
use ferripc::engine::transport::tls::verify::{Trust, Verifier};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;

use super::input::Input;

/// `how`, then pieces of DER: the leaf, the other certificates sent with it, the trusted ones.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let how = input.byte();
    let mut pieces = Vec::new();
    while !input.is_empty() {
        pieces.push(input.long_piece().to_vec());
    }
    pieces.iter().for_each(|der| check(der));
    if how & 1 == 0 {
        judge(how, &pieces);
    } else {
        settings(how, pieces);
    }
}

/// The contents of an element, after its tag and length.
fn value(der: &[u8]) -> &[u8] {
    match der[1] {
        short if short < 0x80 => &der[2..],
        long => &der[2 + usize::from(long & 0x7f)..],
    }
}

fn check(der: &[u8]) {
    let Some(outline) = Outline::parse(der) else { return };
    for part in [outline.tbs, outline.issuer, outline.subject, outline.key, outline.signature] {
        assert!(der.as_ptr_range().contains(&part.as_ptr()) || part.is_empty());
    }
    assert_eq!(outline.is_self_issued(), outline.issuer == outline.subject);
    let certificate = CertificateDer::from(der);
    let Ok(anchor) = webpki::anchor_from_trusted_cert(&certificate) else { return };
    assert_eq!(&*anchor.subject, value(outline.subject));
    assert_eq!(&*anchor.subject_public_key_info, value(outline.key));
}

fn judge(how: u8, pieces: &[Vec<u8>]) {
    let certificate = |der: &Vec<u8>| CertificateDer::from(der.clone());
    let Some((leaf, others)) = pieces.split_first() else { return };
    let (with, trusted) = others.split_at(others.len() / 2);
    let trust = Arc::new(Trust::new(trusted.iter().map(certificate).collect()));
    let verifier = Verifier::new(trust, &ring::default_provider(), how & 2 != 0);
    let (leaf, with) = (certificate(leaf), with.iter().map(certificate).collect::<Vec<_>>());
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::from(how) << 24));
    let is_believed = if how & 4 == 0 {
        let name = ServerName::try_from("localhost").unwrap();
        verifier.verify_server_cert(&leaf, &with, &name, &[], now).is_ok()
    } else {
        verifier.verify_client_cert(&leaf, &with, now).is_ok()
    };
    // Not strict: the handshake succeeds, and the problem is reported to the consumer.
    assert_eq!(is_believed, how & 2 == 0 || verifier.problem().is_none());
}

fn settings(how: u8, pieces: Vec<Vec<u8>>) {
    let mut pieces = pieces.into_iter();
    let mut next = || pieces.next().unwrap_or_default();
    let _ = Settings::new(Options {
        identities: vec![(vec![next()], next())],
        ca: vec![next()],
        request: how & 2 != 0,
        strict: how & 4 != 0,
        server_name: String::from_utf8(next()).ok().filter(|_| how & 8 != 0),
        alpn: vec![next()],
        versions: vec!["TLSv1.2".into(), "TLSv1.3".into()],
        suites: String::from_utf8(next()).ok().filter(|_| how & 16 != 0).map(|name| vec![name]),
        groups: None,
        server_order: false,
        patience: Duration::from_secs(1),
    });
}
