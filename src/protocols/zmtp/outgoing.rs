//! What goes out to one peer. A sender writes at once, on its own thread, as much as the system takes; the task of the
//! connection writes the rest. Used by `link`, and by everything that sends to its peer.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::delivery::FRAME;
use super::{Options, SendError};
use crate::engine::codec::zmtp;
use crate::engine::link::Outbox;
use crate::engine::transport::Stream;

/// The most bytes of answers to PINGs that may wait. A peer that keeps sending PINGs and reads no answers is not
/// read from meanwhile.
const MAX_ANSWERS: usize = 64 * 1024;

/// The sending half of a connection.
#[derive(Debug)]
pub(super) struct Outgoing {
    state: Mutex<State>,
    /// Something waits now, or writing has failed.
    changed: Notify,
    /// Nothing waits now.
    emptied: Notify,
    stream: Arc<Stream>,
    most: usize,
    most_unread: usize,
}

#[derive(Debug, Default)]
struct State {
    outbox: Outbox,
    /// Bytes of commands since the outbox was last empty.
    answers: usize,
    /// How often the system has taken everything.
    emptied: u64,
    /// Nothing more is sent.
    closed: bool,
    failed: Option<io::Error>,
}

impl State {
    /// What waits, as it is counted: an answer of a few bytes holds more than these.
    fn weight(&self) -> usize {
        self.outbox.queued() + FRAME * self.outbox.pieces()
    }
}

impl Outgoing {
    /// See [`Options::max_outgoing_bytes`] and [`Options::max_unread_bytes`].
    pub fn new(stream: Arc<Stream>, options: &Options) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            emptied: Notify::new(),
            stream,
            most: options.max_outgoing_bytes,
            most_unread: options.max_unread_bytes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message, now or later. If this fails, no part of it is sent.
    pub fn send(&self, frames: &[Bytes]) -> Result<(), SendError> {
        if frames.is_empty() {
            return Err(SendError::Empty);
        }
        let mut state = self.lock();
        if state.closed {
            return Err(SendError::UnknownPeer);
        }
        let waiting = state.outbox.queued();
        let len: usize = frames.iter().map(Bytes::len).sum();
        if waiting > 0 && state.weight().saturating_add(len) > self.most {
            return Err(SendError::Full);
        }
        zmtp::message(frames, |piece| state.outbox.push(piece));
        if waiting == 0 {
            self.write(&mut state, |stream, pieces| stream.send(pieces));
        }
        Ok(())
    }

    /// Sends a command, or the greeting.
    pub fn command(&self, bytes: Bytes) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.answers += bytes.len();
        let waiting = state.outbox.queued();
        state.outbox.push(bytes);
        if waiting == 0 {
            self.write(&mut state, |stream, pieces| stream.send(pieces));
        }
    }

    /// Writes what waits, since the system may take more.
    pub fn flush(&self) {
        self.write(&mut self.lock(), |stream, pieces| stream.try_write(pieces));
    }

    fn write(
        &self,
        state: &mut State,
        write: impl Fn(&Stream, &[io::IoSlice<'_>]) -> io::Result<usize>,
    ) {
        match state.outbox.flush(|pieces| write(&self.stream, pieces)).1 {
            Ok(()) => {
                state.answers = 0;
                state.emptied += 1;
                self.emptied.notify_one();
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    state.closed = true;
                    state.outbox.clear();
                    state.failed = Some(error);
                }
                self.changed.notify_one();
            }
        }
    }

    /// Waits until [`Outgoing::is_waiting`] or [`Outgoing::failure`] may have changed.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until [`Outgoing::emptied`] may have changed.
    pub async fn emptying(&self) {
        self.emptied.notified().await;
    }

    /// Whether a message would be written at once, and how often the system has taken everything. If this count has
    /// grown since a message was sent, all of the message has left.
    pub fn emptied(&self) -> (bool, u64) {
        let state = self.lock();
        (!state.closed && state.outbox.queued() == 0, state.emptied)
    }

    /// Bytes that wait until the system takes more.
    pub fn waiting(&self) -> usize {
        self.lock().outbox.queued()
    }

    /// Whether there are any.
    pub fn is_waiting(&self) -> bool {
        self.waiting() > 0
    }

    /// Whether the peer has requested more answers than it reads. Nothing is read from it then.
    pub fn owes_answers(&self) -> bool {
        let state = self.lock();
        state.answers > MAX_ANSWERS || state.weight() > self.most_unread
    }

    /// Why writing has failed. Returned once.
    pub fn failure(&self) -> Option<io::Error> {
        self.lock().failed.take()
    }

    /// Accepts no more messages.
    pub fn close(&self) {
        self.lock().closed = true;
    }
}
