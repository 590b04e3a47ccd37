//! A datagram socket and its driver. The driver receives all the time, and sends what the system did not take at once. It
//! is the consumer's event loop where there is one (`datagrams_on_loop`), otherwise a task on the I/O thread
//! (`datagrams_task`). A socket keeps its driver to its end.
//!
//! Sending happens on the caller's thread ([`Datagrams::send`]). Callers and drivers meet in `State`.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{SockRef, Socket};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Driver;
#[cfg(unix)]
use super::datagrams_on_loop::{self, OnLoop};
use crate::engine::codec::delimited::Delimiter;
use crate::engine::datagram::{Piece, Sorter, Spool, send_in_order};
use crate::engine::error::{Endpoint, Error, full};
use crate::engine::event::{Event, Id};
use crate::engine::framing::{Framing, Mode};
use crate::engine::mailbox::{Gone, Mailbox};
use crate::engine::panics;
use crate::engine::runtime::Runtime;
use crate::engine::transport::udp::{self, Slots, UdpSocket};

/// How long a socket that could not receive is left alone.
pub(super) const RECEIVE_PAUSE: Duration = Duration::from_millis(100);

/// A datagram socket, from its binding until [`Event::DatagramsClosed`].
pub struct Datagrams {
    pub(super) id: Id,
    framing: Framing<Delimiter>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) runtime: Runtime,
    state: Mutex<State>,
    /// Datagrams handed to the system so far.
    sent: AtomicU64,
    /// Their bytes.
    bytes_sent: AtomicU64,
    /// Tells the receiving half of the task to look at the state again.
    pub(super) receiver: Notify,
    /// Tells the sending half of the task to look at the state again.
    pub(super) flusher: Notify,
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("id", &self.id).finish_non_exhaustive()
    }
}

pub(super) struct State {
    pub(super) io: Io,
    pub(super) spool: Spool,
    pub(super) mode: (Mode, bool),
    pub(super) end: End,
}

/// Which driver has the socket.
pub(super) enum Io {
    /// Not bound yet, or gone.
    None,
    /// The task.
    Task(Arc<UdpSocket>),
    /// The loop driver.
    #[cfg(unix)]
    Loop(Box<OnLoop>),
}

impl Io {
    fn socket(&self) -> Option<SockRef<'_>> {
        match self {
            Io::None => None,
            Io::Task(socket) => Some(socket.socket()),
            #[cfg(unix)]
            Io::Loop(on_loop) => Some(on_loop.socket()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Open,
    /// Closes when the spool is empty, or at this time. Nothing is received any more.
    Closing(Instant),
    /// Closes now.
    Gone,
}

impl Datagrams {
    /// A socket that is not bound yet.
    pub fn new(
        id: Id,
        framing: Framing<Delimiter>,
        mailbox: Arc<Mailbox>,
        runtime: Runtime,
    ) -> Arc<Self> {
        let state = State {
            io: Io::None,
            spool: Spool::default(),
            mode: (framing.mode, false),
            end: End::Open,
        };
        Arc::new(Self {
            id,
            framing,
            mailbox,
            runtime,
            state: Mutex::new(state),
            sent: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            receiver: Notify::new(),
            flusher: Notify::new(),
        })
    }

    /// Binds to `address` (port 0: the system chooses) and starts to receive. Returns the address that
    /// it is bound to.
    pub fn bind(
        self: &Arc<Self>,
        address: SocketAddr,
        driver: Driver<'_>,
    ) -> Result<SocketAddr, Error> {
        self.take(udp::bind(address)?, driver)
    }

    /// The same with a socket that is already bound.
    pub fn take(self: &Arc<Self>, socket: Socket, driver: Driver<'_>) -> Result<SocketAddr, Error> {
        let bound = socket.local_addr().map(|bound| bound.as_socket());
        let bound = bound.and_then(|bound| bound.ok_or(io::ErrorKind::InvalidInput.into()));
        let bound = bound.map_err(|error| Error::new("bind", error, None))?;
        let mut state = self.lock();
        let started = match driver {
            // If the loop cannot watch it (there is no memory), the task gets it.
            #[cfg(unix)]
            Driver::Loop(uv_loop) => match self.watch(&socket, uv_loop) {
                Ok(poll) => {
                    self.start_on_loop(&mut state, socket, poll);
                    Ok(())
                }
                Err(_) => self.start_task(&mut state, socket),
            },
            _ => self.start_task(&mut state, socket),
        };
        started.map_err(|error| Error::new("bind", error, Some(Endpoint::Ip(bound))))?;
        Ok(bound)
    }

    fn start_task(self: &Arc<Self>, state: &mut State, socket: Socket) -> io::Result<()> {
        let socket = {
            let _entered = self.runtime.enter();
            Arc::new(UdpSocket::attach(socket)?)
        };
        state.io = Io::Task(socket.clone());
        let (task, failed) = (self.clone(), self.clone());
        let task = async move { task.run_task(socket).await };
        self.runtime.spawn_or(task, move || failed.panicked());
        Ok(())
    }

    /// Its handle.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The delimiter of its frames.
    pub fn delimiter(&self) -> &[u8] {
        &self.framing.codec
    }

    /// Sends datagrams: at once if the system takes them, otherwise when it does. Those that cannot be
    /// sent, or find no room to wait, are reported. Returns how many bytes wait.
    pub fn send(&self, pieces: &[Piece<'_>]) -> usize {
        self.send_or(pieces, |error| self.report(error))
    }

    /// Sends one datagram, and returns the failure instead of reporting it. Without a failure, it is sent, or
    /// waits.
    pub fn send_one(&self, piece: Piece<'_>) -> Result<(), Error> {
        let mut result = Ok(());
        self.send_or(&[piece], |error| result = Err(error));
        result
    }

    fn send_or(&self, pieces: &[Piece<'_>], mut failed: impl FnMut(Error)) -> usize {
        let mut state = self.lock();
        let Some(socket) = state.io.socket().filter(|_| state.end == End::Open) else {
            return 0;
        };
        let mut done = 0;
        if state.spool.is_empty() {
            let send = |some: &[Piece<'_>]| self.count(some, udp::send(&socket, some));
            done = send_in_order(pieces, send, |to, why| failed(send_error(to, why)));
        }
        for &(to, bytes) in &pieces[done..] {
            if !state.spool.offer((to, bytes)) {
                failed(send_error(to, full()));
            }
        }
        if done < pieces.len() {
            self.update_watch(&state);
            self.flusher.notify_one();
        }
        state.spool.len().0
    }

    /// Sends as much of what waits as `send` takes.
    pub(super) fn flush_spool(
        &self,
        spool: &mut Spool,
        mut send: impl FnMut(&[Piece<'_>]) -> io::Result<usize>,
    ) {
        spool
            .flush(|some| self.count(some, send(some)), |to, why| self.report(send_error(to, why)));
        if spool.take_drained() {
            let _ = self.mailbox.post_now(Event::Drain { id: self.id });
        }
    }

    fn count(&self, pieces: &[Piece<'_>], sent: io::Result<usize>) -> io::Result<usize> {
        let sent = sent?;
        let bytes: usize = pieces[..sent].iter().map(|(_, bytes)| bytes.len()).sum();
        self.sent.fetch_add(sent as u64, Ordering::Relaxed);
        self.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(sent)
    }

    /// Datagrams handed to the system so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Their bytes.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }

    /// Bytes and datagrams that wait.
    pub fn waiting(&self) -> (usize, usize) {
        self.lock().spool.len()
    }

    /// Sets what received datagrams become. With `tapped`, their bytes come before their frames.
    pub fn configure(&self, mode: Mode, tapped: bool) {
        self.lock().mode = (mode, tapped);
        self.receiver.notify_one();
    }

    /// Calls `act` with the socket, unless it is closed.
    pub fn with_socket<T>(&self, act: impl FnOnce(SockRef<'_>) -> T) -> Option<T> {
        self.lock().io.socket().map(act)
    }

    /// Closes when everything is sent, at the latest after `linger`. [`Event::DatagramsClosed`] follows.
    pub fn close(self: &Arc<Self>, linger: Duration) {
        let mut state = self.lock();
        state.end = End::Closing(Instant::now() + linger);
        #[cfg(unix)]
        self.close_on_loop(&mut state, linger);
        self.receiver.notify_one();
        self.flusher.notify_one();
    }

    /// Closes now. Nothing is reported any more.
    pub fn destroy(&self) {
        let mut state = self.lock();
        state.end = End::Gone;
        state.io = Io::None;
        self.receiver.notify_one();
        self.flusher.notify_one();
    }

    /// Makes the loop driver watch for what the state asks for.
    fn update_watch(&self, state: &State) {
        #[cfg(unix)]
        datagrams_on_loop::update(state);
        #[cfg(not(unix))]
        let _ = state;
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self, error: Error) {
        let _ = self.mailbox.post_now(Event::DatagramFailed { id: self.id, error });
    }

    /// Closes the socket after a panic in code that worked for it.
    pub fn panicked(&self) {
        let mut state = self.lock();
        let wanted = state.end != End::Gone;
        state.end = End::Gone;
        state.io = Io::None;
        drop(state);
        if wanted {
            self.report(panics::error("recv"));
            self.report_closed();
        }
    }

    pub(super) fn report_closed(&self) {
        let _ = self.mailbox.post_now(Event::DatagramsClosed {
            id: self.id,
            counters: (self.sent(), self.bytes_sent()),
        });
    }

    pub(super) fn new_inlet(&self) -> Inlet {
        let Framing { codec: delimiter, max_frame, strict, .. } = &self.framing;
        let sorter = Sorter::new(self.id, delimiter.clone(), *max_frame, *strict);
        Inlet { slots: Slots::new(), sorter }
    }
}

/// The buffers of a driver, and what it makes of the datagrams in them.
pub(super) struct Inlet {
    pub(super) slots: Slots,
    sorter: Sorter,
}

impl Inlet {
    /// Reports what was received last. `mode`: see [`Sorter::add`].
    pub(super) fn report(&mut self, mode: (Mode, bool), mailbox: &Mailbox) -> Result<(), Gone> {
        panics::point("receive");
        let mut posted = Ok(());
        let mut post = |event| {
            if posted.is_ok() {
                posted = mailbox.post_now(event);
            }
        };
        for datagram in self.slots.datagrams() {
            self.sorter.add(mode, datagram, &mut post);
        }
        self.sorter.finish(&mut post);
        posted
    }
}

fn send_error(to: SocketAddr, why: io::Error) -> Error {
    Error::new("send", why, Some(Endpoint::Ip(to)))
}

/// The error if what waited was not sent within the time for closing.
pub(super) fn too_late() -> Error {
    Error::new("send", io::ErrorKind::TimedOut.into(), None)
}
