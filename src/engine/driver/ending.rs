//! How a connection ends: because its consumer asks for it, by a failure, or because its time is over. A connection that
//! closes with something left to send goes to the tokio driver first (`handover`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Connection;
use super::state::{End, Grace, Io, State};
use crate::engine::error::Error;
use crate::engine::event::Event;
use crate::engine::panics;
use crate::engine::transport::tls::TlsStream;

impl Connection {
    /// Shuts our side down once everything written is sent. Returns true if it did so now; otherwise
    /// [`Event::Finished`] (or the connection's end) follows.
    pub fn finish(self: &Arc<Self>) -> bool {
        let mut state = self.lock();
        if state.end != End::Open {
            return false;
        }
        state.end = End::Finishing;
        if state.outbox.queued() > 0 || !state.io.shut_down() {
            return false;
        }
        state.end = End::Finished;
        self.reader.notify_one();
        true
    }

    /// Closes once everything written is sent, or when the peer has taken nothing of it for `linger`. Returns false if it
    /// closed at once; otherwise [`Event::Closed`] follows. Nothing received from now on is reported.
    pub fn close(self: &Arc<Self>, linger: Duration) -> bool {
        let mut state = self.lock();
        let queued = state.outbox.queued();
        if state.failed.is_some() || (queued == 0 && matches!(state.io, Io::None)) {
            self.destroy_locked(&mut state);
            return false;
        }
        let grace = Grace::new(linger, state.io.taken());
        if matches!(&state.io, Io::Fresh(s) if s.tls().is_some_and(TlsStream::is_client)) {
            // Nothing may be sent before the consumer has checked the server. Then it calls `approve`
            // or `destroy`.
            if queued == 0 {
                self.destroy_locked(&mut state);
            } else {
                state.end = End::Closing(grace);
            }
            return queued > 0;
        }
        state.end = if queued == 0 { End::Lingering(grace) } else { End::Closing(grace) };
        if queued == 0 {
            state.io.shut_down();
        }
        if queued == 0 && !state.reading && !matches!(state.io, Io::Fresh(_)) {
            self.destroy_locked(&mut state); // the peer's end is already here
            return false;
        }
        self.hand_to_tasks(&mut state);
        self.reader.notify_one();
        self.flusher.notify_one();
        queued > 0
    }

    /// Closes now. Nothing is reported any more, so that this returns what [`Event::Closed`] would count. (What is asked
    /// for before may be too little: the I/O thread may still send in between.)
    pub fn destroy(&self) -> (u64, u64) {
        let mut state = self.lock();
        self.destroy_locked(&mut state);
        self.counters()
    }

    /// Takes the next step towards the requested end, if the outbox is empty.
    pub(super) fn advance_end(&self, state: &mut State) {
        if state.outbox.queued() > 0 || matches!(state.io, Io::None | Io::Fresh(_)) {
            return;
        }
        match state.end {
            End::Finishing => {
                state.io.shut_down();
                state.end = End::Finished;
                self.reader.notify_one();
                let _ = self.mailbox.post_now(Event::Finished { id: self.id });
            }
            End::Closing(grace) => {
                state.io.shut_down();
                state.end = End::Lingering(grace.renewed(state.io.taken()));
                let _ = self.mailbox.post_now(self.closed(Vec::new()));
                self.reader.notify_one();
                if !state.reading {
                    self.destroy_locked(state); // the peer's end is already here
                }
            }
            _ => {}
        }
    }

    /// A write failed. What the peer sent before is still delivered (by the driver, if it reads, as soon as it may), then
    /// the failure is reported.
    pub(super) fn fail(&self, state: &mut State, error: io::Error) {
        state.outbox.clear();
        self.drained.notify_waiters();
        let error = reset(&state.io, &error).unwrap_or_else(|| Error::new("write", error, None));
        if !state.reading {
            return self.report_closed(state, vec![error]);
        }
        state.failed = Some(error);
        #[cfg(unix)]
        if state.started {
            let _ = self.read_on_loop(state);
        }
        self.reader.notify_one();
    }

    /// Reports that the connection is gone, unless reports are not wanted any more.
    pub(super) fn report_closed(&self, state: &mut State, errors: Vec<Error>) {
        if !matches!(state.end, End::Gone | End::Lingering(_)) {
            let _ = self.mailbox.post_now(self.closed(errors));
        }
        self.destroy_locked(state);
    }

    /// Closes the connection after a panic in code that worked for it.
    pub fn panicked(&self, syscall: &'static str) {
        self.report_closed(&mut self.lock(), vec![panics::error(syscall)]);
    }

    /// The same, from any thread.
    pub fn has_panicked(&self) {
        let _ = self.mailbox.post_now(Event::Panicked { id: self.id });
    }

    fn closed(&self, errors: Vec<Error>) -> Event {
        Event::Closed { id: self.id, errors, counters: self.counters() }
    }

    fn destroy_locked(&self, state: &mut State) {
        state.end = End::Gone;
        if self.counted.swap(false, Ordering::Relaxed)
            && let Some(unfinished) = &self.framing.unfinished
        {
            unfinished.forget(self.id);
        }
        state.outbox.clear();
        state.io = Io::None;
        self.reader.notify_one();
        self.flusher.notify_one();
        self.drained.notify_waiters();
    }

    /// Waits until the socket is closed.
    #[cfg(feature = "node-ipc")]
    pub async fn gone(&self) {
        loop {
            let changed = self.drained.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // as in `drained`
            if self.lock().end == End::Gone {
                return;
            }
            changed.await;
        }
    }

    /// The linger time seems to be over. Returns whether it is: the peer may have taken something.
    pub(super) fn expire(&self) -> bool {
        let mut state = self.lock();
        let taken = state.io.taken();
        match state.end {
            End::Closing(grace) if !grace.is_over(taken) => {
                state.end = End::Closing(grace.going_on(taken));
                return false;
            }
            End::Lingering(grace) if !grace.is_over(taken) => {
                state.end = End::Lingering(grace.going_on(taken));
                return false;
            }
            _ => {}
        }
        let error = Error::new("write", io::ErrorKind::TimedOut.into(), None);
        self.report_closed(&mut state, vec![error]);
        true
    }

    /// Closes now. A connection that is already closing, with something left to send, goes on with that while the
    /// process lives. Nothing more is reported.
    pub fn abandon(&self) {
        let mut state = self.lock();
        if !(matches!(state.end, End::Closing(_)) && state.outbox.queued() > 0) {
            self.destroy_locked(&mut state);
        }
    }
}

/// What the peer did, if a write failed with no more than that it is gone. libuv, which reads before it writes again, reports
/// that.
fn reset(io: &Io, error: &io::Error) -> Option<Error> {
    let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if !is_gone(error) {
        return None;
    }
    let cause = io.socket()?.take_error().ok()??;
    (!is_gone(&cause)).then(|| Error::new("read", cause, None))
}
