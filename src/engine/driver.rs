//! The tokio driver: the tasks that move bytes between a socket and its link.
//!
//! A connection has one read task from the moment it is open until the peer's end, and a flush task
//! only while the system does not take what was written. Writing itself happens on the caller's
//! thread ([`Connection::write`]); the tasks and the callers meet in [`State`], under its lock.

use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::codec::delimited::Decoder;
use super::error::Error;
use super::event::{Event, Id};
use super::link::{Inbox, Mode, Outbox};
use super::mailbox::{Gone, Mailbox};
use super::runtime::Runtime;
use super::transport::{Stream, Target};

/// How the bytes of a connection are framed, and its limits.
#[derive(Debug, Clone)]
pub struct Framing {
    /// Ends each frame. Not empty.
    pub delimiter: Arc<[u8]>,
    /// Longest frame that is kept, in bytes.
    pub max_frame: usize,
    /// What received bytes become at first.
    pub mode: Mode,
}

/// A connection, from the request to connect (or its acceptance) to its end.
#[derive(Debug)]
pub struct Connection {
    id: Id,
    framing: Framing,
    mailbox: Arc<Mailbox>,
    runtime: Runtime,
    state: Mutex<State>,
    /// The connect or read task is to look at the state again.
    reader: Notify,
    /// The flush task is to look at the state again.
    flusher: Notify,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    /// `None` until the connection is open and after it is gone.
    stream: Option<Arc<Stream>>,
    /// A flush task is running.
    flushing: bool,
    /// A read task is running: it reports the end.
    reading: bool,
    end: End,
    /// A write failed. Reported when what has already arrived was delivered.
    failed: Option<Error>,
    paused: bool,
    tapped: bool,
    mode: Mode,
}

/// How far the connection is on its way to the end, from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Writable.
    Open,
    /// To be shut down for writing when the outbox is empty.
    Finishing,
    /// Shut down for writing; still read from.
    Finished,
    /// To be closed when the outbox is empty, or at this time.
    Closing(Instant),
    /// Shut down for writing and reported as closed; the peer's end is awaited until this time, so
    /// that closing does not destroy what is on its way to it.
    Lingering(Instant),
    /// Gone. Nothing may be reported any more.
    Gone,
}

impl Connection {
    /// A connection that is not up yet.
    pub fn new(id: Id, framing: Framing, mailbox: Arc<Mailbox>, runtime: Runtime) -> Arc<Self> {
        let state = State {
            outbox: Outbox::default(),
            stream: None,
            flushing: false,
            reading: false,
            end: End::Open,
            failed: None,
            paused: false,
            tapped: false,
            mode: framing.mode,
        };
        Arc::new(Self {
            id,
            framing,
            mailbox,
            runtime,
            state: Mutex::new(state),
            reader: Notify::new(),
            flusher: Notify::new(),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
        })
    }

    /// Starts connecting. Reports [`Event::Open`] or [`Event::Closed`].
    pub fn connect(self: &Arc<Self>, target: Target) {
        let connection = self.clone();
        self.runtime.spawn(async move {
            let _ = connection.run_connect(target).await;
        });
    }

    /// Takes an accepted socket.
    pub fn accepted(self: &Arc<Self>, stream: Stream) {
        let _ = stream.set_nodelay(true);
        self.open(Arc::new(stream));
    }

    /// Its handle.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The delimiter of its frames.
    pub fn delimiter(&self) -> &[u8] {
        &self.framing.delimiter
    }

    /// Bytes received and bytes handed to the system so far.
    pub fn counters(&self) -> (u64, u64) {
        (
            self.bytes_read.load(Ordering::Relaxed),
            self.bytes_written.load(Ordering::Relaxed),
        )
    }

    /// Sends `bytes`: at once as far as the system takes them, the rest when it does. Takes the
    /// buffer over if that saves a copy, leaves it empty in any case. Returns the bytes that wait.
    /// After the end (or a failure, which is reported as an event) the bytes are dropped.
    pub fn write(self: &Arc<Self>, bytes: &mut Vec<u8>) -> usize {
        let mut state = self.lock();
        if state.end != End::Open || state.failed.is_some() {
            bytes.clear();
            return 0;
        }
        let mut sent = 0;
        if let (Some(stream), 0) = (&state.stream, state.outbox.queued()) {
            match stream.send(&[IoSlice::new(bytes)]) {
                Ok(len) => sent = len,
                Err(error) if is_transient(&error) => {}
                Err(error) => {
                    self.fail(&mut state, error);
                    bytes.clear();
                    return 0;
                }
            }
            self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        }
        if sent < bytes.len() {
            state.outbox.push(keep(bytes, sent));
            self.start_flush(&mut state);
        }
        bytes.clear();
        state.outbox.queued()
    }

    /// Asks for [`Event::Drain`] when everything written is sent. Returns false if that is so now.
    pub fn await_drain(&self) -> bool {
        let mut state = self.lock();
        state.outbox.await_drain();
        state.outbox.queued() > 0
    }

    /// Shuts our side down once everything written is sent; reports [`Event::Finished`] then.
    pub fn finish(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.end == End::Open {
            state.end = End::Finishing;
            self.advance_end(&mut state);
        }
    }

    /// Closes once everything written is sent, or after `linger`. Returns false if that was so at
    /// once; otherwise [`Event::Closed`] follows. Nothing received from now on is reported.
    pub fn close(self: &Arc<Self>, linger: Duration) -> bool {
        let mut state = self.lock();
        let queued = state.outbox.queued();
        if state.failed.is_some() || (queued == 0 && state.stream.is_none()) {
            self.destroy_locked(&mut state);
            return false;
        }
        let deadline = Instant::now() + linger;
        state.end = if queued == 0 {
            End::Lingering(deadline)
        } else {
            End::Closing(deadline)
        };
        if let (End::Lingering(_), Some(stream)) = (state.end, &state.stream) {
            let _ = stream.shutdown();
        }
        self.reader.notify_one();
        self.flusher.notify_one();
        if !state.reading && queued == 0 {
            self.destroy_locked(&mut state); // the peer's end is already here
        }
        queued > 0
    }

    /// Closes now. Nothing is reported any more.
    pub fn destroy(&self) {
        self.destroy_locked(&mut self.lock());
    }

    /// Stops or resumes reading.
    pub fn set_paused(&self, paused: bool) {
        self.configure(|state| state.paused = paused);
    }

    /// Switches the reporting of raw bytes after their frames.
    pub fn set_tapped(&self, tapped: bool) {
        self.configure(|state| state.tapped = tapped);
    }

    /// Sets what received bytes become.
    pub fn set_mode(&self, mode: Mode) {
        self.configure(|state| state.mode = mode);
    }

    /// Calls `set` with the socket, if there is one.
    pub fn with_stream<T>(&self, set: impl FnOnce(&Stream) -> T) -> Option<T> {
        self.lock().stream.as_deref().map(set)
    }

    fn configure(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.reader.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket is there: send what waited for it, start reading.
    fn open(self: &Arc<Self>, stream: Arc<Stream>) {
        let mut state = self.lock();
        if state.end == End::Gone {
            return;
        }
        state.stream = Some(stream.clone());
        state.reading = true;
        if state.outbox.queued() > 0 {
            self.start_flush(&mut state);
        } else {
            self.advance_end(&mut state);
        }
        drop(state);
        let connection = self.clone();
        self.runtime
            .spawn(async move { connection.run_read(stream).await });
    }

    fn start_flush(self: &Arc<Self>, state: &mut State) {
        if !state.flushing && state.stream.is_some() {
            state.flushing = true;
            let connection = self.clone();
            self.runtime
                .spawn(async move { connection.run_flush().await });
        }
    }

    /// The outbox may be empty: takes the next step towards the end that was asked for.
    fn advance_end(&self, state: &mut State) {
        let Some(stream) = &state.stream else { return };
        if state.outbox.queued() > 0 {
            return;
        }
        match state.end {
            End::Finishing => {
                let _ = stream.shutdown();
                state.end = End::Finished;
                let _ = self.mailbox.post_now(Event::Finished { id: self.id });
            }
            End::Closing(deadline) => {
                let _ = stream.shutdown();
                state.end = End::Lingering(deadline);
                let _ = self.mailbox.post_now(self.closed(Vec::new()));
                self.reader.notify_one();
                if !state.reading {
                    self.destroy_locked(state); // the peer's end is already here
                }
            }
            _ => {}
        }
    }

    /// A write failed. What the peer sent before is still delivered, by the read task if there is
    /// one, and then the failure.
    fn fail(&self, state: &mut State, error: io::Error) {
        state.outbox.clear();
        let error = Error::new("write", error, None);
        if state.reading {
            state.failed = Some(error);
            self.reader.notify_one();
        } else {
            self.report_closed(state, vec![error]);
        }
    }

    /// The connection is gone: says so, unless nobody wants to know.
    fn report_closed(&self, state: &mut State, errors: Vec<Error>) {
        if !matches!(state.end, End::Gone | End::Lingering(_)) {
            let _ = self.mailbox.post_now(self.closed(errors));
        }
        self.destroy_locked(state);
    }

    fn closed(&self, errors: Vec<Error>) -> Event {
        Event::Closed {
            id: self.id,
            errors,
            counters: self.counters(),
        }
    }

    fn destroy_locked(&self, state: &mut State) {
        state.end = End::Gone;
        state.outbox.clear();
        state.stream = None;
        self.reader.notify_one();
        self.flusher.notify_one();
    }

    /// The linger time is over.
    fn expire(&self) {
        let error = Error::new("write", io::ErrorKind::TimedOut.into(), None);
        self.report_closed(&mut self.lock(), vec![error]);
    }

    async fn run_connect(self: Arc<Self>, target: Target) -> Result<(), Gone> {
        let connecting = Stream::connect(&target);
        tokio::pin!(connecting);
        let result = loop {
            let end = self.lock().end;
            tokio::select! {
                biased;
                result = &mut connecting => break result,
                () = until(end) => {
                    self.expire();
                    return Ok(());
                }
                () = self.reader.notified() => {}
            }
        };
        match result {
            Ok(stream) => {
                let ends = stream.ends();
                self.mailbox.post(Event::Open { id: self.id, ends }).await?;
                self.open(Arc::new(stream));
            }
            Err(errors) => self.report_closed(&mut self.lock(), errors),
        }
        Ok(())
    }

    async fn run_flush(self: Arc<Self>) {
        loop {
            let (stream, end) = {
                let mut state = self.lock();
                let Some(stream) = state.stream.clone() else {
                    state.flushing = false;
                    return;
                };
                (stream, state.end)
            };
            tokio::select! {
                biased;
                () = self.flusher.notified() => continue,
                () = until(end) => {
                    self.expire();
                    continue;
                }
                _ = stream.writable() => {}
            }
            let mut state = self.lock();
            if state.stream.is_none() {
                continue;
            }
            let (sent, result) = state.outbox.flush(|pieces| stream.try_write(pieces));
            self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
            if state.outbox.take_drained() {
                let _ = self.mailbox.post_now(Event::Drain { id: self.id });
            }
            match result {
                Ok(()) => {
                    state.flushing = false;
                    self.advance_end(&mut state);
                    return;
                }
                Err(error) if is_transient(&error) => {}
                Err(error) => {
                    state.flushing = false;
                    self.fail(&mut state, error);
                    return;
                }
            }
        }
    }

    async fn run_read(self: Arc<Self>, stream: Arc<Stream>) {
        let framing = &self.framing;
        let mut inbox = Inbox::new(self.id, Decoder::new(&framing.delimiter, framing.max_frame));
        let errors = match self.read_to_end(&stream, &mut inbox).await {
            Ok(Stop::Peer) => Vec::new(),
            Ok(Stop::Error(error)) => vec![error],
            Err(Gone) => return self.destroy(),
        };
        let mut state = self.lock();
        state.reading = false;
        let lingering = matches!(state.end, End::Lingering(_));
        if lingering || !errors.is_empty() || state.end == End::Gone {
            self.report_closed(&mut state, errors);
        }
    }

    /// Reads until the peer's end, an error, or our own.
    async fn read_to_end(&self, stream: &Stream, inbox: &mut Inbox) -> Result<Stop, Gone> {
        loop {
            let (step, left_over) = {
                let mut state = self.lock();
                (state.step(), inbox.configure(state.mode, state.tapped))
            };
            if let Some(event) = left_over {
                self.mailbox.post(event).await?;
            }
            let end = match step {
                Step::Stop => return Err(Gone),
                Step::Fail(error) => {
                    while let Ok(1..) = self.receive(inbox, |b| stream.read_now(b)).await? {}
                    return Ok(Stop::Error(error));
                }
                Step::Wait => {
                    self.reader.notified().await;
                    continue;
                }
                Step::Discard(end) => end,
                Step::Read => End::Open,
            };
            inbox.rest();
            tokio::select! {
                biased;
                () = self.reader.notified() => continue,
                () = until(end) => {
                    self.expire();
                    return Err(Gone);
                }
                _ = stream.readable() => {}
            }
            let read = if end == End::Open {
                self.receive(inbox, |buffer| stream.try_read(buffer))
                    .await?
            } else {
                stream.discard().map(|ended| usize::from(!ended))
            };
            match read {
                Ok(0) => {
                    if end == End::Open {
                        if let Some(event) = inbox.finish() {
                            self.mailbox.post(event).await?;
                        }
                        self.mailbox.post(Event::End { id: self.id }).await?;
                    }
                    return Ok(Stop::Peer);
                }
                Ok(_) => {}
                Err(error) if is_transient(&error) => {}
                Err(error) => return Ok(Stop::Error(Error::new("read", error, None))),
            }
        }
    }

    /// One read and everything it completes.
    async fn receive(
        &self,
        inbox: &mut Inbox,
        read: impl FnOnce(&mut bytes::BytesMut) -> io::Result<usize>,
    ) -> Result<io::Result<usize>, Gone> {
        let len = match read(inbox.prepare()) {
            Ok(len) if len > 0 => len,
            other => return Ok(other),
        };
        self.bytes_read.fetch_add(len as u64, Ordering::Relaxed);
        let chunk = inbox.received(len);
        while let Some(event) = inbox.next() {
            self.mailbox.post(event).await?;
        }
        if let Some(chunk) = chunk {
            self.mailbox.post(chunk).await?;
        }
        Ok(Ok(len))
    }
}

/// Why reading ended.
enum Stop {
    /// The peer has shut its side down.
    Peer,
    /// Reading or writing failed.
    Error(Error),
}

/// What the read task does next.
enum Step {
    Read,
    /// Paused.
    Wait,
    /// Read and drop, until the time in this [`End`].
    Discard(End),
    /// A write failed: deliver what is there, then report it.
    Fail(Error),
    Stop,
}

impl State {
    fn step(&mut self) -> Step {
        match self.end {
            End::Gone => Step::Stop,
            End::Closing(_) | End::Lingering(_) => match self.failed.take() {
                Some(error) => Step::Fail(error),
                None => Step::Discard(self.end),
            },
            _ => match self.failed.take() {
                Some(error) => Step::Fail(error),
                None if self.paused => Step::Wait,
                None => Step::Read,
            },
        }
    }
}

/// Ends at the time that `end` sets, if any.
async fn until(end: End) {
    match end {
        End::Closing(deadline) | End::Lingering(deadline) => sleep_until(deadline).await,
        _ => std::future::pending().await,
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// `bytes[from..]` to keep: the buffer itself where copying would cost more than a new one.
fn keep(bytes: &mut Vec<u8>, from: usize) -> Bytes {
    const COPY_AT_MOST: usize = 32 * 1024;
    if bytes.len() - from <= COPY_AT_MOST {
        return Bytes::copy_from_slice(&bytes[from..]);
    }
    Bytes::from(std::mem::take(bytes)).slice(from..)
}
