//! What can go wrong, on this side and on the other.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::engine::error::Error as SystemError;

/// Why something failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address is invalid, or a setting is.
    #[error("{0}")]
    Unusable(String),
    /// A host name has no address.
    #[error("{host} has no address: {source}")]
    Resolve {
        /// The host name.
        host: String,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// A system call failed: [`Error::code`] and [`Error::kind`] say how.
    #[error(transparent)]
    System(Arc<SystemError>),
    /// The call was not made on a tokio runtime.
    #[error("no tokio runtime is running here")]
    NoRuntime,
    /// The client is not connected and does not wait for a connection. The source says why the last
    /// attempt failed.
    #[error("there is no connection, and the client does not wait for one")]
    NotConnected(#[source] Option<Arc<Error>>),
    /// The connection ended before the answer came. It is not known whether the other side has processed the
    /// request.
    #[error("the connection ended before the request was answered")]
    ConnectionLost,
    /// The client, the server or the connection was closed on this side.
    #[error("it is closed")]
    Closed,
    /// Too many bytes wait to be sent: see `max_queued_bytes`.
    #[error("too much waits to be sent already")]
    Full,
    /// The answer did not come in time.
    #[error("the request was not answered in time")]
    Timeout,
    /// The handler on the other side failed, or there is none.
    #[error(transparent)]
    Remote(RemoteError),
    /// Data cannot be written as JSON.
    #[error("data that JSON cannot express: {0}")]
    Encode(#[source] Arc<serde_json::Error>),
    /// The JSON text of a message would contain the delimiter, which is not the default one.
    #[error("the delimiter is within the message")]
    DelimiterWithin,
    /// The data that arrived are not of the expected type.
    #[error("data of another type: {0}")]
    Decode(#[source] Arc<serde_json::Error>),
    /// Something arrived that is not a message. The connection goes on with the next message.
    #[error("received something that is not a message: {reason}")]
    InvalidMessage {
        /// What is wrong with it.
        reason: String,
        /// Its beginning: at most 256 characters.
        beginning: String,
    },
    /// A message over the limit was discarded as it arrived: see `max_message_bytes`. The connection goes on with the
    /// next message.
    #[error("received a message of {bytes} bytes, which is over the limit")]
    MessageTooLarge {
        /// Its length.
        bytes: u64,
    },
    /// The other side ended in the middle of a message.
    #[error("received {bytes} bytes of a message that did not end")]
    TruncatedMessage {
        /// How many of its bytes arrived.
        bytes: u64,
    },
    /// The other side is ferripc in Node with `config.serialization: 'advanced'`, which sends values of V8 instead of
    /// JSON. It was told, and the connection closed: both sides need the same.
    #[error(
        "the peer has serialization 'advanced', and this side has JSON: both sides need the same"
    )]
    Serialization,
    /// A connection was closed at once because the server has as many as it may have: see
    /// [`ServerBuilder::max_connections`](super::ServerBuilder::max_connections).
    #[error("a connection was refused: the limit of connections is reached")]
    TooManyConnections,
    /// A connection was closed at once because [`ServerBuilder::allow_peer`](super::ServerBuilder::allow_peer) refused it.
    #[error("a connection was refused: its process is not allowed to connect")]
    PeerNotAllowed,
}

impl Error {
    /// The code that the error has in Node: one of the system (`ECONNREFUSED`, `EADDRINUSE`, `ENOENT`), one of
    /// this library (`ERR_FERRIPC_INVALID_MESSAGE`), or the one that a handler on the other side gave its
    /// error.
    pub fn code(&self) -> Option<&str> {
        Some(match self {
            Self::System(error) => error.code(),
            Self::Remote(error) => return error.code(),
            Self::Resolve { .. } => "ENOTFOUND",
            Self::NotConnected(_) | Self::Closed => "ENOTCONN",
            Self::ConnectionLost => "ECONNRESET",
            Self::Full => "ENOBUFS",
            Self::Timeout => "ETIMEDOUT",
            Self::InvalidMessage { .. } => "ERR_FERRIPC_INVALID_MESSAGE",
            Self::MessageTooLarge { .. } => "ERR_FERRIPC_MESSAGE_TOO_LARGE",
            Self::TruncatedMessage { .. } => "ERR_FERRIPC_TRUNCATED_MESSAGE",
            Self::TooManyConnections => "ERR_FERRIPC_MAX_CONNECTIONS",
            Self::Serialization => "ERR_FERRIPC_SERIALIZATION",
            _ => return None,
        })
    }

    /// The kind of the system's error, for [`Error::System`] and [`Error::Resolve`]. [`io::ErrorKind::AddrInUse`]:
    /// another server listens there.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::System(error) => Some(error.source.kind()),
            Self::Resolve { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    pub(super) fn encode(error: serde_json::Error) -> Self {
        Self::Encode(Arc::new(error))
    }

    pub(super) fn decode(error: serde_json::Error) -> Self {
        Self::Decode(Arc::new(error))
    }
}

impl From<SystemError> for Error {
    fn from(error: SystemError) -> Self {
        Self::System(Arc::new(error))
    }
}

/// How a handler on the other side failed: with an `Error` of JavaScript, or a [`HandlerError`] of Rust.
///
/// Its code is `ERR_FERRIPC_NO_HANDLER` if nothing answers requests of this type, and `ERR_FERRIPC_TOO_MANY_REQUESTS` if
/// too many requests of this connection are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteError {
    pub(super) name: String,
    pub(super) message: String,
    pub(super) code: Option<String>,
}

impl RemoteError {
    /// Its name: `Error`, `TypeError`, or one that the handler chose.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Its code, if it has one, such as `ENOENT`. A number is given as its digits.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl StdError for RemoteError {}

/// The error of a handler. Convert any error with `?`, or make one by hand. Name, message and code are sent to the
/// peer.
///
/// The code of an [`io::Error`] is the one that it has in Node. A [`RemoteError`] is passed on
/// unchanged.
///
/// ```
/// use ferripc::node_ipc::HandlerError;
///
/// fn read(path: &str) -> Result<String, HandlerError> {
///     if path.is_empty() {
///         return Err(HandlerError::new("no path").with_code("ERR_NO_PATH"));
///     }
///     Ok(std::fs::read_to_string(path)?)
/// }
/// assert_eq!(read("").unwrap_err().code(), Some("ERR_NO_PATH"));
/// # #[cfg(unix)]
/// assert_eq!(read("/nowhere").unwrap_err().code(), Some("ENOENT"));
/// ```
// It is not a `std::error::Error` itself, so that all of those convert into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerError(pub(super) RemoteError);

impl HandlerError {
    /// An error with the name `Error`, without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self(RemoteError { name: "Error".into(), message: message.into(), code: None })
    }

    /// Sets the name, such as `TypeError`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Its code.
    pub fn code(&self) -> Option<&str> {
        self.0.code()
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        if let Some(remote) = any.downcast_ref::<RemoteError>() {
            return Self(remote.clone());
        }
        let code = match (any.downcast_ref::<Error>(), any.downcast_ref::<io::Error>()) {
            (Some(Error::Remote(remote)), _) => return Self(remote.clone()),
            (Some(own), _) => own.code().map(str::to_owned),
            (_, Some(system)) => code_of(system),
            _ => None,
        };
        Self(RemoteError { name: "Error".into(), message: error.to_string(), code })
    }
}

/// Node's code for an error of the system.
fn code_of(error: &io::Error) -> Option<String> {
    let same = error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error);
    let code = SystemError::new("", same, None).code();
    (code != "UNKNOWN").then(|| code.to_owned())
}
