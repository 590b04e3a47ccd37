//! How callers write to a connection: on their own thread, as much as the system takes. Part of
//! [`super`], whose `state` keeps the rest.

use std::hint;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;

use super::patience::Wait;
use super::state::{End, Io, State};
use super::{Connection, is_transient};
use crate::engine::event::Event;
use crate::engine::late::Late;
use crate::engine::panics::point;

/// The most pieces of one system call, with what was held back: all systems take this many.
const PIECES: usize = 16;

/// How many bytes are copied before the peer is offered some again.
const PART: usize = 1024 * 1024;

impl Connection {
    /// Sends `bytes`: as many as the system takes now, the rest when it takes more. Takes the buffer over if that
    /// saves a copy, and leaves it empty in any case. Returns how many bytes wait. After the end (or a failure, which is
    /// reported as an event) the bytes are dropped.
    pub fn write(self: &Arc<Self>, bytes: &mut Vec<u8>) -> usize {
        let mut state = self.lock();
        let rest = self.send_soon(&mut state, bytes).map(|sent| keep(bytes, sent));
        bytes.clear();
        self.queue(&mut state, rest)
    }

    /// The same for bytes that the caller keeps.
    pub fn write_copy(self: &Arc<Self>, bytes: &[u8]) -> usize {
        let mut state = self.lock();
        let sent = self.send_soon(&mut state, bytes);
        self.queue(&mut state, sent.map(|sent| Bytes::copy_from_slice(&bytes[sent..])))
    }

    /// The same for bytes in several buffers, possibly many. Where the peer can take it like that, those after the first are the large
    /// views of a message of values, and go beside it (`attaching`). Otherwise they are copied little by little, while the peer
    /// reads. What the system takes at once, or in time (`patience`), is not copied.
    pub fn write_pieces(self: &Arc<Self>, pieces: &[&[u8]]) -> usize {
        let mut state = self.lock();
        #[cfg(target_os = "linux")]
        if let Some(queued) = self.attach(&mut state, pieces) {
            return queued;
        }
        let waited = state.outbox.queued() > 0;
        let Some(mut sent) = self.send_now(&mut state, pieces) else {
            return state.outbox.queued();
        };
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let mut wait = match sent < len && state.io.takes_at_once() {
            true => state.patience.wait(len),
            false => Wait::default(),
        };
        for piece in pieces {
            let here = sent.min(piece.len());
            sent -= here;
            let mut rest = &piece[here..];
            while let Some(left) = self.write_part(&mut state, rest, &mut wait) {
                rest = left;
            }
        }
        state.patience.waited(&wait);
        if state.outbox.queued() > 0 {
            self.start_flush(&mut state);
        } else if waited {
            self.report_drained(&mut state);
        } else if !matches!(state.io, Io::Fresh(_)) {
            state.outbox.take_drained(); // only parts of this message have waited, of which nobody knows
        }
        state.outbox.queued()
    }

    /// Sends or keeps the beginning of `bytes`. Returns the rest; `None`: there is none.
    fn write_part<'a>(
        &self,
        state: &mut State,
        mut bytes: &'a [u8],
        wait: &mut Wait,
    ) -> Option<&'a [u8]> {
        if bytes.is_empty() || state.end != End::Open || state.failed.is_some() {
            return None;
        }
        if state.outbox.queued() == 0 && bytes.len() > PART {
            let sent = self.send_waiting(state, bytes, wait)?;
            bytes = &bytes[sent..];
        }
        let (part, _) = bytes.split_at(bytes.len().min(PART));
        let State { outbox, io, .. } = state;
        outbox.push(Bytes::copy_from_slice(part));
        let (sent, result) = outbox.flush(|pieces| io.send(pieces));
        self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        match result {
            Err(error) if !is_transient(&error) => {
                self.fail(state, error);
                None
            }
            _ => Some(&bytes[part.len()..]),
        }
    }

    /// The same for bytes that many connections share.
    pub fn write_shared(self: &Arc<Self>, bytes: &Bytes) -> usize {
        let mut state = self.lock();
        let sent = self.send_now(&mut state, &[bytes]);
        self.queue(&mut state, sent.map(|sent| bytes.slice(sent..)))
    }

    /// Holds `bytes` back, in the middle of a burst: what is written next goes with them, in one system call. If nothing
    /// follows, [`Connection::offer`] sends them, or `late` when it finds them. Where something waits already, they are
    /// written at once. Returns how many bytes wait.
    pub fn hold(self: &Arc<Self>, bytes: &Bytes, late: &Late) -> usize {
        let mut state = self.lock();
        let is_up = matches!(state.io, Io::Tasks(_)) || state.io.is_on_loop();
        let is_open = state.end == End::Open && state.failed.is_none();
        let is_free = is_up && is_open && state.outbox.queued() == 0;
        state.watched = is_free && (state.watched || late.watch(self));
        if !state.watched {
            drop(state);
            return self.write_shared(bytes);
        }
        state.outbox.push(bytes.clone());
        state.held = true;
        state.outbox.queued()
    }

    /// Offers the system what has been held back for long, from any thread. What it does not take stays: the
    /// consumer writes it at the end of its burst.
    pub fn release(&self) {
        let mut state = self.lock();
        point("late");
        state.watched = false;
        if !state.held {
            return;
        }
        let queued = self.push_out(&mut state, Io::send);
        state.held = queued > 0;
    }

    /// How much of `bytes`, which may lie in several places, the system takes now. `None`: drop them.
    fn send_now(&self, state: &mut State, bytes: &[&[u8]]) -> Option<usize> {
        if state.end != End::Open || state.failed.is_some() {
            return None;
        }
        if bytes.iter().all(|piece| piece.is_empty()) {
            return Some(0); // nothing is sent: a pipe would take it for a message
        }
        let held = match std::mem::take(&mut state.held) {
            true => state.outbox.take_only().unwrap_or_default(),
            false => Bytes::new(),
        };
        if state.outbox.queued() > 0 {
            return Some(0);
        }
        let result = match bytes {
            [one] => {
                let pieces = [IoSlice::new(&held), IoSlice::new(one)];
                state.io.send(&pieces[usize::from(held.is_empty())..])
            }
            several => {
                let pieces = [&held[..]].into_iter().chain(several.iter().copied());
                let pieces = pieces.filter(|piece| !piece.is_empty()).take(PIECES);
                state.io.send(&pieces.map(IoSlice::new).collect::<Vec<_>>())
            }
        };
        let sent = match result {
            Ok(sent) => sent,
            Err(error) if is_transient(&error) => 0,
            Err(error) => {
                self.fail(state, error);
                return None;
            }
        };
        self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        if sent < held.len() {
            state.outbox.push(held.slice(sent..));
        }
        Some(sent.saturating_sub(held.len()))
    }

    /// Keeps what the system has not taken. Returns how many bytes wait.
    pub(super) fn queue(self: &Arc<Self>, state: &mut State, rest: Option<Bytes>) -> usize {
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            state.outbox.push(rest);
            self.start_flush(state);
        }
        self.report_drained(state); // what was held back, and awaited, may have left with this
        state.outbox.queued()
    }

    /// How much of `bytes` the system takes now or, on the event loop, in time (`patience`). `None`: drop them.
    fn send_soon(&self, state: &mut State, bytes: &[u8]) -> Option<usize> {
        let sent = self.send_now(state, &[bytes])?;
        if sent == bytes.len() || state.outbox.queued() > 0 || !state.io.is_on_loop() {
            return Some(sent);
        }
        let mut wait = state.patience.wait(bytes.len());
        let more = self.send_waiting(state, &bytes[sent..], &mut wait)?;
        state.patience.waited(&wait);
        Some(sent + more)
    }

    /// How much of `bytes` the system takes while this waits for room. `None`: drop them.
    fn send_waiting(&self, state: &mut State, bytes: &[u8], wait: &mut Wait) -> Option<usize> {
        let mut sent = 0;
        wait.found();
        while sent < bytes.len() && wait.goes_on(Instant::now()) {
            match state.io.send(&[IoSlice::new(&bytes[sent..])]) {
                Ok(len) => {
                    sent += len;
                    self.bytes_written.fetch_add(len as u64, Ordering::Relaxed);
                    wait.found();
                }
                Err(error) if is_transient(&error) => hint::spin_loop(),
                Err(error) => {
                    self.fail(state, error);
                    return None;
                }
            }
        }
        Some(sent)
    }

    /// Asks for [`Event::Drain`] when everything written is sent. Returns false if it is sent already.
    pub fn await_drain(&self) -> bool {
        let mut state = self.lock();
        state.outbox.await_drain();
        state.outbox.queued() > 0
    }

    /// How many bytes wait; `None` if what is written is dropped.
    #[cfg(feature = "node-ipc")]
    pub fn waiting(&self) -> Option<usize> {
        let state = self.lock();
        let is_open = state.end == End::Open && state.failed.is_none();
        is_open.then(|| state.outbox.queued())
    }

    /// Waits until everything written is sent, or never will be. For consumers that wait while events of theirs are
    /// still in the mailbox, and so would not get to [`Event::Drain`].
    #[cfg(feature = "node-ipc")]
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable(); // before looking, or what happens in between would be missed
            if !self.await_drain() {
                return;
            }
            drained.await;
        }
    }

    pub(super) fn start_flush(self: &Arc<Self>, state: &mut State) {
        match &state.io {
            Io::None | Io::Fresh(_) => {}
            Io::Tasks(_) if state.flushing => {}
            Io::Tasks(_) => {
                state.flushing = true;
                let (connection, failed) = (self.clone(), self.clone());
                let task = async move { connection.run_flush().await };
                self.runtime.spawn_or(task, move || failed.panicked("write"));
            }
            #[cfg(unix)]
            Io::Loop(_) => self.update_watch(state),
        }
    }

    /// Does what follows a flush of the outbox that sent this many bytes. True: everything is sent, or never
    /// will be.
    pub(super) fn flushed(&self, state: &mut State, sent: usize, result: io::Result<()>) -> bool {
        self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        if let (1.., End::Closing(grace)) = (sent, state.end) {
            state.end = End::Closing(grace.renewed(state.io.taken()));
            self.reader.notify_one(); // the read task waits for this, too
        }
        self.report_drained(state);
        match result {
            Ok(()) => self.advance_end(state),
            Err(error) if is_transient(&error) => return false,
            Err(error) => self.fail(state, error),
        }
        true
    }

    /// Reports that everything is sent, if that is so and somebody waits for it. To be called whenever the outbox may have
    /// become empty: nobody looks at it again.
    fn report_drained(&self, state: &mut State) {
        // `approve` reports what was sent before the connection was reported.
        if !matches!(state.io, Io::Fresh(_)) && state.outbox.take_drained() {
            let _ = self.mailbox.post_now(Event::Drain { id: self.id });
            self.drained.notify_waiters();
        }
    }

    /// Offers the system everything that waits, from any thread. What it does not take, or answers with an error, is left
    /// to the driver. If bytes were held back, the caller must be on the consumer's thread. Returns how many bytes still
    /// wait.
    pub fn offer(self: &Arc<Self>) -> usize {
        let mut state = self.lock();
        let queued = self.push_out(&mut state, Io::send_all);
        if std::mem::take(&mut state.held) && queued > 0 {
            self.start_flush(&mut state);
        }
        queued
    }

    /// Flushes the outbox by `send`. An error is left to the driver, which gets it again. Returns how many bytes still wait.
    pub(super) fn push_out(
        &self,
        state: &mut State,
        send: fn(&Io, &[IoSlice<'_>]) -> io::Result<usize>,
    ) -> usize {
        let State { outbox, io, .. } = &mut *state;
        let (sent, _) = outbox.flush(|pieces| send(io, pieces));
        let queued = outbox.queued();
        let result = if queued > 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) };
        self.flushed(state, sent, result);
        queued
    }
}

/// `bytes[from..]`, to be kept: in the buffer itself, where copying would cost more than a new one.
fn keep(bytes: &mut Vec<u8>, from: usize) -> Bytes {
    const COPY_AT_MOST: usize = 32 * 1024;
    if bytes.len() - from <= COPY_AT_MOST {
        return Bytes::copy_from_slice(&bytes[from..]);
    }
    Bytes::from(std::mem::take(bytes)).slice(from..)
}
