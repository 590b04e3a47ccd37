//! What can go wrong.

use crate::engine::codec::zmtp::Fault;
use crate::engine::error::Error as SystemError;

/// Why there is no connection, or no longer one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is to be an endpoint is none.
    #[error("{endpoint:?} is not an endpoint: {reason}")]
    Endpoint {
        /// What was given.
        endpoint: String,
        /// Why not.
        reason: &'static str,
    },
    /// An option that cannot be.
    #[error("{0}")]
    Options(&'static str),
    /// The peer sends what it must not, or speaks something else.
    #[error(transparent)]
    Protocol(#[from] Fault),
    /// A system call has failed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The name of a machine is not known, or cannot be asked for.
    #[error("{host} has no address: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The peer was not ready within [`Options::handshake_timeout`](super::Options::handshake_timeout).
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The peer did not answer within [`Options::heartbeat_timeout`](super::Options::heartbeat_timeout), or has
    /// been silent for longer than it said that it would be.
    #[error("the peer has been silent for too long")]
    HeartbeatTimeout,
    /// Another peer of that identity is connected.
    #[error("another peer has the identity {0:?}")]
    IdentityInUse(String),
    /// There are [`Options::max_connections`](super::Options::max_connections) already.
    #[error("there are as many connections as there may be")]
    TooManyConnections,
}

/// Why a message was not sent. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No peer of that identity is connected.
    #[error("there is no such peer")]
    UnknownPeer,
    /// The peer does not read:
    /// [`Options::max_outgoing_bytes`](super::Options::max_outgoing_bytes) wait for it already.
    #[error("too much waits for this peer already")]
    Full,
    /// A message has one frame at least.
    #[error("a message without frames")]
    Empty,
    /// The socket is closed, or its runtime has ended.
    #[error("the socket is closed")]
    Closed,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It did not come in time. [`Req::last_error`](super::Req::last_error) may tell why.
    #[error("the answer did not come in time")]
    Timeout,
    /// The socket is closed, or its runtime has ended.
    #[error("the socket is closed")]
    Closed,
    /// The connection was lost after the request was sent: whether the peer has got it is not known.
    #[error("the connection was lost before the answer came")]
    Lost(#[source] Option<std::sync::Arc<Error>>),
    /// A question has one frame at least.
    #[error("a question without frames")]
    Empty,
    /// This socket can never be connected.
    #[error(transparent)]
    Unusable(std::sync::Arc<Error>),
}
