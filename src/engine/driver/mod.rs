//! Connections, and the two drivers that move bytes between a socket and its link.
//!
//! * `tasks`: the tokio driver. Tasks on the I/O thread; portable.
//! * `on_loop` (with [`uv`]): the loop driver. The socket is watched by the consumer's own event
//!   loop (Node's), so that no thread hop lies between the system and the consumer. Unix.
//! * [`datagrams`] (with `datagrams_on_loop`): the same for datagram sockets, which have no connections.
//!
//! A connection begins on the I/O thread (connecting, accepting). When its consumer has heard
//! of it, [`Connection::approve`] hands the socket to a driver, and [`Connection::start`] begins to read.
//! A connection that is to be closed with something left to send always ends with the tokio driver, which has timers.
//!
//! Writing happens on the caller's thread (`writing`). Callers and drivers meet in
//! `state::State`, under the connection's lock.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::sync::Notify;

use super::codec::{Codec, Decoder};
use super::error::Error;
use super::event::{Event, Id};
use super::link::{Inbox, Mode, Outbox};
use super::mailbox::Mailbox;
use super::runtime::Runtime;
use super::transport::tls::TlsStream;
use super::transport::{Stream, Target};
use state::{End, Grace, Io, State};

#[cfg(unix)]
mod busy_poll;
pub mod datagrams;
#[cfg(unix)]
mod datagrams_on_loop;
#[cfg(unix)]
mod on_loop;
mod state;
mod tasks;
#[cfg(unix)]
pub mod uv;
mod writing;

/// How the bytes of a connection are framed, and its limits.
#[derive(Debug, Clone)]
pub struct Framing<C = Codec> {
    /// How frames follow each other. For datagrams, which are told apart by themselves, a delimiter.
    pub codec: C,
    /// Longest frame that is kept, in bytes.
    pub max_frame: usize,
    /// What received bytes become at first.
    pub mode: Mode,
    /// Tell at once of a frame that has passed the limit, and after each read of one that is unfinished.
    /// Without a meaning for datagrams.
    pub strict: bool,
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

/// Which driver gets a connection or a datagram socket.
#[derive(Clone, Copy)]
pub enum Driver<'a> {
    /// The tokio driver.
    Tasks,
    /// The loop driver.
    #[cfg(unix)]
    Loop(&'a uv::Loop),
    /// Keeps the lifetime in use where there is no loop driver.
    #[cfg(not(unix))]
    Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
}

impl Connection {
    /// A connection that is not up yet.
    pub fn new(id: Id, framing: Framing, mailbox: Arc<Mailbox>, runtime: Runtime) -> Arc<Self> {
        let state = State {
            outbox: Outbox::default(),
            holding: false,
            io: Io::None,
            flushing: false,
            reading: false,
            end: End::Open,
            failed: None,
            started: false,
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
        self.runtime.spawn(async move { connection.run_connect(target).await });
    }

    /// Takes a socket that is connected, to be approved when its consumer has heard of it.
    pub fn take(&self, stream: Stream) {
        let mut state = self.lock();
        if state.end != End::Gone {
            state.io = Io::Fresh(stream);
        }
    }

    /// Gives the socket to a driver: sends what waited for it.
    pub fn approve(self: &Arc<Self>, driver: Driver<'_>) {
        let mut state = self.lock();
        let Some(stream) = state.io.take_fresh() else {
            return; // closed in the meantime, which gave it to the tokio driver
        };
        state.reading = true;
        match driver {
            #[cfg(unix)]
            Driver::Loop(uv_loop)
                if stream.tls().is_none() && matches!(state.end, End::Open | End::Finishing) =>
            {
                match on_loop::OnLoop::new(stream, self, uv_loop) {
                    Ok(on_loop) => state.io = Io::Loop(Box::new(on_loop)),
                    Err(error) => {
                        let error = Error::new("read", error, None);
                        return self.report_closed(&mut state, vec![error]);
                    }
                }
                self.update_watch(&mut state);
            }
            _ => self.start_tasks(&mut state, stream),
        }
        if state.outbox.queued() > 0 {
            self.start_flush(&mut state);
        } else {
            self.advance_end(&mut state);
        }
    }

    /// Starts reading.
    pub fn start(&self) {
        self.configure(|state| state.started = true);
    }

    fn start_tasks(self: &Arc<Self>, state: &mut State, stream: Stream) {
        let stream = Arc::new(stream);
        state.io = Io::Tasks(stream.clone());
        if state.reading {
            let connection = self.clone();
            self.runtime.spawn(async move { connection.run_read(stream).await });
        }
    }

    /// Its handle.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The delimiter of its frames.
    pub fn delimiter(&self) -> &[u8] {
        self.framing.codec.delimiter()
    }

    /// Bytes received and bytes handed to the system so far.
    pub fn counters(&self) -> (u64, u64) {
        (self.bytes_read.load(Ordering::Relaxed), self.bytes_written.load(Ordering::Relaxed))
    }

    /// The same, and the bytes that wait for the system to take them, as of one moment.
    pub fn progress(&self) -> (u64, u64, u64) {
        let state = self.lock();
        let (read, written) = self.counters();
        (read, written, state.outbox.queued() as u64)
    }

    /// Asks for [`Event::Drain`] when everything written is sent. Returns false if that is so now.
    pub fn await_drain(&self) -> bool {
        let mut state = self.lock();
        state.outbox.await_drain();
        state.outbox.queued() > 0
    }

    /// Shuts our side down once everything written is sent. Returns true if that is so now; otherwise
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

    /// Closes once everything written is sent, or when nothing of it could be sent for `linger` (or the
    /// rest of it for 30 seconds). Returns false if that was so at once; otherwise [`Event::Closed`]
    /// follows. Nothing received from now on is reported.
    pub fn close(self: &Arc<Self>, linger: Duration) -> bool {
        let mut state = self.lock();
        let queued = state.outbox.queued();
        if state.failed.is_some() || (queued == 0 && matches!(state.io, Io::None)) {
            self.destroy_locked(&mut state);
            return false;
        }
        let grace = Grace::new(linger);
        if matches!(&state.io, Io::Fresh(s) if s.tls().is_some_and(TlsStream::is_client)) {
            // Nothing may be sent before the consumer has had its look at the server. Then it calls
            // `approve`, or else `destroy`.
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

    /// Moves a connection that nobody reads any more to the tokio driver, which has timers.
    fn hand_to_tasks(self: &Arc<Self>, state: &mut State) {
        let stream = match std::mem::replace(&mut state.io, Io::None) {
            Io::Fresh(stream) => {
                state.reading = true;
                Ok(stream)
            }
            #[cfg(unix)]
            Io::Loop(on_loop) => {
                let _entered = self.runtime.enter();
                on_loop.into_stream()
            }
            other => {
                state.io = other;
                return;
            }
        };
        match stream {
            Ok(stream) => {
                self.start_tasks(state, stream);
                if state.outbox.queued() > 0 {
                    self.start_flush(state);
                }
            }
            Err(error) => {
                let error = Error::new("write", error, None);
                self.report_closed(state, vec![error]);
            }
        }
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
    pub fn with_socket<T>(&self, set: impl FnOnce(SockRef<'_>) -> T) -> Option<T> {
        self.lock().io.socket().map(set)
    }

    fn configure(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        self.update_watch(&mut state);
        drop(state);
        self.reader.notify_one();
    }

    /// Brings what the loop driver watches for into line with the state.
    fn update_watch(&self, state: &mut State) {
        #[cfg(unix)]
        on_loop::update(self, state);
        #[cfg(not(unix))]
        let _ = state;
    }

    fn new_inbox(&self) -> Inbox {
        let Framing { codec, max_frame, strict, .. } = &self.framing;
        let inbox = Inbox::new(self.id, Decoder::new(codec, *max_frame));
        if !strict {
            return inbox;
        }
        inbox.strict(max_frame.saturating_add(codec.delimiter().len().saturating_sub(1)))
    }

    /// One read into `inbox`, which then yields the frames that it completed. The second value is
    /// to be reported after them. A length of 0 is the peer's end.
    fn read_into(
        &self,
        inbox: &mut Inbox,
        read: impl FnOnce(&mut BytesMut) -> io::Result<usize>,
    ) -> io::Result<(usize, Option<Event>)> {
        let len = read(inbox.prepare())?;
        self.bytes_read.fetch_add(len as u64, Ordering::Relaxed);
        Ok((len, if len > 0 { inbox.received(len) } else { None }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_flush(self: &Arc<Self>, state: &mut State) {
        match &state.io {
            Io::None | Io::Fresh(_) => {}
            Io::Tasks(_) if state.flushing => {}
            Io::Tasks(_) => {
                state.flushing = true;
                let connection = self.clone();
                self.runtime.spawn(async move { connection.run_flush().await });
            }
            #[cfg(unix)]
            Io::Loop(_) => self.update_watch(state),
        }
    }

    /// What follows a flush of the outbox that sent so many bytes. True: everything is sent, or never
    /// will be.
    fn flushed(&self, state: &mut State, sent: usize, result: io::Result<()>) -> bool {
        self.bytes_written.fetch_add(sent as u64, Ordering::Relaxed);
        if let (1.., End::Closing(grace)) = (sent, state.end) {
            state.end = End::Closing(grace.renewed());
            self.reader.notify_one(); // which waits for the same
        }
        if state.outbox.take_drained() {
            let _ = self.mailbox.post_now(Event::Drain { id: self.id });
        }
        match result {
            Ok(()) => self.advance_end(state),
            Err(error) if is_transient(&error) => return false,
            Err(error) => self.fail(state, error),
        }
        true
    }

    /// The outbox may be empty: takes the next step towards the end that was asked for.
    fn advance_end(&self, state: &mut State) {
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
                state.end = End::Lingering(grace.renewed());
                let _ = self.mailbox.post_now(self.closed(Vec::new()));
                self.reader.notify_one();
                if !state.reading {
                    self.destroy_locked(state); // the peer's end is already here
                }
            }
            _ => {}
        }
    }

    /// A write failed. What the peer sent before is still delivered, by the driver if it reads, and
    /// then the failure.
    fn fail(&self, state: &mut State, error: io::Error) {
        state.outbox.clear();
        let error = Error::new("write", error, None);
        if !state.reading || !state.started {
            return self.report_closed(state, vec![error]);
        }
        state.failed = Some(error);
        #[cfg(unix)]
        let _ = self.read_on_loop(state);
        self.reader.notify_one();
    }

    /// The connection is gone: says so, unless nobody wants to know.
    fn report_closed(&self, state: &mut State, errors: Vec<Error>) {
        if !matches!(state.end, End::Gone | End::Lingering(_)) {
            let _ = self.mailbox.post_now(self.closed(errors));
        }
        self.destroy_locked(state);
    }

    fn closed(&self, errors: Vec<Error>) -> Event {
        Event::Closed { id: self.id, errors, counters: self.counters() }
    }

    fn destroy_locked(&self, state: &mut State) {
        state.end = End::Gone;
        state.outbox.clear();
        state.io = Io::None;
        self.reader.notify_one();
        self.flusher.notify_one();
    }

    /// The linger time is over.
    fn expire(&self) {
        let error = Error::new("write", io::ErrorKind::TimedOut.into(), None);
        self.report_closed(&mut self.lock(), vec![error]);
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
