//! Connections, and the two drivers that move bytes between a socket and its link.
//!
//! * `tasks`: the tokio driver. Tasks on the I/O thread; portable.
//! * `on_loop` (with [`uv`]): the loop driver. The socket is watched by the consumer's own event
//!   loop (Node's), so that no other thread comes between the system and the consumer. Unix.
//! * [`datagrams`] (with `datagrams_on_loop`): the same for datagram sockets, which have no connections.
//! * `loop_tasks`, `loop_stream`: the loop driver for what is written as tasks: the sessions of ipc2.
//!
//! A connection begins on the I/O thread, which connects and accepts. There are two exceptions: the caller's thread connects
//! a Unix socket, as in libuv, since that needs no waiting unless the backlog is full; and the consumer's event loop accepts
//! what it will watch (`acceptor.rs`). When the consumer has heard of a
//! connection, [`Connection::approve`] hands the socket to a driver, and [`Connection::start`] begins to read. A
//! connection that closes with something left to send always ends with the tokio driver, which has timers.
//!
//! Writing happens on the caller's thread (`writing`), and so does the first step of a connection's end (`ending`).
//! Callers and drivers meet in `state::State`, under the connection's lock.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::BytesMut;
use socket2::SockRef;
use tokio::sync::Notify;
#[cfg(unix)]
use tokio::task::yield_now;

use super::codec::Decoder;
use super::error::Error;
use super::event::{Event, Id};
use super::framing::{Framing, Mode};
use super::greeting::Greeted;
use super::link::{Inbox, Outbox};
use super::mailbox::Mailbox;
#[cfg(unix)]
use super::panics::caught;
use super::panics::point;
use super::runtime::Runtime;
use super::transport::tls::failure::Failure;
#[cfg(unix)]
use super::transport::unix;
use super::transport::{Attachment, Fresh, Received, Target};
use super::unfinished::{Holder, to_count};
use patience::Patience;
use state::{End, Io, State};

#[cfg(target_os = "linux")]
mod attaching;
#[cfg(any(unix, feature = "node-ipc"))]
pub mod busy_poll;
pub mod datagrams;
#[cfg(unix)]
mod datagrams_on_loop;
mod datagrams_task;
mod direct;
#[cfg(all(test, unix))]
mod drained;
mod ending;
#[cfg(all(test, unix))]
mod failing_writes;
#[cfg(all(test, unix))]
mod fixture;
mod handover;
#[cfg(all(unix, feature = "ipc2-sessions"))]
pub mod loop_stream;
#[cfg(all(unix, feature = "ipc2-sessions"))]
pub mod loop_tasks;
#[cfg(unix)]
mod on_loop;
mod patience;
mod state;
mod tasks;
#[cfg(unix)]
pub mod uv;
mod writing;

/// How often a connection that is open lets the listeners of its consumer have their turn before it is reported. The first
/// time the reactor is asked what is ready, and the listener runs; one more is for a listener that was about to rest.
#[cfg(unix)]
const TURNS_TO_ACCEPT: u32 = 2;

/// A connection, from the request to connect (or from its acceptance) to its end.
#[derive(Debug)]
pub struct Connection {
    id: Id,
    itself: Weak<Self>,
    framing: Framing,
    mailbox: Arc<Mailbox>,
    runtime: Runtime,
    state: Mutex<State>,
    /// Tells the connect or read task to look at the state again.
    reader: Notify,
    /// Tells the flush task to look at the state again.
    flusher: Notify,
    /// Nothing waits to be sent any more, or never will be.
    drained: Notify,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    /// It is counted in the listener's [`Unfinished`].
    counted: AtomicBool,
    /// Memory may go and come beside the bytes.
    attaches: AtomicBool,
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

/// Where the consumer of a connection has listeners, one of which may be the peer. Then it hears of the connection from
/// its listener first, as from libuv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listens {
    /// It has none.
    Nowhere,
    /// The I/O thread accepts.
    OnIoThread,
    /// The consumer's event loop accepts, and its turns go on: see [`Mailbox::turn_begins`].
    OnLoop,
}

impl Connection {
    /// A connection that is not up yet.
    pub fn new(id: Id, framing: Framing, mailbox: Arc<Mailbox>, runtime: Runtime) -> Arc<Self> {
        let state = State {
            outbox: Outbox::default(),
            held: false,
            patience: Patience::default(),
            #[cfg(target_os = "linux")]
            attached: false,
            watched: false,
            io: Io::None,
            flushing: false,
            reading: false,
            end: End::Open,
            failed: None,
            started: false,
            paused: false,
            tapped: false,
            offered: false,
            mode: framing.mode,
        };
        Arc::new_cyclic(|itself| Self {
            id,
            itself: itself.clone(),
            framing,
            mailbox,
            runtime,
            state: Mutex::new(state),
            reader: Notify::new(),
            flusher: Notify::new(),
            drained: Notify::new(),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            counted: AtomicBool::new(false),
            attaches: AtomicBool::new(false),
        })
    }

    /// Starts connecting. Reports [`Event::Open`] or [`Event::Closed`].
    pub fn connect(self: &Arc<Self>, target: Target, listens: Listens) {
        #[cfg(not(unix))]
        let _ = listens;
        #[cfg(unix)]
        match caught(|| self.connect_now(&target, listens)) {
            Some(false) => {}
            Some(true) => return,
            None => return self.panicked("connect"),
        }
        let (connection, failed) = (self.clone(), self.clone());
        let task = async move { connection.run_connect(target).await };
        self.runtime.spawn_or(task, move || failed.panicked("connect"));
    }

    /// Connects on the caller's thread, as libuv does, if that cannot take long. False: it would.
    #[cfg(unix)]
    fn connect_now(self: &Arc<Self>, target: &Target, listens: Listens) -> bool {
        let Target::Unix(path) = target else { return false };
        if self.framing.greeting.is_some() {
            return false;
        }
        point("connect");
        match unix::connect_now(path) {
            Ok(None) => return false,
            Ok(Some(socket)) => {
                self.take(socket);
                let open = Event::Open { id: self.id, ends: None, tls: None };
                match listens {
                    Listens::Nowhere => _ = self.mailbox.post_now(open),
                    Listens::OnLoop => self.mailbox.keep(self.id, open, true),
                    Listens::OnIoThread => {
                        self.mailbox.keep(self.id, open, false);
                        let (connection, failed) = (self.clone(), self.clone());
                        let task = async move { connection.open_after_accepting().await };
                        self.runtime.spawn_or(task, move || failed.panicked("connect"));
                    }
                }
            }
            Err(error) => self.report_closed(&mut self.lock(), vec![error]),
        }
        true
    }

    /// On the I/O thread. Its listeners are ready for as long as there is a connection to accept, and have their turns
    /// while this waits for its own.
    #[cfg(unix)]
    async fn open_after_accepting(&self) {
        for _ in 0..TURNS_TO_ACCEPT {
            yield_now().await;
        }
        self.mailbox.post_kept(self.id);
    }

    /// As [`Connection::take`], for a socket whose sides have greeted each other.
    pub fn take_greeted(&self, greeted: Greeted) {
        self.take_greeted_in(&mut self.lock(), greeted);
    }

    fn take_greeted_in(&self, state: &mut State, Greeted { stream, attaches }: Greeted) {
        self.attaches.store(attaches, Ordering::Relaxed);
        take(state, stream);
    }

    /// Takes a connected socket. Its consumer approves it later, when it has heard of it.
    pub fn take(&self, fresh: impl Into<Fresh>) {
        take(&mut self.lock(), fresh);
    }

    /// Gives the socket to a driver, and sends what waited for it. True: it reads, too, since the event loop brings nothing
    /// before its next turn. Otherwise reading begins with [`Connection::start`].
    pub fn approve(self: &Arc<Self>, driver: Driver<'_>) -> bool {
        let mut state = self.lock();
        let Some(fresh) = state.io.take_fresh() else {
            return false; // closed in the meantime: the tokio driver has it
        };
        state.reading = true;
        match driver {
            #[cfg(unix)]
            Driver::Loop(uv_loop)
                if fresh.tls().is_none() && matches!(state.end, End::Open | End::Finishing) =>
            {
                match on_loop::watch(&fresh, self, uv_loop) {
                    Some(poll) => match on_loop::OnLoop::new(fresh, poll, self.new_inbox()) {
                        Ok(on_loop) => {
                            state.io = Io::Loop(Box::new(on_loop));
                            state.started = state.failed.is_none();
                        }
                        Err(error) => {
                            let error = Error::new("read", error, None);
                            self.report_closed(&mut state, vec![error]);
                            return false;
                        }
                    },
                    // The loop cannot watch it (there is no memory), so it stays where it is.
                    None => self.start_tasks(&mut state, fresh),
                }
                self.update_watch(&mut state);
            }
            _ => self.start_tasks(&mut state, fresh),
        }
        if state.outbox.queued() > 0 {
            self.start_flush(&mut state);
        } else {
            self.flushed(&mut state, 0, Ok(()));
        }
        state.started
    }

    /// Starts reading.
    pub fn start(&self) {
        self.configure(|state| {
            state.started = true;
            #[cfg(unix)]
            if state.failed.is_some() {
                let _ = self.read_on_loop(state); // the loop may have nothing to tell of the socket
            }
        });
    }

    fn start_tasks(self: &Arc<Self>, state: &mut State, fresh: impl Into<Fresh>) {
        let quiet = {
            let _entered = self.runtime.enter();
            fresh.into().quiet()
        };
        let stream = match quiet {
            Ok(stream) => Arc::new(stream),
            Err(error) => {
                return self.report_closed(state, vec![Error::new("read", error, None)]);
            }
        };
        state.io = Io::Tasks(stream.clone());
        if state.reading {
            let (connection, failed) = (self.clone(), self.clone());
            let task = async move { connection.run_read(stream).await };
            self.runtime.spawn_or(task, move || failed.panicked("read"));
        }
    }

    /// Its handle.
    pub fn id(&self) -> Id {
        self.id
    }

    /// How its bytes are framed.
    pub fn framing(&self) -> &Framing {
        &self.framing
    }

    /// The delimiter of its frames.
    pub fn delimiter(&self) -> &[u8] {
        self.framing.codec.delimiter()
    }

    /// How many bytes were received and handed to the system so far.
    pub fn counters(&self) -> (u64, u64) {
        (self.bytes_read.load(Ordering::Relaxed), self.bytes_written.load(Ordering::Relaxed))
    }

    /// The same, and how many bytes wait for the system to take them, all at the same moment.
    pub fn progress(&self) -> (u64, u64, u64) {
        let state = self.lock();
        let (read, written) = self.counters();
        (read, written, state.outbox.queued() as u64)
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

    /// Makes the loop driver watch for what the state asks for.
    fn update_watch(&self, state: &mut State) {
        #[cfg(unix)]
        on_loop::update(self, state);
        #[cfg(not(unix))]
        let _ = state;
    }

    fn new_inbox(&self) -> Inbox {
        let Framing { codec, max_frame, strict, .. } = &self.framing;
        let mut inbox = Inbox::new(self.id, Decoder::new(codec, *max_frame));
        if self.attaches.load(Ordering::Relaxed) {
            inbox = inbox.with_attachments(*max_frame);
        }
        if !strict {
            return inbox;
        }
        inbox.strict(max_frame.saturating_add(codec.delimiter().len().saturating_sub(1)))
    }

    /// Reads once into `inbox`, which then yields the frames that are complete. `read` is told which memory may come along:
    /// see [`super::transport::receive_all`]. The second value has
    /// to be reported after them. A length of 0 is the peer's end.
    fn read_into(
        &self,
        inbox: &mut Inbox,
        read: impl FnOnce(&mut BytesMut, Option<usize>) -> io::Result<Received>,
    ) -> io::Result<(usize, Option<Event>)> {
        point("read");
        let largest = inbox.largest_attachment();
        let Received { len, attachment } = read(inbox.prepare(), largest)?;
        let beside = attachment.as_ref().map_or(0, Attachment::bytes);
        self.bytes_read.fetch_add((len + beside) as u64, Ordering::Relaxed);
        if let Some(attachment) = attachment {
            inbox.attached(attachment);
        }
        Ok((len, if len > 0 { inbox.received(len) } else { None }))
    }

    /// Counts what `inbox` holds. Must be called after a read, when its frames were taken. An error ends the connection.
    fn count(&self, inbox: &mut Inbox) -> Result<(), Error> {
        if inbox.has_surplus() {
            let message = "closed: the peer has sent memory that belongs to no message";
            let failure = Failure::new("ERR_FERRIPC_INVALID_MESSAGE", message);
            return Err(Error::new("read", failure.into(), None));
        }
        let Some(unfinished) = &self.framing.unfinished else { return Ok(()) };
        let Some(len) = to_count(inbox.held(), self.counted.load(Ordering::Relaxed)) else {
            return Ok(());
        };
        self.counted.store(len > 0, Ordering::Relaxed);
        match unfinished.hold(self.id, len, self.itself.clone()) {
            Some((id, _)) if id == self.id => Err(unfinished.error()),
            Some((id, worst)) => {
                // At once, however long its consumer is busy, unless only the consumer's thread may do it.
                if worst.upgrade().is_some_and(|worst| !worst.end_for_most_now()) {
                    let _ = self.mailbox.post_now(Event::HoldsMost { id });
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Ends it because of what it holds. Must be called on its consumer's thread.
    pub fn end_for_most(&self) {
        self.end_for_most_in(&mut self.lock());
    }

    fn end_for_most_in(&self, state: &mut State) {
        if let Some(unfinished) = &self.framing.unfinished {
            self.report_closed(state, vec![unfinished.error()]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder for Connection {
    /// False: the loop driver has it, and lets no other thread end it.
    fn end_for_most_now(&self) -> bool {
        let mut state = self.lock();
        let may = !state.io.is_on_loop();
        if may {
            self.end_for_most_in(&mut state);
        }
        may
    }
}

fn take(state: &mut State, fresh: impl Into<Fresh>) {
    if state.end != End::Gone {
        state.io = Io::Fresh(fresh.into());
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
