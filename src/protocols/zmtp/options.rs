//! The options of a socket.

use std::time::Duration;

use crate::engine::codec::zmtp::Limits;

/// The options of a socket.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most bytes of a message from a peer, all frames together. A peer that sends more is disconnected.
    pub max_message_bytes: usize,
    /// The most frames of a message from a peer. A peer that sends more is disconnected.
    pub max_frames: usize,
    /// The most connections of a [`Router`](super::Router) or [`Rep`](super::Rep) at a time. Further ones are closed at
    /// once.
    pub max_connections: usize,
    /// The most bytes of unfinished messages that all connections of a [`Router`](super::Router) or [`Rep`](super::Rep)
    /// hold together. Beyond it, the one that holds most is closed.
    pub max_buffered_bytes: usize,
    /// How long a peer may take to finish the handshake. For a socket that connects, this includes
    /// connecting.
    pub handshake_timeout: Duration,
    /// After this much silence, a PING is sent to the peer; `None`: never. Peers that speak ZMTP 3.0 get none, since
    /// they cannot answer.
    pub heartbeat_interval: Option<Duration>,
    /// How long the peer may stay silent after a PING before it is disconnected.
    pub heartbeat_timeout: Duration,
    /// The name that peers are told: at most 255 bytes, of which the first must not be 0. Empty: no
    /// name.
    ///
    /// A [`Req`](super::Req) that gives up requests should have none: a ROUTER sends a late answer to the current
    /// connection with that name, which is the new one.
    pub identity: Vec<u8>,
    /// The pause before a [`Req`](super::Req) or [`Dealer`](super::Dealer) connects again; doubled with each failed attempt.
    pub reconnect: Duration,
    /// The longest pause between two attempts.
    pub reconnect_max: Duration,
    /// The most bytes that wait for a peer that does not read or is not connected. If nothing waits, a message of any
    /// size is accepted.
    pub max_outgoing_bytes: usize,
    /// While more bytes than this wait for a peer, nothing is read from it: for sockets that only answer. Default:
    /// [`usize::MAX`], and at most 64 KiB for a [`Rep`](super::Rep).
    pub max_unread_bytes: usize,
}

/// What it is for sockets that only answer.
const MAX_UNREAD: usize = 64 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message_bytes: 64 << 20,
            max_frames: 16_384,
            max_connections: 1024,
            max_buffered_bytes: 1 << 30,
            handshake_timeout: Duration::from_secs(10),
            heartbeat_interval: None,
            heartbeat_timeout: Duration::from_secs(10),
            identity: Vec::new(),
            reconnect: Duration::from_millis(100),
            reconnect_max: Duration::from_secs(5),
            max_outgoing_bytes: 64 << 20,
            max_unread_bytes: usize::MAX,
        }
    }
}

impl Options {
    /// For a socket that only answers: who does not read its answers may not go on asking.
    pub(crate) fn only_answers(self) -> Self {
        Self { max_unread_bytes: self.max_unread_bytes.min(MAX_UNREAD), ..self }
    }

    /// What a peer may send.
    pub(super) fn limits(&self) -> Limits {
        Limits { message: self.max_message_bytes, frames: self.max_frames }
    }

    /// Fails for an invalid option.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.identity.len() > 255 {
            return Err("identity: it has more than 255 bytes");
        }
        if self.identity.first() == Some(&0) {
            return Err("identity: it begins with the byte 0, which is for ROUTER's own");
        }
        if self.heartbeat_interval == Some(Duration::ZERO) {
            return Err("heartbeat_interval: it is 0");
        }
        Ok(())
    }
}
