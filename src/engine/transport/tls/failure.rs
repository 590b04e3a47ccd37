//! What went wrong with TLS, under Node's codes.

use std::fmt;
use std::io;

use rustls::{AlertDescription as Alert, CertificateError, Error, PeerIncompatible};

/// A TLS failure. It is the inner error of an [`io::Error`].
#[derive(Debug, Clone)]
pub struct Failure {
    /// E.g. `CERT_HAS_EXPIRED`.
    pub code: &'static str,
    /// The message for users.
    pub message: String,
    /// The option that caused it.
    pub option: Option<&'static str>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        io::Error::other(failure)
    }
}

impl Failure {
    /// A failure with a fixed message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), option: None }
    }

    /// For an option of `config.tls` that cannot be honoured.
    pub fn of_option(option: &'static str, why: &str) -> Self {
        let message = format!("config.tls.{option} {why}");
        Self { option: Some(option), ..Self::new("ERR_FERRIPC_TLS_OPTION", message) }
    }

    /// The failure within `error`, if there is one.
    pub fn of(error: &io::Error) -> Option<&Failure> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::AlertReceived(alert) => return received(*alert),
            Error::InvalidMessage(_) => {
                return Self::new(
                    "ERR_SSL_WRONG_VERSION_NUMBER",
                    "wrong version number: the peer does not speak TLS",
                );
            }
            Error::NoCertificatesPresented => "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
            Error::NoApplicationProtocol => "ERR_SSL_NO_APPLICATION_PROTOCOL",
            Error::DecryptError => "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            Error::PeerSentOversizedRecord => "ERR_SSL_DATA_LENGTH_TOO_LONG",
            Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
                "ERR_SSL_UNEXPECTED_MESSAGE"
            }
            Error::PeerIncompatible(why) => match why {
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon => "ERR_SSL_NO_SHARED_CIPHER",
                _ => "ERR_SSL_UNSUPPORTED_PROTOCOL",
            },
            Error::InvalidCertificate(CertificateError::BadSignature) => "ERR_SSL_BAD_SIGNATURE",
            _ => "EPROTO",
        };
        Self::new(code, error.to_string())
    }
}

/// An alert from the peer, under OpenSSL's name.
fn received(alert: Alert) -> Failure {
    macro_rules! names {
        ($($alert:ident $code:literal)*) => {
            match alert {
                $(Alert::$alert => $code,)*
                _ => "ERR_SSL_UNKNOWN_ALERT_TYPE",
            }
        };
    }
    let code = names! {
        UnexpectedMessage "ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE"
        BadRecordMac "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC"
        DecryptionFailed "ERR_SSL_TLSV1_ALERT_DECRYPTION_FAILED"
        RecordOverflow "ERR_SSL_TLSV1_ALERT_RECORD_OVERFLOW"
        DecompressionFailure "ERR_SSL_SSLV3_ALERT_DECOMPRESSION_FAILURE"
        HandshakeFailure "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"
        NoCertificate "ERR_SSL_SSLV3_ALERT_NO_CERTIFICATE"
        BadCertificate "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE"
        UnsupportedCertificate "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"
        CertificateRevoked "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED"
        CertificateExpired "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED"
        CertificateUnknown "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN"
        IllegalParameter "ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER"
        UnknownCA "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"
        AccessDenied "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED"
        DecodeError "ERR_SSL_TLSV1_ALERT_DECODE_ERROR"
        DecryptError "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR"
        ProtocolVersion "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"
        InsufficientSecurity "ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY"
        InternalError "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR"
        InappropriateFallback "ERR_SSL_TLSV1_ALERT_INAPPROPRIATE_FALLBACK"
        UserCanceled "ERR_SSL_TLSV1_ALERT_USER_CANCELLED"
        NoRenegotiation "ERR_SSL_TLSV1_ALERT_NO_RENEGOTIATION"
        UnsupportedExtension "ERR_SSL_TLSV1_UNSUPPORTED_EXTENSION"
        UnrecognisedName "ERR_SSL_TLSV1_UNRECOGNIZED_NAME"
        UnknownPSKIdentity "ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY"
        MissingExtension "ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION"
        CertificateRequired "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"
        NoApplicationProtocol "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
        ExportRestriction "ERR_SSL_TLSV1_ALERT_EXPORT_RESTRICTION"
        CertificateUnobtainable "ERR_SSL_TLSV1_CERTIFICATE_UNOBTAINABLE"
        BadCertificateStatusResponse "ERR_SSL_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE"
        BadCertificateHashValue "ERR_SSL_TLSV1_BAD_CERTIFICATE_HASH_VALUE"
    };
    let reason = code.trim_start_matches("ERR_SSL_").replace('_', " ").to_lowercase();
    Failure::new(code, format!("{reason} (SSL alert number {})", u8::from(alert)))
}
