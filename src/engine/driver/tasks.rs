//! The tokio driver: a connect task; a read task, from the start of a connection until the peer's end; and a flush
//! task, only while the system does not take what was written.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep, sleep_until};

use super::{Connection, End, Io, State, is_transient};
use crate::engine::error::Error;
use crate::engine::event::Event;
use crate::engine::greeting::Greeting;
use crate::engine::link::{Inbox, LAST_BYTES, Shelf};
use crate::engine::mailbox::Gone;
use crate::engine::panics::point;
use crate::engine::transport::{Received, Stream, Target, waiting};

/// How long the peer may be silent, after this side has ended, before its end is assumed. For streams without
/// halves (pipes): there the peer cannot see this side's end before the stream is closed. As in libuv.
const SILENCE: Duration = Duration::from_millis(50);

thread_local! {
    /// For the reads of all connections of an I/O thread.
    static SHELF: Shelf = Shelf::default();
}

/// Why reading ended.
enum Stop {
    /// The peer has shut its side down, or nothing that it sends matters any more.
    Peer,
    /// Reading failed.
    Error(Error),
}

/// What the read task does next.
enum Step {
    Read,
    /// Paused, not started yet, or the consumer reads.
    Wait,
    /// Read and drop what comes, until the time in this [`End`].
    Discard(End),
    /// A write failed: deliver what is there, then report it. Until then nothing more is written.
    Fail,
    Stop,
}

impl State {
    fn step(&self) -> Step {
        match (self.end, self.failed.is_some()) {
            (End::Gone, _) => Step::Stop,
            (_, true) if self.started => Step::Fail,
            (_, true) => Step::Wait,
            (End::Closing(_) | End::Lingering(_), false) => Step::Discard(self.end),
            (_, false) if !self.receives() || self.offered => Step::Wait,
            (_, false) => Step::Read,
        }
    }
}

/// Ends when the grace that `end` gives is over, if it gives any.
async fn until(end: End) {
    let (End::Closing(grace) | End::Lingering(grace)) = end else { return pending().await };
    match grace.over() {
        Some(over) => sleep_until(over).await,
        None => pending().await,
    }
}

/// Ends when the peer of a stream without halves has been silent long enough.
async fn silence(applies: bool) {
    if applies { sleep(SILENCE).await } else { pending().await }
}

/// Lets those read first whose sockets were ready first: the runtime may begin a task before it goes on with older ones,
/// and this one may be ready when it begins.
async fn behind_others(stream: &Stream) {
    let mut readable = pin!(stream.readable());
    let mut waits =
        poll_fn(|context| Poll::Ready(readable.as_mut().poll(context).is_ready())).await;
    poll_fn(|context| {
        if !std::mem::take(&mut waits) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref(); // which, unlike `yield_now`, keeps the order
        Poll::Pending
    })
    .await;
}

impl Connection {
    pub(super) async fn run_connect(self: Arc<Self>, target: Target) {
        point("connect");
        let connecting = Greeting::connect(self.framing.greeting.clone(), &target);
        tokio::pin!(connecting);
        let result = loop {
            let end = self.lock().end;
            if end == End::Gone {
                return;
            }
            tokio::select! {
                biased;
                result = &mut connecting => break result,
                () = until(end) => if self.expire() { return },
                () = self.reader.notified() => {}
            }
        };
        match result {
            Ok(greeted) => {
                let (ends, tls) = (greeted.stream.ends(), greeted.stream.facts());
                let mut state = self.lock();
                self.take_greeted_in(&mut state, greeted);
                // Before anything leaves: the peer may belong to the same consumer.
                let _ = self.mailbox.post_now(Event::Open { id: self.id, ends, tls });
                drop(state);
                // The consumer may be busy for a long time. (TLS sends nothing before it has approved.)
                self.offer();
            }
            Err(errors) => self.report_closed(&mut self.lock(), errors),
        }
    }

    pub(super) async fn run_flush(self: Arc<Self>) {
        point("flush");
        loop {
            let (stream, end) = {
                let mut state = self.lock();
                let Io::Tasks(stream) = &state.io else {
                    state.flushing = false;
                    return;
                };
                (stream.clone(), state.end)
            };
            tokio::select! {
                biased;
                () = self.flusher.notified() => continue,
                // Looks at this before the time: on a busy machine both may be ready at once.
                _ = stream.writable() => {}
                () = until(end) => {
                    self.expire();
                    continue;
                }
            }
            let mut state = self.lock();
            if !matches!(state.io, Io::Tasks(_)) {
                continue;
            }
            let (sent, result) = state.outbox.flush(|pieces| stream.try_write(pieces));
            if self.flushed(&mut state, sent, result) {
                state.flushing = false;
                return;
            }
        }
    }

    pub(super) async fn run_read(self: Arc<Self>, stream: Arc<Stream>) {
        let mut inbox = self.new_inbox();
        let mut errors = match self.read_to_end(&stream, &mut inbox).await {
            Ok(Stop::Peer) => Vec::new(),
            Ok(Stop::Error(error)) => vec![error],
            Err(Gone) => {
                self.destroy();
                return;
            }
        };
        let mut state = self.lock();
        state.reading = false;
        errors.extend(state.failed.take()); // of a write
        let lingering = matches!(state.end, End::Lingering(_));
        if lingering || !errors.is_empty() || state.end == End::Gone {
            self.report_closed(&mut state, errors);
        }
    }

    /// Reads until the peer's end, an error, or our own.
    async fn read_to_end(&self, stream: &Stream, inbox: &mut Inbox) -> Result<Stop, Gone> {
        let mut begins = true;
        loop {
            let (step, left_over, finished) = {
                let state = self.lock();
                let left_over = inbox.configure(state.mode, state.tapped);
                (state.step(), left_over, state.end == End::Finished && !stream.has_halves())
            };
            if let Some(event) = left_over {
                self.mailbox.post(event).await?;
            }
            let end = match step {
                Step::Stop => return Err(Gone),
                Step::Fail => {
                    let receive = |b: &mut _, largest| stream.receive_all(b, largest);
                    let mut budget = LAST_BYTES;
                    while budget > 0 && stream.settle().await {
                        match self.receive(inbox, receive).await? {
                            Ok(len @ 1..) => budget = budget.saturating_sub(len),
                            Err(error) if is_transient(&error) && !stream.has_halves() => {}
                            _ => break,
                        }
                    }
                    return Ok(Stop::Peer); // `run_read` finds the failure
                }
                Step::Wait => {
                    self.reader.notified().await;
                    continue;
                }
                // The peer sees our end once the stream is dropped.
                Step::Discard(End::Lingering(_)) if !stream.has_halves() => return Ok(Stop::Peer),
                Step::Discard(end) => end,
                Step::Read => End::Open,
            };
            SHELF.with(|shelf| shelf.put(inbox.rest()));
            if std::mem::take(&mut begins) {
                behind_others(stream).await;
            }
            // The flush task watches the time as long as something is left to send.
            let lingering = if matches!(end, End::Lingering(_)) { end } else { End::Open };
            tokio::select! {
                biased;
                () = self.reader.notified() => continue,
                () = until(lingering) => {
                    if self.expire() {
                        return Err(Gone);
                    }
                    continue;
                }
                _ = stream.readable() => {}
                () = silence(finished) => return self.ended(inbox).await,
            }
            if end == End::Open
                && let Some(len) =
                    stream.plain().and_then(|socket| inbox.direct(|| waiting(&socket)))
            {
                self.mailbox.room().await;
                if !self.offer_bytes(&mut self.lock(), len) {
                    return Err(Gone);
                }
                continue;
            }
            let read = if end == End::Open {
                self.receive(inbox, |b, largest| stream.try_read_all(b, largest)).await?
            } else {
                stream.discard().map(|ended| usize::from(!ended))
            };
            match read {
                Ok(0) if end == End::Open => return self.ended(inbox).await,
                Ok(0) => return Ok(Stop::Peer),
                Ok(_) => {
                    if let Err(error) = self.count(inbox) {
                        return Ok(Stop::Error(error));
                    }
                }
                Err(error) if is_transient(&error) => {}
                Err(error) => return Ok(Stop::Error(Error::new("read", error, None))),
            }
        }
    }

    /// Reports the peer's end.
    async fn ended(&self, inbox: &mut Inbox) -> Result<Stop, Gone> {
        if let Some(event) = inbox.finish() {
            self.mailbox.post(event).await?;
        }
        self.mailbox.post(Event::End { id: self.id }).await?;
        Ok(Stop::Peer)
    }

    /// Reads once, and takes everything that is then complete.
    async fn receive(
        &self,
        inbox: &mut Inbox,
        read: impl FnOnce(&mut bytes::BytesMut, Option<usize>) -> std::io::Result<Received>,
    ) -> Result<std::io::Result<usize>, Gone> {
        let received = SHELF.with(|shelf| {
            inbox.lend(shelf);
            let received = self.read_into(inbox, read);
            // What waits for the consumer keeps nothing else in memory.
            shelf.put(inbox.rest());
            received
        });
        let (len, chunk) = match received {
            Ok(received) => received,
            Err(error) => return Ok(Err(error)),
        };
        if chunk.is_some() {
            // The frames and the bytes of one read come in one turn.
            self.mailbox.room().await;
            self.mailbox.post_all(std::iter::from_fn(|| inbox.next()).chain(chunk))?;
        }
        while let Some(event) = inbox.next() {
            self.mailbox.post(event).await?;
        }
        Ok(Ok(len))
    }
}
