//! The loop driver of datagram sockets, as on_loop.rs is that of connections. The consumer's own event
//! loop watches the socket ([`super::uv`]), and its thread receives and flushes.
//!
//! The loop has a socket to its end. The I/O thread waits for times to pass (until a socket may receive again, until
//! closing has taken too long). Then the hub calls [`Datagrams::go_on`] on the loop's thread.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, Socket};
use tokio::time::{Instant, sleep};

use super::datagrams::{Datagrams, End, Inlet, Io, RECEIVE_PAUSE, State, too_late};
use super::is_transient;
use super::uv::{Found, Loop, Poll, Watched};
use crate::engine::error::Error;
use crate::engine::event::{Event, Id};
use crate::engine::transport::udp::{is_echo, send};

/// After this many system calls, a socket that always has more lets the event loop turn.
const TURN_BATCHES: usize = 8;

/// A socket on the loop, with its receive buffers.
pub(super) struct OnLoop {
    /// Comes before the socket: the watch has to end before the descriptor is closed.
    poll: Poll,
    socket: Socket,
    inlet: Inlet,
    /// It could not receive, and is left alone for a while.
    rests: bool,
}

impl OnLoop {
    pub fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.socket)
    }

    /// Sets what to wait for: nothing while it rests. The loop may stop at once in any case.
    fn watch(&self, read: bool, write: bool) {
        self.poll.set(read && !self.rests, write && !self.rests);
    }
}

/// Watches what `state` asks for.
pub(super) fn update(state: &State) {
    if let Io::Loop(on_loop) = &state.io {
        on_loop.watch(state.end == End::Open, !state.spool.is_empty());
    }
}

impl Watched for Datagrams {
    fn id(&self) -> Id {
        self.id
    }

    fn sent(&self) -> u64 {
        Datagrams::sent(self)
    }

    fn destroy(&self) {
        Datagrams::destroy(self);
    }

    fn panicked(&self) {
        Datagrams::panicked(self);
    }

    fn poll_now(self: Arc<Self>) -> Option<Found> {
        let mut state = self.lock();
        let sends = !state.spool.is_empty(); // the loop watches for room
        let receives = matches!(&state.io, Io::Loop(on_loop) if !on_loop.rests);
        if !receives || state.end != End::Open || sends || self.mailbox.is_full() {
            return None;
        }
        self.mailbox.set_awake();
        Some(self.receive_on_loop(&mut state))
    }

    fn on_ready(self: Arc<Self>, read: bool, write: bool, stopped: bool) -> Found {
        // The consumer is called right after this, and needs no wake-up.
        self.mailbox.set_awake();
        let mut state = self.lock();
        if stopped && let Io::Loop(on_loop) = &state.io {
            on_loop.poll.stopped();
        }
        if write {
            let State { io, spool, .. } = &mut *state;
            let Io::Loop(on_loop) = io else { return Found::Nothing };
            self.flush_spool(spool, |some| send(&on_loop.socket(), some));
            update(&state);
            if self.end_if_sent(&mut state) {
                return Found::All;
            }
        }
        let receives = (read || stopped) && state.end == End::Open;
        let found = if receives { self.receive_on_loop(&mut state) } else { Found::Nothing };
        if stopped {
            self.rest(&mut state); // what is wrong with it may stay wrong for a while
        }
        found
    }
}

impl Datagrams {
    /// Prepares to watch `socket`.
    pub(super) fn watch(self: &Arc<Self>, socket: &Socket, uv_loop: &Loop) -> io::Result<Poll> {
        uv_loop.watch(socket.as_raw_fd(), self.clone())
    }

    pub(super) fn start_on_loop(&self, state: &mut State, socket: Socket, poll: Poll) {
        let inlet = self.new_inlet();
        state.io = Io::Loop(Box::new(OnLoop { poll, socket, inlet, rests: false }));
        update(state);
    }

    /// Receives what is there, within bounds.
    fn receive_on_loop(&self, state: &mut State) -> Found {
        let mut found = Found::Nothing;
        for _ in 0..TURN_BATCHES {
            let Io::Loop(on_loop) = &mut state.io else { break };
            if self.mailbox.is_full() {
                break; // the rest waits in the system's buffer, which drops what it cannot hold
            }
            let OnLoop { socket, inlet, .. } = &mut **on_loop;
            match inlet.slots.receive(&SockRef::from(&*socket)) {
                Ok(()) => {
                    found = Found::All;
                    let _ = inlet.report(state.mode, &self.mailbox);
                    if !inlet.slots.are_full() {
                        break; // there are no more
                    }
                }
                Err(error) if is_transient(&error) => break,
                Err(error) if is_echo(&error) => {}
                Err(error) => {
                    self.report(Error::new("recv", error, None));
                    self.rest(state);
                    return Found::All;
                }
            }
        }
        found
    }

    /// Leaves the socket alone for a while. Otherwise the loop would say at once that there is something to receive.
    fn rest(&self, state: &mut State) {
        let Io::Loop(on_loop) = &mut state.io else { return };
        if !std::mem::replace(&mut on_loop.rests, true) {
            self.go_on_after(RECEIVE_PAUSE);
        }
        update(state);
    }

    /// Has [`Datagrams::go_on`] called after this time, if the hub still has the socket.
    fn go_on_after(&self, time: Duration) {
        let (mailbox, id) = (self.mailbox.clone(), self.id);
        self.runtime.handle().spawn(async move {
            sleep(time).await;
            let _ = mailbox.post_now(Event::Due { id });
        });
    }

    /// A waiting time of the loop's socket is over. Must be called on the loop's thread.
    pub fn go_on(&self) {
        let mut state = self.lock();
        if let Io::Loop(on_loop) = &mut state.io {
            on_loop.rests = false;
            match state.end {
                End::Closing(until) if until <= Instant::now() => {
                    self.report(too_late());
                    self.end_on_loop(&mut state);
                }
                _ => update(&state),
            }
        }
    }

    /// Receives nothing any more. Closes when what waits is sent, at the latest after `linger`.
    pub(super) fn close_on_loop(&self, state: &mut State, linger: Duration) {
        if matches!(state.io, Io::Loop(_)) && !self.end_if_sent(state) {
            update(state);
            self.go_on_after(linger);
        }
    }

    /// Ends a closing socket if nothing waits. Returns whether it ended.
    fn end_if_sent(&self, state: &mut State) -> bool {
        let ends = matches!(state.end, End::Closing(_)) && state.spool.is_empty();
        if ends {
            self.end_on_loop(state);
        }
        ends
    }

    fn end_on_loop(&self, state: &mut State) {
        state.end = End::Gone;
        state.io = Io::None; // the address is free before the end is reported
        self.report_closed();
    }
}
