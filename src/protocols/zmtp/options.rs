//! What a program can set about its sockets.

use std::time::Duration;

use crate::engine::codec::zmtp::Limits;

/// How a socket behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most bytes of a message that a peer sends, all its frames together. A peer that sends more is cut off.
    pub max_message_bytes: usize,
    /// Most frames of a message that a peer sends. A peer that sends more is cut off.
    pub max_frames: usize,
    /// Most connections of a [`Router`](super::Router) or [`Rep`](super::Rep) at a time. One that comes then is closed at once.
    pub max_connections: usize,
    /// How long a peer may take until it can be talked to; for whoever connects, with connecting.
    pub handshake_timeout: Duration,
    /// After this much silence a peer is asked whether it is still there; `None`: never. Peers that speak ZMTP 3.0 are
    /// not asked, since they cannot answer.
    pub heartbeat_interval: Option<Duration>,
    /// How long a peer that was asked may stay silent, before it is cut off.
    pub heartbeat_timeout: Duration,
    /// The name that peers are told: at most 255 bytes, of which the first is not 0. Empty: none.
    ///
    /// A [`Req`](super::Req) that gives questions up is better without: a ROUTER sends what it answers late to whoever
    /// has the name then, which is the new connection.
    pub identity: Vec<u8>,
    /// Time before a [`Req`](super::Req) or [`Dealer`](super::Dealer) connects again the first time; doubled with each attempt that fails.
    pub reconnect: Duration,
    /// Most time between two attempts.
    pub reconnect_max: Duration,
    /// Most bytes that wait for a peer that does not read, or is not there. A message that finds none waiting is always
    /// taken.
    pub max_outgoing_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message_bytes: 64 << 20,
            max_frames: 16_384,
            max_connections: 1024,
            handshake_timeout: Duration::from_secs(10),
            heartbeat_interval: None,
            heartbeat_timeout: Duration::from_secs(10),
            identity: Vec::new(),
            reconnect: Duration::from_millis(100),
            reconnect_max: Duration::from_secs(5),
            max_outgoing_bytes: 64 << 20,
        }
    }
}

impl Options {
    /// What a peer may send.
    pub(super) fn limits(&self) -> Limits {
        Limits { message: self.max_message_bytes, frames: self.max_frames }
    }

    /// An error for what cannot be.
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
