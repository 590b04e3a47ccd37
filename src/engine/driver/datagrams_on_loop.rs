//! The loop driver of datagram sockets, as on_loop.rs is that of connections: the consumer's own event
//! loop watches the socket ([`super::uv`]), which is received from and flushed right there.
//!
//! Whatever has to be waited for (a socket that cannot receive, the end of what is still to be sent) is
//! left to the task, see [`super::datagrams`].

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use socket2::{SockRef, Socket};

use super::datagrams::{Datagrams, Inlet, Io, State};
use super::is_transient;
use super::uv::{Found, Loop, Poll, Watched};
use crate::engine::error::Error;
use crate::engine::event::Id;
use crate::engine::transport::udp::{is_echo, send};

/// System calls after which a socket that always has more lets the event loop turn.
const TURN_BATCHES: usize = 8;

/// A socket on the loop, with what it receives into.
pub(super) struct OnLoop {
    /// Before the socket: the watch has to end before the descriptor is closed.
    poll: Poll,
    socket: Socket,
    inlet: Inlet,
}

impl OnLoop {
    pub fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.socket)
    }

    /// Sets what to wait for.
    pub fn watch(&self, write: bool) {
        self.poll.set(true, write);
    }

    /// Ends the watch.
    pub fn into_socket(self) -> Socket {
        drop(self.poll);
        self.socket
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
        let sends = !state.spool.is_empty(); // which is the loop's to watch
        if !matches!(state.io, Io::Loop(_)) || sends || self.mailbox.is_full() {
            return None;
        }
        self.mailbox.set_awake();
        Some(self.receive_on_loop(&mut state))
    }

    fn on_ready(self: Arc<Self>, read: bool, write: bool, stopped: bool) -> Found {
        // The consumer is called right after this: it needs no wake-up.
        self.mailbox.set_awake();
        let mut state = self.lock();
        if write {
            let State { io, spool, .. } = &mut *state;
            let Io::Loop(on_loop) = io else { return Found::Nothing };
            self.flush_spool(spool, |some| send(&on_loop.socket(), some));
            on_loop.watch(!spool.is_empty());
        }
        let found = if read || stopped { self.receive_on_loop(&mut state) } else { Found::Nothing };
        if stopped {
            self.hand_to_task(&mut state);
        }
        found
    }
}

impl Datagrams {
    pub(super) fn start_on_loop(
        self: &Arc<Self>,
        state: &mut State,
        socket: Socket,
        uv_loop: &Loop,
    ) -> io::Result<()> {
        let poll = uv_loop.watch(socket.as_raw_fd(), self.clone())?;
        poll.set(true, false);
        state.io = Io::Loop(Box::new(OnLoop { poll, socket, inlet: self.new_inlet() }));
        Ok(())
    }

    /// Receives what is there, within bounds.
    fn receive_on_loop(self: &Arc<Self>, state: &mut State) -> Found {
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
                    self.hand_to_task(state);
                    return Found::All;
                }
            }
        }
        found
    }
}
