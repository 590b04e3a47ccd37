//! The loop driver: the consumer's own event loop watches the socket ([`super::uv`]), and its thread
//! reads and flushes.
//!
//! [`Watched::on_ready`] is called when the socket is ready. [`update`] makes the loop watch what the connection's
//! state asks for.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use socket2::{SockRef, Socket};

use super::uv::{Found, Loop, Poll, TURN_BYTES, Watched};
use super::{Connection, Io, State, is_transient};
use crate::engine::error::Error;
use crate::engine::event::{Event, Id};
use crate::engine::link::{DIRECT_MAX, Inbox, LAST_BYTES};
use crate::engine::panics::point;
use crate::engine::transport::{self, Fresh};

/// A socket on the loop, with its receive buffer.
#[derive(Debug)]
pub(super) struct OnLoop {
    /// Comes before the socket: the watch has to end before the descriptor is closed.
    poll: Poll,
    socket: Socket,
    inbox: Inbox,
}

impl OnLoop {
    /// Takes `fresh`, which `poll` watches, and brings nothing before the loop's next turn.
    pub fn new(fresh: Fresh, poll: Poll, inbox: Inbox) -> io::Result<Self> {
        let socket = fresh.detach()?;
        poll.wait_a_turn();
        Ok(Self { poll, socket, inbox })
    }

    pub fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.socket)
    }

    pub fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        transport::send(&self.socket(), pieces)
    }

    pub fn shut_down(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Ends the watch.
    pub fn into_socket(self) -> Socket {
        drop(self.poll);
        self.socket
    }
}

/// Prepares to watch `fresh`, if that is possible.
pub(super) fn watch(fresh: &Fresh, connection: &Arc<Connection>, uv_loop: &Loop) -> Option<Poll> {
    let socket = fresh.socket()?;
    uv_loop.watch(socket.as_raw_fd(), connection.clone()).ok()
}

/// Watches and reads as `state` asks for.
pub(super) fn update(connection: &Connection, state: &mut State) {
    let (mode, tapped) = (state.mode, state.tapped);
    let write = state.outbox.queued() > 0;
    let read = state.reading && state.receives();
    let Io::Loop(on_loop) = &mut state.io else { return };
    if let Some(left_over) = on_loop.inbox.configure(mode, tapped) {
        let _ = connection.mailbox.post_now(left_over);
    }
    on_loop.poll.set(read, write);
}

impl Watched for Connection {
    fn id(&self) -> Id {
        self.id
    }

    fn sent(&self) -> u64 {
        self.counters().1
    }

    fn destroy(&self) {
        Connection::destroy(self);
    }

    fn panicked(&self) {
        Connection::panicked(self, "read");
    }

    fn poll_now(self: Arc<Self>) -> Option<Found> {
        let mut state = self.lock();
        let reads = matches!(state.io, Io::Loop(_)) && state.reading && state.receives();
        // The loop watches for room for what waits.
        let sends = state.outbox.queued() > 0 || state.failed.is_some();
        if !reads || sends || self.mailbox.is_full() {
            return None;
        }
        self.mailbox.set_awake();
        let found = self.read_on_loop(&mut state);
        if found != Found::Nothing {
            self.update_watch(&mut state);
        }
        Some(found)
    }

    fn on_ready(self: Arc<Self>, read: bool, write: bool, stopped: bool) -> Found {
        // The consumer is called right after this, and needs no wake-up.
        self.mailbox.set_awake();
        let mut state = self.lock();
        if stopped && let Io::Loop(on_loop) = &state.io {
            on_loop.poll.stopped();
        }
        if write {
            self.flush_on_loop(&mut state);
        }
        let found = if read || stopped { self.read_on_loop(&mut state) } else { Found::Nothing };
        if read
            && found == Found::Nothing
            && self.mailbox.is_full()
            && let Io::Loop(on_loop) = &state.io
        {
            on_loop.poll.refuse();
        }
        self.update_watch(&mut state);
        found
    }

    fn read_again(&self) -> bool {
        if !self.mailbox.has_much_room() {
            return false;
        }
        let mut state = self.lock();
        if let Io::Loop(on_loop) = &state.io {
            on_loop.poll.release();
            self.update_watch(&mut state);
        }
        true
    }
}

impl Connection {
    fn flush_on_loop(&self, state: &mut State) {
        point("flush");
        // The outbox and the socket are parts of the same state, so the socket is taken out of it for
        // this time.
        let Io::Loop(on_loop) = std::mem::replace(&mut state.io, Io::None) else { return };
        let (sent, result) = state.outbox.flush(|pieces| on_loop.send(pieces));
        state.io = Io::Loop(on_loop);
        self.flushed(state, sent, result);
    }

    /// Reads until there is something to report, within bounds. After a failed write it reads everything, then
    /// reports the failure.
    pub(super) fn read_on_loop(&self, state: &mut State) -> Found {
        let mut found = Found::Nothing;
        if state.failed.is_some() && !state.started {
            return found; // `start` comes back to this
        }
        if state.offered && state.failed.is_none() {
            return found; // which comes first
        }
        let mut budget = if state.failed.is_some() { LAST_BYTES } else { TURN_BYTES };
        while budget > 0 && (state.failed.is_some() || !self.mailbox.is_full()) {
            let Io::Loop(on_loop) = &mut state.io else { return found };
            let OnLoop { socket, inbox, poll } = &mut **on_loop;
            let socket = SockRef::from(&*socket);
            if state.failed.is_none()
                && let Some(len) = inbox.direct(|| transport::waiting(&socket))
            {
                self.offer_bytes(state, len);
                return if len < DIRECT_MAX { Found::All } else { Found::Part(len) };
            }
            inbox.lend(poll.shelf());
            let most = inbox.most();
            let (mut room, mut beside) = (0, 0);
            let read = self.read_into(inbox, |buffer, largest| {
                room = most.min(buffer.capacity() - buffer.len());
                let received = transport::receive_all(&socket, buffer, most, largest)?;
                if let Some(attachment) = &received.attachment {
                    room = received.len; // it has ended the read: there may be more
                    beside = attachment.bytes();
                }
                Ok(received)
            });
            match read {
                Ok((0, _)) => {
                    self.ended_on_loop(state);
                    return Found::All;
                }
                Ok((len, chunk)) => {
                    found = Found::Part(len + beside);
                    let events = std::iter::from_fn(|| inbox.next()).chain(chunk);
                    let mut posted = false;
                    for event in events {
                        let _ = self.mailbox.post_now(event);
                        posted = true;
                    }
                    poll.shelf().put(inbox.rest());
                    if let Err(error) = self.count(inbox) {
                        self.report_closed(state, vec![error]);
                        return Found::All;
                    }
                    budget = budget.saturating_sub(len + beside);
                    // The socket is empty. Or the consumer first takes what there is; then the buffer, which is
                    // warm in the processor's cache, is free for the next read.
                    if (len < room || posted) && state.failed.is_none() {
                        return if len < room { Found::All } else { found };
                    }
                }
                Err(error) if is_transient(&error) => {
                    poll.shelf().put(inbox.rest());
                    break;
                }
                Err(error) => {
                    let error = Error::new("read", error, None);
                    let error = state.failed.take().unwrap_or(error);
                    self.report_closed(state, vec![error]);
                    return Found::All;
                }
            }
        }
        if let Some(error) = state.failed.take() {
            self.report_closed(state, vec![error]);
        }
        found
    }

    /// The peer has shut its side down.
    pub(super) fn ended_on_loop(&self, state: &mut State) {
        state.reading = false;
        if let Some(error) = state.failed.take() {
            return self.report_closed(state, vec![error]);
        }
        if let Io::Loop(on_loop) = &mut state.io
            && let Some(truncated) = on_loop.inbox.finish()
        {
            let _ = self.mailbox.post_now(truncated);
        }
        let _ = self.mailbox.post_now(Event::End { id: self.id });
    }
}
