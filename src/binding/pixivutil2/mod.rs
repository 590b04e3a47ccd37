//! PixivUtil2 for JavaScript: [`controller`] and [`agents`]. What happens is told as JSON, an event a turn.
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
    /// The longest message that comes.
    pub max_message_bytes: f64,
    /// Agents at a time, on each socket.
    pub max_connections: f64,
    /// Until a peer can be talked to.
    pub handshake_timeout: f64,
    /// Silence before a peer is asked whether it is there.
    pub heartbeat_interval: Option<f64>,
    /// How long it may take for the answer.
    pub heartbeat_timeout: f64,
}

impl From<SocketOptions> for zmtp::Options {
    fn from(options: SocketOptions) -> Self {
        Self {
            max_message_bytes: options.max_message_bytes as usize,
            max_connections: options.max_connections as usize,
            handshake_timeout: millis(options.handshake_timeout),
            heartbeat_interval: options.heartbeat_interval.map(millis),
            heartbeat_timeout: millis(options.heartbeat_timeout),
            ..Self::default()
        }
    }
}
