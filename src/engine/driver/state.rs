//! What a connection's callers and its driver share, under the connection's lock.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::time::Instant;

#[cfg(unix)]
use super::on_loop;
use super::patience::Patience;
use crate::engine::error::Error;
use crate::engine::framing::Mode;
use crate::engine::link::Outbox;
#[cfg(unix)]
use crate::engine::transport;
use crate::engine::transport::{Fresh, Stream};

#[derive(Debug)]
pub(super) struct State {
    pub(super) outbox: Outbox,
    /// The bytes in the outbox are held back: see [`super::Connection::hold`].
    pub(super) held: bool,
    pub(super) patience: Patience,
    /// The peer may not have read the last message that had memory beside it.
    #[cfg(target_os = "linux")]
    pub(super) attached: bool,
    /// [`crate::engine::late`] will check it.
    pub(super) watched: bool,
    pub(super) io: Io,
    /// A flush task is running.
    pub(super) flushing: bool,
    /// A driver reads, and will report the end.
    pub(super) reading: bool,
    pub(super) end: End,
    /// A write failed. This is reported after everything that has already arrived.
    pub(super) failed: Option<Error>,
    /// The consumer is set up to receive: see [`super::Connection::start`].
    pub(super) started: bool,
    pub(super) paused: bool,
    pub(super) tapped: bool,
    /// [`Event::Readable`](crate::engine::event::Event::Readable) is on its way to the consumer: nobody else reads.
    pub(super) offered: bool,
    pub(super) mode: Mode,
}

/// Which driver has the socket.
#[derive(Debug)]
pub(super) enum Io {
    /// Not connected yet, or gone.
    None,
    /// Connected, but the consumer has not heard of it yet.
    Fresh(Fresh),
    /// The tokio driver.
    Tasks(Arc<Stream>),
    /// The loop driver.
    #[cfg(unix)]
    Loop(Box<on_loop::OnLoop>),
}

impl Io {
    /// Takes the socket out if no driver has it yet.
    pub(super) fn take_fresh(&mut self) -> Option<Fresh> {
        match std::mem::replace(self, Io::None) {
            Io::Fresh(fresh) => Some(fresh),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Writes once without waiting. `WouldBlock` before the connection is up.
    pub(super) fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Io::None => Err(io::ErrorKind::WouldBlock.into()),
            // The consumer has not checked the other side yet.
            Io::Fresh(fresh) if fresh.tls().is_some() => Err(io::ErrorKind::WouldBlock.into()),
            Io::Fresh(fresh) => fresh.send(pieces),
            Io::Tasks(stream) => stream.send(pieces),
            #[cfg(unix)]
            Io::Loop(on_loop) => on_loop.send(pieces),
        }
    }

    /// The same, even where that takes long.
    pub(super) fn send_all(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Io::Tasks(stream) = self
            && let Some(tls) = stream.tls()
        {
            return tls.send_all(pieces);
        }
        self.send(pieces)
    }

    /// Whether a write goes to the system at once, whatever its length. Not with TLS, where the I/O thread encrypts long
    /// messages, and not on a pipe, which reports later.
    pub(super) fn takes_at_once(&self) -> bool {
        let is_socket = |stream: &Stream| stream.tls().is_none() && stream.has_halves();
        match self {
            Io::None => false,
            Io::Fresh(fresh) => fresh.stream().is_none_or(is_socket),
            Io::Tasks(stream) => is_socket(stream),
            #[cfg(unix)]
            Io::Loop(_) => true,
        }
    }

    /// The loop driver has it.
    pub(super) fn is_on_loop(&self) -> bool {
        #[cfg(unix)]
        return matches!(self, Io::Loop(_));
        #[cfg(not(unix))]
        false
    }

    /// Ends our side. False before the connection is up.
    pub(super) fn shut_down(&self) -> bool {
        match self {
            Io::None => return false,
            Io::Fresh(fresh) => fresh.shut_down(),
            Io::Tasks(stream) => stream.shut_down(),
            #[cfg(unix)]
            Io::Loop(on_loop) => on_loop.shut_down(),
        }
        true
    }

    /// See [`Stream::taken`].
    pub(super) fn taken(&self) -> i64 {
        match self {
            Io::Fresh(fresh) => fresh.taken(),
            Io::Tasks(stream) => stream.taken(),
            #[cfg(unix)]
            Io::Loop(on_loop) => transport::taken(&on_loop.socket()),
            Io::None => 0,
        }
    }

    /// The socket, if what it brings is for the consumer as it is.
    pub(super) fn plain(&self) -> Option<SockRef<'_>> {
        match self {
            Io::None | Io::Fresh(_) => None,
            Io::Tasks(stream) => stream.plain(),
            #[cfg(unix)]
            Io::Loop(on_loop) => Some(on_loop.socket()),
        }
    }

    /// The socket, for its options.
    pub(super) fn socket(&self) -> Option<SockRef<'_>> {
        match self {
            Io::None => None,
            Io::Fresh(fresh) => fresh.socket(),
            Io::Tasks(stream) => stream.socket(),
            #[cfg(unix)]
            Io::Loop(on_loop) => Some(on_loop.socket()),
        }
    }
}

impl State {
    /// Whether what the peer sends is wanted.
    pub(super) fn receives(&self) -> bool {
        self.started && !self.paused
    }
}

/// How far our side is on its way to the end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Writable.
    Open,
    /// Shuts down for writing when the outbox is empty.
    Finishing,
    /// Shut down for writing; still read from.
    Finished,
    /// Closes when the outbox is empty, or when the grace is over.
    Closing(Grace),
    /// Shut down for writing, and reported as closed. Waits for the peer's end for a while, so that
    /// closing does not destroy what is on its way to the peer.
    Lingering(Grace),
    /// Gone. Nothing may be reported any more.
    Gone,
}

/// How long a closing connection may go without progress. There is no limit in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grace {
    linger: Duration,
    /// `None`: never.
    over: Option<Instant>,
    /// See [`Stream::taken`].
    taken: i64,
}

impl Grace {
    /// Begins now, when the peer has taken this much.
    pub(super) fn new(linger: Duration, taken: i64) -> Self {
        Self { linger, over: Instant::now().checked_add(linger), taken }
    }

    /// Notes progress.
    pub(super) fn renewed(self, taken: i64) -> Self {
        Self::new(self.linger, taken)
    }

    /// The same, if the peer has taken more than before.
    pub(super) fn going_on(self, taken: i64) -> Self {
        if taken > self.taken { self.renewed(taken) } else { self }
    }

    /// When it is over, unless it is renewed.
    pub(super) fn over(self) -> Option<Instant> {
        self.over
    }

    /// Whether it is over, now that the peer has taken this much. Only here does it show what the system still had
    /// to send.
    pub(super) fn is_over(self, taken: i64) -> bool {
        taken <= self.taken && self.over.is_some_and(|over| over <= Instant::now())
    }
}
