//! PixivUtil2 for JavaScript: [`controller`] and [`agents`]. Events are passed as JSON, one in each turn.
//!
//! The only consumer is `src/js/engine/pixivutil2.js`.

mod agents;
mod controller;
mod error;

use napi_derive::napi;

use super::options::millis;
use crate::protocols::zmtp;

/// See [`zmtp::Options`]. Times are in ms.
#[napi(object)]
pub struct SocketOptions {
    /// The longest message that is accepted.
    pub max_message_bytes: f64,
    /// The most agents at a time, on each socket.
    pub max_connections: f64,
    /// The most bytes of unfinished messages, of all agents together, on each socket.
    pub max_buffered_bytes: f64,
    /// The limit for a peer to finish its handshake.
    pub handshake_timeout: f64,
    /// Silence before a peer is asked whether it is still there.
    pub heartbeat_interval: Option<f64>,
    /// How long the peer may take to answer.
    pub heartbeat_timeout: f64,
}

impl From<SocketOptions> for zmtp::Options {
    fn from(options: SocketOptions) -> Self {
        Self {
            max_message_bytes: options.max_message_bytes as usize,
            max_connections: options.max_connections as usize,
            max_buffered_bytes: options.max_buffered_bytes as usize,
            handshake_timeout: millis(options.handshake_timeout),
            heartbeat_interval: options.heartbeat_interval.map(millis),
            heartbeat_timeout: millis(options.heartbeat_timeout),
            ..Self::default()
        }
    }
}
