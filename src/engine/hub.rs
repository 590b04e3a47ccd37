//! The engine as one object: connections and listeners behind integer handles, and one stream of
//! events. This is what the binding (or a Rust program) uses.
//!
//! A hub belongs to one thread; its wake-up call comes from the I/O thread.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use bytes::Bytes;
#[cfg(unix)]
use socket2::Socket;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::codec::delimited::Delimiter;
use super::driver::datagrams::Datagrams;
#[cfg(unix)]
use super::driver::uv::Loop;
use super::driver::{Connection, Driver, Framing};
use super::error::Error;
use super::event::{Event, Id};
use super::mailbox::{Gone, Mailbox};
use super::pulse::{Cells, Pulse};
use super::runtime::Runtime;
use super::transport::tls::{Settings, Side};
use super::transport::{Listener, Local, Stream, Target, set_nodelay};

/// How long closing a listener waits for the I/O thread. It is never busy for longer than one
/// system call, so this only guards against a stopped machine.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// How long handshakes may go on after their listener was closed.
const HANDSHAKE_LINGER: Duration = Duration::from_secs(2);

/// See the module's page.
pub struct Hub {
    mailbox: Arc<Mailbox>,
    /// `None` once shut down.
    runtime: Option<Runtime>,
    ids: Arc<AtomicU32>,
    connections: HashMap<Id, Arc<Connection>>,
    listeners: HashMap<Id, Acceptor>,
    datagrams: HashMap<Id, Arc<Datagrams>>,
    pulse: Arc<Pulse>,
    /// The consumer's event loop.
    #[cfg(unix)]
    uv_loop: Option<UsedLoop>,
}

/// See [`Hub::use_loop`].
#[cfg(unix)]
struct UsedLoop {
    uv_loop: Loop,
    watches: bool,
    closed: Box<dyn FnOnce()>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("connections", &self.connections.len())
            .field("listeners", &self.listeners.len())
            .finish_non_exhaustive()
    }
}

/// A listener.
struct Acceptor {
    #[cfg_attr(not(unix), allow(dead_code))]
    accepting: Arc<Accepting>,
    /// `None` if it has no socket of its own.
    task: Option<AcceptTask>,
}

/// A running accept task.
struct AcceptTask {
    stop: Arc<Notify>,
    /// Disconnected when the listening socket is closed.
    stopped: mpsc::Receiver<()>,
}

impl Hub {
    /// Starts the I/O thread. `wake` is called, from any thread, when [`Hub::next`] should be called
    /// until it returns `None`.
    pub fn new(wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        Ok(Self {
            mailbox: Arc::new(Mailbox::new(Box::new(wake))),
            runtime: Some(Runtime::start()?),
            ids: Arc::default(),
            connections: HashMap::new(),
            listeners: HashMap::new(),
            datagrams: HashMap::new(),
            pulse: Arc::default(),
            #[cfg(unix)]
            uv_loop: None,
        })
    }

    /// Has `uv_loop` call the consumer instead of `wake`. If it `watches`, the loop driver has the
    /// connections that come up from now on and datagram sockets. `closed` is called after
    /// [`Hub::shut_down`], when the loop's handles are closed.
    #[cfg(unix)]
    pub fn use_loop(&mut self, uv_loop: Loop, watches: bool, closed: Box<dyn FnOnce()>) {
        self.mailbox.set_wake(uv_loop.ringer());
        self.uv_loop = Some(UsedLoop { uv_loop, watches, closed });
    }

    /// The consumer's event loop, if it calls the consumer: see [`Hub::use_loop`].
    #[cfg(unix)]
    pub fn uv_loop(&self) -> Option<&Loop> {
        self.uv_loop.as_ref().map(|used| &used.uv_loop)
    }

    /// Whether connections are watched by an event loop.
    pub fn is_on_loop(&self) -> bool {
        !matches!(self.driver(), Driver::Tasks)
    }

    fn driver(&self) -> Driver<'_> {
        #[cfg(unix)]
        if let Some(UsedLoop { uv_loop, watches: true, .. }) = &self.uv_loop {
            return Driver::Loop(uv_loop);
        }
        Driver::Tasks
    }

    fn runtime(&self) -> Runtime {
        self.runtime.clone().expect("the hub is not shut down")
    }

    /// Starts connecting; [`Event::Open`] or [`Event::Closed`] follows. Can be written to at once.
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    pub fn connect(&mut self, target: Target, framing: Framing) -> Id {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let connection = Connection::new(id, framing, self.mailbox.clone(), self.runtime());
        connection.connect(target);
        self.connections.insert(id, connection);
        id
    }

    /// Listens. Returns the handle and, for IP, the bound address.
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    pub fn listen(
        &mut self,
        local: &Local,
        framing: Framing,
    ) -> Result<(Id, Option<SocketAddr>), Error> {
        let runtime = self.runtime();
        let listener = {
            let _entered = runtime.enter();
            Listener::listen(local)?
        };
        let address = listener.address();
        let (id, accepting) = self.accepting(local, framing);
        let stop = Arc::new(Notify::new());
        let (alive, stopped) = mpsc::channel();
        let task = AcceptTask { stop: stop.clone(), stopped };
        self.listeners.insert(id, Acceptor { accepting: accepting.clone(), task: Some(task) });
        runtime.spawn(async move {
            tokio::select! {
                () = stop.notified() => {}
                _ = accepting.run(&listener) => {}
            }
            // Who has reached the listener has connected, and must not be thrown out by its end.
            while let Some(stream) = listener.accept_now() {
                let _ = accepting.take(stream);
            }
            listener.close().await;
            drop(alive);
            accepting.finish().await;
        });
        Ok((id, address))
    }

    /// A listener without a socket of its own, whose connections are accepted elsewhere, at `local`, and
    /// brought by [`Hub::adopt`].
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    #[cfg(unix)]
    pub fn listen_elsewhere(&mut self, local: &Local, framing: Framing) -> Result<Id, Error> {
        local.check()?;
        let (id, accepting) = self.accepting(local, framing);
        self.listeners.insert(id, Acceptor { accepting, task: None });
        Ok(id)
    }

    /// Takes a connected stream socket as if `listener` had accepted it: [`Event::Accepted`] follows.
    #[cfg(unix)]
    pub fn adopt(&mut self, listener: Id, socket: OwnedFd) -> Result<(), Error> {
        let Some(acceptor) = self.listeners.get(&listener) else { return Ok(()) };
        let socket = Socket::from(socket);
        let _entered = acceptor.accepting.runtime.enter();
        socket
            .set_nonblocking(true)
            .and_then(|()| Stream::attach(socket))
            .map(|stream| drop(acceptor.accepting.take(stream)))
            .map_err(|error| Error::new("accept", error, None))
    }

    fn accepting(&mut self, local: &Local, framing: Framing) -> (Id, Arc<Accepting>) {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let accepting = Accepting {
            id,
            framing,
            mailbox: self.mailbox.clone(),
            runtime: self.runtime(),
            ids: self.ids.clone(),
            tls: local.tls().cloned(),
            handshakes: Mutex::default(),
        };
        (id, Arc::new(accepting))
    }

    /// Stops listening; on return the socket is closed and its path removed. Connections that were
    /// made before are still reported, and then [`Event::ListenerClosed`].
    pub fn close_listener(&mut self, id: Id) {
        match self.listeners.remove(&id) {
            Some(Acceptor { task: Some(task), .. }) => {
                task.stop.notify_one();
                let _ = task.stopped.recv_timeout(CLOSE_PATIENCE);
            }
            Some(Acceptor { accepting, task: None }) => {
                let runtime = accepting.runtime.clone();
                runtime.spawn(async move { accepting.finish().await });
            }
            None => {}
        }
    }

    /// Binds a datagram socket, which receives from now on. Returns the handle and the bound address.
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    pub fn bind(
        &mut self,
        address: SocketAddr,
        framing: Framing<Delimiter>,
    ) -> Result<(Id, SocketAddr), Error> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let (mailbox, runtime) = (self.mailbox.clone(), self.runtime());
        let datagrams = Datagrams::new(id, framing, mailbox, runtime);
        let bound = datagrams.bind(address, self.driver())?;
        self.datagrams.insert(id, datagrams);
        Ok((id, bound))
    }

    /// The datagram socket behind a handle, until its [`Event::DatagramsClosed`] has been taken.
    pub fn datagrams(&self, id: Id) -> Option<&Arc<Datagrams>> {
        self.datagrams.get(&id)
    }

    /// Has a connection send what was written to it. To be called once for each [`Event::Open`] and
    /// [`Event::Accepted`], when the consumer has had its look at the peer.
    pub fn approve(&self, id: Id) {
        if let Some(connection) = self.connections.get(&id) {
            connection.approve(self.driver());
        }
    }

    /// Starts reading from an approved connection, when the consumer is set up to receive.
    pub fn start(&self, id: Id) {
        if let Some(connection) = self.connections.get(&id) {
            connection.start();
        }
    }

    /// The connection behind a handle, until its [`Event::Closed`] has been taken.
    pub fn connection(&self, id: Id) -> Option<&Arc<Connection>> {
        self.connections.get(&id)
    }

    /// Writes to a connection later in this turn of the consumer: see [`Connection::hold`]. Returns the bytes
    /// that wait.
    pub fn hold(&self, id: Id, bytes: Bytes) -> usize {
        let Some(connection) = self.connections.get(&id) else { return 0 };
        let (queued, begins) = connection.hold(bytes);
        if begins {
            self.pulse.add(connection.clone());
        }
        queued
    }

    /// What the consumer shares with the pulse.
    pub fn pulse(&self) -> &Arc<Cells> {
        self.pulse.cells()
    }

    /// Starts the pulse, see [`Pulse::start`].
    pub fn start_pulse(&self) {
        if let Some(runtime) = &self.runtime {
            self.pulse.start(runtime, self.mailbox.clone());
        }
    }

    /// Closes a connection at once and forgets it. No event follows.
    pub fn destroy(&mut self, id: Id) {
        if let Some(connection) = self.connections.remove(&id) {
            connection.destroy();
        }
    }

    /// Closes a connection when everything written is sent, or not for `linger`; see
    /// [`Connection::close`]. Returns whether
    /// [`Event::Closed`] is still to come; if not, the handle is forgotten.
    pub fn close(&mut self, id: Id, linger: Duration) -> bool {
        let Some(connection) = self.connections.get(&id) else {
            return false;
        };
        let pending = connection.close(linger);
        if !pending {
            self.connections.remove(&id);
        }
        pending
    }

    /// The next event, or `None` until the next wake-up.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.mailbox.pop()?;
            let wanted = match &event {
                Event::Accepted { connection, .. } => {
                    self.connections.insert(connection.id(), connection.clone());
                    true
                }
                Event::Open { id, .. } => self.connections.contains_key(id),
                Event::Closed { id, .. } => self.connections.remove(id).is_some(),
                Event::AcceptFailed { id, .. } => self.listeners.contains_key(id),
                Event::Frames { id, .. } | Event::Chunk { id, .. } => {
                    self.connections.contains_key(id)
                }
                Event::DatagramsClosed { id, .. } => self.datagrams.remove(id).is_some(),
                _ => true,
            };
            if !wanted {
                continue; // for an endpoint that was destroyed while the event was on its way
            }
            return Some(event);
        }
    }

    /// Ends the turn that a wake-up began if there are no more events, as [`Hub::next`] does when it returns
    /// `None`. False: there are.
    pub fn end_turn(&self) -> bool {
        self.mailbox.end_turn()
    }

    /// The delimiter of the frames of a connection or a datagram socket.
    pub fn delimiter(&self, id: Id) -> &[u8] {
        let connection = self.connections.get(&id).map(|connection| connection.delimiter());
        let datagrams = || self.datagrams.get(&id).map(|datagrams| datagrams.delimiter());
        connection.or_else(datagrams).unwrap_or(&[])
    }

    /// Closes everything at once, but for connections that linger, which end by themselves. Lets go
    /// of the I/O thread. Idempotent.
    pub fn shut_down(&mut self) {
        for event in self.mailbox.close() {
            if let Event::Accepted { connection, .. } = event {
                connection.destroy();
            }
        }
        for (_, connection) in self.connections.drain() {
            connection.destroy();
        }
        for (_, datagrams) in self.datagrams.drain() {
            datagrams.destroy();
        }
        for id in self.listeners.keys().copied().collect::<Vec<_>>() {
            self.close_listener(id);
        }
        self.runtime = None;
        #[cfg(unix)]
        if let Some(UsedLoop { uv_loop, closed, .. }) = self.uv_loop.take() {
            uv_loop.close(closed);
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// What becomes of accepted sockets.
struct Accepting {
    id: Id,
    framing: Framing,
    mailbox: Arc<Mailbox>,
    runtime: Runtime,
    ids: Arc<AtomicU32>,
    tls: Option<Arc<Settings>>,
    /// Each in a task of its own, so that a slow peer keeps nobody waiting.
    handshakes: Mutex<JoinSet<()>>,
}

impl Accepting {
    async fn run(self: &Arc<Self>, listener: &Listener) -> Result<(), Gone> {
        let mut failed = false;
        loop {
            // First room, then a connection: nothing is accepted that could not be reported at once.
            self.mailbox.room().await;
            let accepted = listener.accept(failed).await;
            failed = accepted.is_err();
            match accepted {
                Ok(stream) => self.take(stream)?,
                Err(error) => {
                    self.mailbox.post_now(Event::AcceptFailed { id: self.id, error })?;
                }
            }
        }
    }

    fn take(self: &Arc<Self>, stream: Stream) -> Result<(), Gone> {
        // Messages are latency-bound: never wait for more to fill a segment.
        let _ = stream.socket().map(|socket| set_nodelay(&socket, true));
        let Some(settings) = self.tls.clone() else { return self.report(stream) };
        let accepting = self.clone();
        let task = async move {
            let handshake = stream.handshake(Side::Server, &settings);
            let secured = tokio::select! {
                secured = handshake => secured,
                () = accepting.mailbox.closed() => return,
            };
            accepting.mailbox.room().await;
            let _ = match secured {
                Ok(stream) => accepting.report(stream),
                Err(error) => {
                    let failed = Event::AcceptFailed { id: accepting.id, error };
                    accepting.mailbox.post_now(failed)
                }
            };
        };
        let mut handshakes = self.handshakes();
        while handshakes.try_join_next().is_some() {}
        let _entered = self.runtime.enter();
        handshakes.spawn(task);
        Ok(())
    }

    fn report(&self, stream: Stream) -> Result<(), Gone> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let (ends, tls) = (stream.ends(), stream.facts());
        let (mailbox, runtime) = (self.mailbox.clone(), self.runtime.clone());
        let connection = Connection::new(id, self.framing.clone(), mailbox, runtime);
        connection.take(stream);
        self.mailbox.post_now(Event::Accepted { listener: self.id, connection, ends, tls })
    }

    fn handshakes(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.handshakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is accepted any more: gives running handshakes a little time, and reports the end.
    async fn finish(&self) {
        let mut running = std::mem::take(&mut *self.handshakes());
        let all = async { while running.join_next().await.is_some() {} };
        let _ = timeout(HANDSHAKE_LINGER, all).await;
        drop(running); // ends what is left
        let _ = self.mailbox.post_now(Event::ListenerClosed { id: self.id });
    }
}
