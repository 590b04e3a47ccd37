//! How callers write to a connection: on their own thread, as far as the system takes it. Part of
//! [`super`], whose `state` has what is left.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::{Connection, End, Io, State, is_transient};

impl Connection {
    /// Sends `bytes`: at once as far as the system takes them, the rest when it does. Takes the
    /// buffer over if that saves a copy, leaves it empty in any case. Returns the bytes that wait.
    /// After the end (or a failure, which is reported as an event) the bytes are dropped.
    pub fn write(self: &Arc<Self>, bytes: &mut Vec<u8>) -> usize {
        let mut state = self.lock();
        let rest = self.send_now(&mut state, bytes).map(|sent| keep(bytes, sent));
        bytes.clear();
        self.queue(&mut state, rest)
    }

    /// The same for bytes that stay the caller's.
    pub fn write_copy(self: &Arc<Self>, bytes: &[u8]) -> usize {
        let mut state = self.lock();
        let sent = self.send_now(&mut state, bytes);
        self.queue(&mut state, sent.map(|sent| Bytes::copy_from_slice(&bytes[sent..])))
    }

    /// The same for bytes that many connections send.
    pub fn write_shared(self: &Arc<Self>, bytes: &Bytes) -> usize {
        let mut state = self.lock();
        let sent = self.send_now(&mut state, bytes);
        self.queue(&mut state, sent.map(|sent| bytes.slice(sent..)))
    }

    /// How much of `bytes` the system takes now. `None`: they are to be dropped.
    fn send_now(&self, state: &mut State, bytes: &[u8]) -> Option<usize> {
        if state.end != End::Open || state.failed.is_some() {
            return None;
        }
        if state.outbox.queued() > 0 {
            return Some(0);
        }
        let sent = match state.io.send(&[IoSlice::new(bytes)]) {
            Ok(sent) => sent,
            Err(error) if is_transient(&error) => 0,
            Err(error) => {
                self.fail(state, error);
                return None;
            }
        };
        self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        Some(sent)
    }

    /// Keeps what the system has not taken. Returns the bytes that wait.
    fn queue(self: &Arc<Self>, state: &mut State, rest: Option<Bytes>) -> usize {
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            state.outbox.push(rest);
            if !state.holding {
                self.start_flush(state);
            }
        }
        self.send_held(state);
        state.outbox.queued()
    }

    /// Keeps `bytes` back, because more is about to be written, and all of it is to be one system call: until
    /// the next write or [`Connection::release`], but no longer than the hub's pulse allows
    /// ([`Connection::offer_held`]). Returns the bytes that wait, and whether to see to that.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> (usize, bool) {
        let mut state = self.lock();
        let is_up = matches!(state.io, Io::Tasks(_)) || state.io.is_on_loop();
        let begins = is_up
            && state.end == End::Open
            && state.failed.is_none()
            && state.outbox.queued() == 0
            && !state.holding;
        if begins {
            state.holding = true;
            state.outbox.push(bytes);
        } else {
            let sent = self.send_now(&mut state, &bytes);
            self.queue(&mut state, sent.map(|sent| bytes.slice(sent..)));
        }
        (state.outbox.queued(), begins)
    }

    /// Sends what was held. Returns the bytes that wait.
    pub fn release(self: &Arc<Self>) -> usize {
        let mut state = self.lock();
        self.send_held(&mut state);
        state.outbox.queued()
    }

    fn send_held(self: &Arc<Self>, state: &mut State) {
        if !std::mem::take(&mut state.holding) {
            return;
        }
        match self.offer(state) {
            Err(error) if !is_transient(&error) => self.fail(state, error),
            _ if state.outbox.queued() > 0 => self.start_flush(state),
            _ => {}
        }
    }

    /// Offers the system what is held, from any thread. Whatever follows is left to who releases it.
    pub fn offer_held(&self) {
        let mut state = self.lock();
        if state.holding {
            let _ = self.offer(&mut state);
        }
    }

    /// Hands the system as much of the outbox as it takes.
    pub(super) fn offer(&self, state: &mut State) -> io::Result<()> {
        let State { outbox, io, .. } = state;
        let (sent, result) = outbox.flush(|pieces| io.send(pieces));
        self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        result
    }
}

/// `bytes[from..]` to keep: the buffer itself where copying would cost more than a new one.
fn keep(bytes: &mut Vec<u8>, from: usize) -> Bytes {
    const COPY_AT_MOST: usize = 32 * 1024;
    if bytes.len() - from <= COPY_AT_MOST {
        return Bytes::copy_from_slice(&bytes[from..]);
    }
    Bytes::from(std::mem::take(bytes)).slice(from..)
}
