//! The engine: everything that touches bytes and sockets, and nothing that knows of Node.
//!
//! # Layout
//!
//! * [`codec`]: bytes <-> frames. Pure: no I/O, no clock.
//! * [`link`]: one connection's state without its socket: what was received, what is to be sent.
//! * [`datagram`]: the same for a datagram socket.
//! * [`transport`]: the only place that opens sockets: Unix and TCP, listeners and connectors, with TLS
//!   on top; UDP; pipes. Message queues, too.
//! * [`driver`]: connections, and the two drivers that move bytes between a socket and its link:
//!   tokio tasks, or the consumer's own event loop.
//! * [`event`], [`mailbox`]: what the engine reports, and the bounded queue it reports through.
//! * [`runtime`]: the I/O thread, alive exactly as long as something uses it.
//! * [`hub`]: the whole as one object with integer handles: connect, listen, write, close, next event.
//! * `acceptor`: its listeners; `handshakes`: what those have begun; `pace`: how many they take in within a second.
//! * [`late`]: what connections hold back is sent before long.
//! * `queues`: who waits for message queues.
//! * `memory`: what many connections have used goes back to the system.
//! * [`framing`]: what a consumer asks for of the bytes of its sockets.
//! * [`unfinished`]: what the connections of a listener hold together of frames that have not ended.
//! * [`error`]: one error type that carries what Node's errors carry.
//!
//! # Data flow
//!
//! Out: [`driver::Connection::write`] tries a non-blocking `send` on the caller's thread; what the kernel does
//! not take waits in the link's [`link::Outbox`] for the driver.
//! In: the driver reads into the link's decoder, which finds each delimiter once; all complete
//! frames of one read travel as one [`event::Event::Frames`] through the mailbox. A full mailbox
//! stops the reading, so the kernel's buffers fill and the peer is held back.

pub(crate) mod acceptor;
pub mod codec;
pub mod datagram;
pub mod driver;
pub mod error;
pub mod event;
pub mod framing;
pub mod greeting;
mod handshakes;
pub mod hub;
pub mod late;
pub mod link;
pub mod mailbox;
mod memory;
mod pace;
pub mod panics;
#[cfg(target_os = "linux")]
pub mod queues;
pub mod runtime;
pub mod transport;
pub mod unfinished;
