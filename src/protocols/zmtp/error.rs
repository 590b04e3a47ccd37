//! What can go wrong.

use crate::engine::codec::zmtp::Fault;
use crate::engine::error::Error as SystemError;

/// Why there is no connection, or why it was lost.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text is not an endpoint.
    #[error("{endpoint:?} is not an endpoint: {reason}")]
    Endpoint {
        /// The text.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An option is invalid.
    #[error("{0}")]
    Options(&'static str),
    /// The peer violates the protocol, or speaks another one.
    #[error(transparent)]
    Protocol(#[from] Fault),
    /// A system call has failed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// A host name is unknown, or cannot be looked up.
    #[error("{host} has no address: {source}")]
    Resolve {
        /// The host name.
        host: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The peer did not finish the handshake within
    /// [`Options::handshake_timeout`](super::Options::handshake_timeout).
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The peer did not answer within [`Options::heartbeat_timeout`](super::Options::heartbeat_timeout), or was
    /// silent for longer than it had announced.
    #[error("the peer has been silent for too long")]
    HeartbeatTimeout,
    /// Another peer with this identity is connected.
    #[error("another peer has the identity {0:?}")]
    IdentityInUse(String),
    /// The socket has [`Options::max_connections`](super::Options::max_connections) already.
    #[error("the limit of connections is reached")]
    TooManyConnections,
    /// The connections of the socket held more than
    /// [`Options::max_buffered_bytes`](super::Options::max_buffered_bytes) of unfinished messages, and this one most.
    #[error("all connections together held too much of unfinished messages, and this one most")]
    TooMuchBuffered,
}

/// Why a message was not sent. No part of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No peer with this identity is connected.
    #[error("there is no such peer")]
    UnknownPeer,
    /// The peer does not read:
    /// [`Options::max_outgoing_bytes`](super::Options::max_outgoing_bytes) wait for it already.
    #[error("too much waits for this peer already")]
    Full,
    /// A message needs at least one frame.
    #[error("a message without frames")]
    Empty,
    /// The socket is closed, or its runtime has ended.
    #[error("the socket is closed")]
    Closed,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It did not come in time. [`Req::last_error`](super::Req::last_error) may say why.
    #[error("the answer did not come in time")]
    Timeout,
    /// The socket is closed, or its runtime has ended.
    #[error("the socket is closed")]
    Closed,
    /// The connection was lost after the request was sent. It is not known whether the peer has
    /// received it.
    #[error("the connection was lost before the answer came")]
    Lost(#[source] Option<std::sync::Arc<Error>>),
    /// A request needs at least one frame.
    #[error("a question without frames")]
    Empty,
    /// This socket can never be connected.
    #[error(transparent)]
    Unusable(std::sync::Arc<Error>),
}
