//! A datagram socket and its task on the I/O thread, which receives all the time and sends what the
//! system did not take at once. Portable; there is no loop driver for datagrams.
//!
//! Sending happens on the caller's thread ([`Datagrams::send`]). Callers and the task meet in `State`.

use std::fmt;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Framing, is_transient};
use crate::engine::datagram::{Piece, Sorter, Spool, send_in_order};
use crate::engine::error::{Endpoint, Error, full};
use crate::engine::event::{Event, Id};
use crate::engine::link::Mode;
use crate::engine::mailbox::{Gone, Mailbox};
use crate::engine::runtime::Runtime;
use crate::engine::transport::udp::{Slots, UdpSocket, is_echo};

/// How long to leave a socket alone that could not receive.
const RECEIVE_PAUSE: Duration = Duration::from_millis(100);

/// A bound datagram socket, until [`Event::DatagramsClosed`].
pub struct Datagrams {
    id: Id,
    framing: Framing,
    mailbox: Arc<Mailbox>,
    state: Mutex<State>,
    /// The receiving half of the task is to look at the state again.
    receiver: Notify,
    /// The sending half of the task is to look at the state again.
    flusher: Notify,
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("id", &self.id).finish_non_exhaustive()
    }
}

struct State {
    /// `None` when the task has ended.
    socket: Option<Arc<UdpSocket>>,
    spool: Spool,
    mode: Mode,
    tapped: bool,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// To be closed when the spool is empty, or at this time. Nothing is received any more.
    Closing(Instant),
    /// To be closed now.
    Gone,
}

impl Datagrams {
    /// Binds to `address` (port 0: the system's choice) and starts to receive. Also returns the address
    /// that it has got.
    pub fn bind(
        id: Id,
        address: SocketAddr,
        framing: Framing,
        mailbox: Arc<Mailbox>,
        runtime: &Runtime,
    ) -> Result<(Arc<Self>, SocketAddr), Error> {
        let socket = {
            let _entered = runtime.enter();
            Arc::new(UdpSocket::bind(address)?)
        };
        let bound = socket.address().unwrap_or(address);
        let state = State {
            socket: Some(socket.clone()),
            spool: Spool::default(),
            mode: framing.mode,
            tapped: false,
            end: End::Open,
        };
        let (receiver, flusher) = (Notify::new(), Notify::new());
        let state = Mutex::new(state);
        let datagrams = Arc::new(Self { id, framing, mailbox, state, receiver, flusher });
        let task = datagrams.clone();
        runtime.spawn(async move { task.run(socket).await });
        Ok((datagrams, bound))
    }

    /// The delimiter of its frames.
    pub fn delimiter(&self) -> &[u8] {
        &self.framing.delimiter
    }

    /// Sends datagrams: at once as far as the system takes them, the others when it does. What cannot be
    /// sent, or finds no room to wait, is reported. Returns the bytes that wait.
    pub fn send(&self, pieces: &[Piece<'_>]) -> usize {
        let mut state = self.lock();
        let Some(socket) = state.open_socket() else {
            return 0;
        };
        let mut done = 0;
        if state.spool.is_empty() {
            done = send_in_order(pieces, |some| socket.send(some), |to, why| self.failed(to, why));
        }
        for &(to, bytes) in &pieces[done..] {
            if !state.spool.offer((to, bytes)) {
                self.failed(to, full());
            }
        }
        if done < pieces.len() {
            self.flusher.notify_one();
        }
        state.spool.len().0
    }

    /// Sends one datagram, and returns the failure instead of reporting it. No failure: it is sent, or
    /// waits.
    pub fn send_one(&self, (to, bytes): Piece<'_>) -> Result<(), Error> {
        let mut state = self.lock();
        let Some(socket) = state.open_socket() else {
            return Ok(());
        };
        let mut result = Ok(());
        let mut done = 0;
        if state.spool.is_empty() {
            let fail = |to, why| result = Err(send_error(to, why));
            done = send_in_order(&[(to, bytes)], |one| socket.send(one), fail);
        }
        if done == 0 {
            if !state.spool.offer((to, bytes)) {
                return Err(send_error(to, full()));
            }
            self.flusher.notify_one();
        }
        result
    }

    /// Bytes and datagrams that wait.
    pub fn waiting(&self) -> (usize, usize) {
        self.lock().spool.len()
    }

    /// Sets what received datagrams become; with `tapped` their bytes come before their frames.
    pub fn configure(&self, mode: Mode, tapped: bool) {
        let mut state = self.lock();
        (state.mode, state.tapped) = (mode, tapped);
        drop(state);
        self.receiver.notify_one();
    }

    /// Calls `act` with the socket, unless it is closed.
    pub fn with_socket<T>(&self, act: impl FnOnce(SockRef<'_>) -> T) -> Option<T> {
        self.lock().socket.as_ref().map(|socket| act(socket.socket()))
    }

    /// Closes when everything is sent, or after `linger`. [`Event::DatagramsClosed`] follows.
    pub fn close(&self, linger: Duration) {
        self.end(End::Closing(Instant::now() + linger));
    }

    /// Closes now.
    pub fn destroy(&self) {
        self.end(End::Gone);
    }

    fn end(&self, end: End) {
        self.lock().end = end;
        self.receiver.notify_one();
        self.flusher.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, to: SocketAddr, why: io::Error) {
        self.report(send_error(to, why));
    }

    fn report(&self, error: Error) {
        let _ = self.mailbox.post_now(Event::DatagramFailed { id: self.id, error });
    }

    async fn run(&self, socket: Arc<UdpSocket>) {
        let _ = tokio::join!(self.receive(&socket), self.flush(&socket));
        let mut state = self.lock();
        state.end = End::Gone;
        state.socket = None;
        drop(socket); // the address is free before anybody hears of it
        let _ = self.mailbox.post_now(Event::DatagramsClosed { id: self.id });
    }

    async fn receive(&self, socket: &UdpSocket) -> Result<(), Gone> {
        let mut slots = Slots::new();
        let mut sorter =
            Sorter::new(self.id, self.framing.delimiter.clone(), self.framing.max_frame);
        loop {
            let mode = {
                let state = self.lock();
                if state.end != End::Open {
                    return Ok(());
                }
                (state.mode, state.tapped)
            };
            // First room, then datagrams: what cannot be reported waits in the system's buffer, which
            // drops what it cannot hold.
            let ready = async {
                self.mailbox.room().await;
                socket.readable().await
            };
            tokio::select! {
                biased;
                () = self.receiver.notified() => continue,
                _ = ready => {}
            }
            match socket.try_receive(&mut slots) {
                Ok(()) => {
                    let mut posted = Ok(());
                    let mut post = |event| {
                        if posted.is_ok() {
                            posted = self.mailbox.post_now(event);
                        }
                    };
                    for datagram in slots.datagrams() {
                        sorter.add(mode, datagram, &mut post);
                    }
                    sorter.finish(&mut post);
                    posted?;
                    if slots.are_full() {
                        yield_now().await; // there may be more and more; the thread has other tasks
                    }
                }
                Err(error) if is_transient(&error) || is_echo(&error) => {}
                Err(error) => {
                    self.report(Error::new("recv", error, None));
                    tokio::select! {
                        () = self.receiver.notified() => {}
                        () = sleep(RECEIVE_PAUSE) => {}
                    }
                }
            }
        }
    }

    async fn flush(&self, socket: &UdpSocket) {
        loop {
            let (end, empty) = {
                let state = self.lock();
                (state.end, state.spool.is_empty())
            };
            let expiry = async {
                match end {
                    End::Closing(deadline) => sleep_until(deadline).await,
                    _ => pending().await,
                }
            };
            match end {
                End::Gone => return,
                End::Closing(_) if empty => return,
                _ if empty => {
                    self.flusher.notified().await;
                    continue;
                }
                _ => {}
            }
            tokio::select! {
                biased;
                () = self.flusher.notified() => continue,
                () = expiry => {
                    return self.report(Error::new("send", io::ErrorKind::TimedOut.into(), None));
                }
                _ = socket.writable() => {}
            }
            let mut state = self.lock();
            state.spool.flush(|some| socket.try_send(some), |to, why| self.failed(to, why));
            if state.spool.take_drained() {
                let _ = self.mailbox.post_now(Event::Drain { id: self.id });
            }
        }
    }
}

impl State {
    /// The socket, if it may still be sent to.
    fn open_socket(&self) -> Option<Arc<UdpSocket>> {
        self.socket.clone().filter(|_| self.end == End::Open)
    }
}

fn send_error(to: SocketAddr, why: io::Error) -> Error {
    Error::new("send", why, Some(Endpoint::Ip(to)))
}
