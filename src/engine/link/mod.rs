//! One connection's state, without its socket: what was received ([`Inbox`]) and what is to be sent
//! ([`Outbox`]). No I/O happens here, so any driver can move the bytes.

pub use inbox::{DIRECT_MAX, DIRECT_MIN, Inbox};
pub use outbox::Outbox;
pub use spare::{Shelf, Spare};

mod attachments;
mod inbox;
mod outbox;
mod spare;

/// With this many queued bytes or more, a writer is asked to wait for
/// [`Event::Drain`](super::event::Event::Drain). Mirrored in `src/js/engine/connection.js`.
pub const HIGH_WATER: usize = 256 * 1024;

/// Bytes that are still read after a write has failed. This is more than a receive buffer holds, so
/// that what the peer sent before is delivered. It is bounded because the peer may keep sending
/// without end.
pub const LAST_BYTES: usize = 8 * 1024 * 1024;
