//! What the engine reports. Every event names its connection or listener by the handle that
//! [`crate::engine::hub::Hub`] returned.

use std::net::SocketAddr;

use bytes::Bytes;

use super::codec::Batch;
use super::error::Error;
use super::transport::tls::Facts;
use super::transport::{Attachment, Ends};

/// Handle of a connection or a listener. Never reused within one hub.
pub type Id = u32;

/// Weight of an accepted connection: 64 of them fill a mailbox.
const ACCEPTED_WEIGHT: usize = 16 * 1024;

/// See the variants.
#[derive(Debug)]
pub enum Event {
    /// An outgoing connection is up. As with an accepted one, reading begins when its consumer says
    /// so ([`crate::engine::hub::Hub::approve`], and [`crate::engine::hub::Hub::start`] where that is needed).
    Open {
        /// Its handle.
        id: Id,
        /// Its addresses, for IP.
        ends: Option<Ends>,
        /// The facts of its TLS, if it uses TLS.
        tls: Option<Box<Facts>>,
    },
    /// A listener accepted a connection.
    Accepted {
        /// The listener.
        listener: Id,
        /// The new connection's handle.
        id: Id,
        /// Its addresses, for IP.
        ends: Option<Ends>,
        /// The facts of its TLS, if it uses TLS.
        tls: Option<Box<Facts>>,
    },
    /// Complete frames of one read.
    Frames {
        /// The connection.
        id: Id,
        /// The frames.
        batch: Batch,
        /// What has come beside them: one for each frame that says so ([`super::codec::values::is_split`]), in their
        /// order.
        attached: Vec<Attachment>,
    },
    /// Raw bytes of one read (raw mode, or a tapped connection: then after its frames).
    Chunk {
        /// The connection.
        id: Id,
        /// The bytes.
        bytes: Bytes,
        /// Their frames were reported before.
        framed: bool,
    },
    /// Raw mode, once much arrives at a time: so many bytes can be read now. The consumer takes them, by
    /// [`Connection::receive_into`](super::driver::Connection::receive_into), into memory of its own.
    Readable {
        /// The connection.
        id: Id,
        /// Bytes.
        len: usize,
    },
    /// A read completed no frame. For consumers that decide late whether they want frames.
    Partial {
        /// The connection.
        id: Id,
    },
    /// A frame over the limit was discarded.
    TooLarge {
        /// The connection.
        id: Id,
        /// Its length in bytes.
        len: u64,
    },
    /// The connections of a listener together hold too many bytes of unfinished frames, and this one holds
    /// most. The hub ends it; the consumer does not see this event.
    HoldsMost {
        /// The connection.
        id: Id,
    },
    /// Code that worked for a connection panicked, on a thread that may not end it. The hub ends it; the consumer does
    /// not see this event.
    Panicked {
        /// The connection.
        id: Id,
    },
    /// The time is up for a datagram socket or a listener on the consumer's event loop that had to wait. The hub handles
    /// it; the consumer does not see this event.
    Due {
        /// The datagram socket or the listener.
        id: Id,
    },
    /// The peer closed its side in the middle of a frame.
    Truncated {
        /// The connection.
        id: Id,
        /// Bytes received of the frame that never ended.
        len: u64,
    },
    /// The peer has sent everything it will send.
    End {
        /// The connection.
        id: Id,
    },
    /// The outbox is empty, after it had reached the high-water mark or a report was requested.
    Drain {
        /// The connection.
        id: Id,
    },
    /// Everything written was handed to the system, and this side of the connection is shut down.
    Finished {
        /// The connection.
        id: Id,
    },
    /// The connection is gone. Nothing follows for this handle.
    Closed {
        /// The connection.
        id: Id,
        /// The errors: none for an orderly close; one per address tried for a connection that never
        /// came up.
        errors: Vec<Error>,
        /// Bytes received and bytes handed to the system over its whole life.
        counters: (u64, u64),
    },
    /// A listener is closed, and every connection that had reached it was accepted. Nothing follows
    /// for this handle.
    ListenerClosed {
        /// The listener.
        id: Id,
    },
    /// A listener could not accept. It keeps trying.
    AcceptFailed {
        /// The listener.
        id: Id,
        /// The error.
        error: Error,
    },
    /// A listener has closed a new connection at once, since too many handshakes are under way: see
    /// [`crate::engine::hub::Hub::limit_handshakes`].
    Dropped {
        /// The listener.
        id: Id,
        /// Its addresses, for IP.
        ends: Option<Ends>,
    },
    /// Frames of datagrams that one peer sent, one after the other.
    Datagrams {
        /// The datagram socket.
        id: Id,
        /// The peer that sent them.
        peer: SocketAddr,
        /// The frames.
        batch: Batch,
        /// The datagrams, in order; at least one.
        parts: Vec<Part>,
    },
    /// A datagram as it arrived (raw mode, or a tapped socket).
    Datagram {
        /// The datagram socket.
        id: Id,
        /// The peer that sent it.
        peer: SocketAddr,
        /// Its bytes.
        bytes: Bytes,
        /// Its frames follow.
        framed: bool,
    },
    /// A frame over the limit, in a datagram, was discarded.
    DatagramTooLarge {
        /// The datagram socket.
        id: Id,
        /// The peer that sent it.
        peer: SocketAddr,
        /// Bytes of the datagram.
        size: usize,
        /// Bytes of the frame.
        len: usize,
    },
    /// A datagram could not be sent, or none could be received. The socket goes on.
    DatagramFailed {
        /// The datagram socket.
        id: Id,
        /// The error.
        error: Error,
    },
    /// A datagram socket is closed. Nothing follows for this handle.
    DatagramsClosed {
        /// The datagram socket.
        id: Id,
        /// Datagrams and bytes handed to the system in all.
        counters: (u64, u64),
    },
}

/// A datagram whose frames are in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many of the batch's frames it has. A datagram with too many frames for one batch continues
    /// in the next.
    pub frames: usize,
    /// Bytes of the whole datagram.
    pub size: usize,
    /// It continues the last datagram of the event before.
    pub continues: bool,
}

/// The kind of an event that could not be delivered and the handle that it was for: enough to go on
/// without it. See [`crate::engine::hub::Hub::lose`].
#[derive(Debug, Clone, Copy)]
pub enum Lost {
    /// For a connection that the consumer knows.
    OfConnection(Id),
    /// See [`Event::Accepted`].
    Accepted {
        /// The listener.
        listener: Id,
        /// The connection.
        id: Id,
    },
    /// See [`Event::Closed`].
    Closed {
        /// The connection.
        id: Id,
        /// Bytes received and handed to the system.
        counters: (u64, u64),
    },
    /// For a listener.
    OfListener(Id),
    /// See [`Event::ListenerClosed`].
    ListenerClosed(Id),
    /// For a datagram socket.
    OfDatagrams(Id),
    /// See [`Event::DatagramsClosed`].
    DatagramsClosed {
        /// The datagram socket.
        id: Id,
        /// Datagrams and bytes handed to the system.
        counters: (u64, u64),
    },
}

impl Event {
    /// What the consumer has to know if this event is lost.
    pub fn as_lost(&self) -> Lost {
        match *self {
            Event::Accepted { listener, id, .. } => Lost::Accepted { listener, id },
            Event::Closed { id, counters, .. } => Lost::Closed { id, counters },
            Event::ListenerClosed { id } => Lost::ListenerClosed(id),
            Event::AcceptFailed { id, .. } | Event::Dropped { id, .. } => Lost::OfListener(id),
            Event::DatagramsClosed { id, counters } => Lost::DatagramsClosed { id, counters },
            Event::Datagrams { id, .. }
            | Event::Datagram { id, .. }
            | Event::DatagramTooLarge { id, .. }
            | Event::DatagramFailed { id, .. }
            | Event::Due { id } => Lost::OfDatagrams(id),
            Event::Open { id, .. }
            | Event::Frames { id, .. }
            | Event::Chunk { id, .. }
            | Event::Readable { id, .. }
            | Event::Partial { id }
            | Event::TooLarge { id, .. }
            | Event::HoldsMost { id }
            | Event::Panicked { id }
            | Event::Truncated { id, .. }
            | Event::End { id }
            | Event::Drain { id }
            | Event::Finished { id } => Lost::OfConnection(id),
        }
    }

    /// Bytes that the event keeps in memory, for the limit of the mailbox. A connection that was
    /// not taken yet holds a descriptor, and counts as `ACCEPTED_WEIGHT` bytes.
    pub fn weight(&self) -> usize {
        match self {
            Event::Accepted { .. } => ACCEPTED_WEIGHT,
            Event::Frames { batch, attached, .. } => {
                batch.bytes.len() + attached.iter().map(Attachment::bytes).sum::<usize>()
            }
            Event::Datagrams { batch, .. } => batch.bytes.len(),
            Event::Readable { len, .. } => *len,
            Event::Chunk { bytes, .. } | Event::Datagram { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }
}
