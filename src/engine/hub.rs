//! The engine as one object: connections and listeners behind integer handles, and one stream of
//! events. This is what the binding (or a Rust program) uses.
//!
//! A hub belongs to one thread; its wake-up call comes from the I/O thread.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::acceptor::{Acceptor, Arrivals, Reports};
use super::codec::Codec;
use super::codec::delimited::Delimiter;
use super::driver::datagrams::Datagrams;
#[cfg(unix)]
use super::driver::uv::Loop;
use super::driver::{Connection, Driver, Listens};
use super::error::Error;
use super::event::{Event, Id};
use super::framing::Framing;
use super::late::Late;
use super::mailbox::Mailbox;
use super::memory::Tide;
use super::runtime::Runtime;
use super::transport::{Local, Target};

mod errands;

/// See the module's documentation.
pub struct Hub {
    mailbox: Arc<Mailbox>,
    /// `None` once shut down.
    runtime: Option<Runtime>,
    late: Late,
    ids: Arc<AtomicU32>,
    /// Connections whose [`Event::Accepted`] has not been taken.
    arrivals: Arc<Arrivals>,
    connections: HashMap<Id, Arc<Connection>>,
    tide: Tide,
    listeners: HashMap<Id, Acceptor>,
    datagrams: HashMap<Id, Arc<Datagrams>>,
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

impl Hub {
    /// Starts the I/O thread. `wake` is called, from any thread, when [`Hub::next`] should be called
    /// until it returns `None`.
    pub fn new(wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        Ok(Self {
            mailbox: Arc::new(Mailbox::new(Box::new(wake))),
            runtime: Some(Runtime::start()?),
            late: Late::default(),
            ids: Arc::default(),
            arrivals: Arc::default(),
            connections: HashMap::new(),
            tide: Tide::default(),
            listeners: HashMap::new(),
            datagrams: HashMap::new(),
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

    /// For [`Connection::hold`].
    pub fn late(&self) -> &Late {
        &self.late
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

    /// Starts connecting; [`Event::Open`] or [`Event::Closed`] follows. The connection can be written to at once.
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    pub fn connect(&mut self, target: Target, framing: Framing) -> Id {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let connection = Connection::new(id, framing, self.mailbox.clone(), self.runtime());
        connection.connect(target, self.listens());
        self.keep(connection);
        #[cfg(unix)]
        if let Some(uv_loop) = self.uv_loop().filter(|_| self.waits_for_turns()) {
            uv_loop.go_on();
        }
        id
    }

    fn listens(&self) -> Listens {
        if self.listeners.is_empty() {
            Listens::Nowhere
        } else if self.listeners.values().any(Acceptor::is_on_loop) {
            Listens::OnLoop
        } else {
            Listens::OnIoThread
        }
    }

    /// A turn of the consumer's event loop begins, before it looks at its sockets.
    #[cfg(unix)]
    pub fn turn_begins(&self) {
        self.mailbox.turn_begins();
    }

    /// Whether something waits for turns of the event loop to begin.
    #[cfg(unix)]
    pub fn waits_for_turns(&self) -> bool {
        self.mailbox.waits_for_turns()
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
        let (acceptor, address) = Acceptor::listen(self.reports(), local, framing, self.driver())?;
        Ok((self.add(acceptor), address))
    }

    /// Makes a listener without a socket. Its connections are accepted elsewhere, at `local`, and passed to
    /// [`Hub::adopt`].
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    #[cfg(unix)]
    pub fn listen_elsewhere(&mut self, local: &Local, framing: Framing) -> Result<Id, Error> {
        local.check()?;
        let acceptor = Acceptor::elsewhere(self.reports(), local, framing);
        Ok(self.add(acceptor))
    }

    /// Takes a connected stream socket as if `listener` had accepted it: [`Event::Accepted`] follows.
    #[cfg(unix)]
    pub fn adopt(&mut self, listener: Id, socket: OwnedFd) -> Result<(), Error> {
        self.listeners.get(&listener).map_or(Ok(()), |acceptor| acceptor.adopt(socket))
    }

    /// Has a listener with TLS begin no handshake while this many are going on. It closes further connections, and
    /// reports each as [`Event::Dropped`]. With `None` (the default) there is also a bound, at which others wait.
    pub fn limit_handshakes(&self, listener: Id, most: Option<usize>) {
        if let Some(acceptor) = self.listeners.get(&listener) {
            acceptor.limit_handshakes(most);
        }
    }

    /// Has a listener take in at most this many connections within any second; others wait in the system. With `None`
    /// (the default) there is no such limit.
    pub fn limit_rate(&self, listener: Id, most: Option<usize>) {
        if let Some(acceptor) = self.listeners.get(&listener) {
            acceptor.limit_rate(most);
        }
    }

    fn add(&mut self, acceptor: Acceptor) -> Id {
        let id = acceptor.id();
        self.listeners.insert(id, acceptor);
        id
    }

    fn reports(&self) -> Reports {
        Reports {
            mailbox: self.mailbox.clone(),
            runtime: self.runtime(),
            ids: self.ids.clone(),
            arrivals: self.arrivals.clone(),
        }
    }

    /// Stops listening: on return the socket is closed and its path removed. Connections that were made before
    /// are still reported, then [`Event::ListenerClosed`].
    pub fn close_listener(&mut self, id: Id) {
        if let Some(acceptor) = self.listeners.remove(&id) {
            acceptor.close();
        }
    }

    /// Binds a datagram socket, which begins to receive. Returns the handle and the bound address.
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    pub fn bind(
        &mut self,
        address: SocketAddr,
        framing: Framing<Delimiter>,
    ) -> Result<(Id, SocketAddr), Error> {
        let datagrams = self.new_datagrams(framing);
        let bound = datagrams.bind(address, self.driver())?;
        Ok((self.keep_datagrams(datagrams), bound))
    }

    /// The same as [`Hub::bind`], with a datagram socket that is already bound.
    ///
    /// # Panics
    /// After [`Hub::shut_down`].
    #[cfg(unix)]
    pub fn adopt_datagrams(
        &mut self,
        socket: OwnedFd,
        framing: Framing<Delimiter>,
    ) -> Result<(Id, SocketAddr), Error> {
        let socket = socket2::Socket::from(socket);
        socket.set_nonblocking(true).map_err(|error| Error::new("bind", error, None))?;
        let datagrams = self.new_datagrams(framing);
        let bound = datagrams.take(socket, self.driver())?;
        Ok((self.keep_datagrams(datagrams), bound))
    }

    fn new_datagrams(&self, framing: Framing<Delimiter>) -> Arc<Datagrams> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        Datagrams::new(id, framing, self.mailbox.clone(), self.runtime())
    }

    fn keep_datagrams(&mut self, datagrams: Arc<Datagrams>) -> Id {
        let id = datagrams.id();
        self.datagrams.insert(id, datagrams);
        id
    }

    /// The datagram socket behind a handle, until its [`Event::DatagramsClosed`] has been taken.
    pub fn datagrams(&self, id: Id) -> Option<&Arc<Datagrams>> {
        self.datagrams.get(&id)
    }

    /// Has a connection send what was written to it. Must be called once for each [`Event::Open`] and
    /// [`Event::Accepted`], when the consumer has checked the peer. True: the event loop reads from it in its next turn.
    /// Otherwise [`Hub::start`] begins that.
    pub fn approve(&self, id: Id) -> bool {
        let connection = self.connections.get(&id);
        connection.is_some_and(|connection| connection.approve(self.driver()))
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

    /// Closes a connection at once and forgets it. No event follows. Returns how many bytes it has received and handed
    /// to the system.
    pub fn destroy(&mut self, id: Id) -> (u64, u64) {
        self.forget(id).map(|connection| connection.destroy()).unwrap_or_default()
    }

    /// Closes a connection when everything written is sent, or when the peer has taken nothing for `linger`; see
    /// [`Connection::close`]. `None`: [`Event::Closed`] is still to come. Otherwise the handle is forgotten, and this returns
    /// the same as [`Hub::destroy`].
    pub fn close(&mut self, id: Id, linger: Duration) -> Option<(u64, u64)> {
        let Some(connection) = self.connections.get(&id) else {
            return Some((0, 0));
        };
        if connection.close(linger) {
            return None;
        }
        self.forget(id).map(|connection| connection.counters())
    }

    fn keep(&mut self, connection: Arc<Connection>) {
        self.connections.insert(connection.id(), connection);
        self.tide.is_out(self.connections.len());
    }

    fn forget(&mut self, id: Id) -> Option<Arc<Connection>> {
        let connection = self.connections.remove(&id)?;
        if self.tide.is_out(self.connections.len())
            && let Some(runtime) = &self.runtime
        {
            self.connections.shrink_to_fit();
            self.tide.give_back(runtime);
        }
        Some(connection)
    }

    /// The next event, or `None` until the next wake-up.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.mailbox.pop()?;
            let wanted = match &event {
                Event::Accepted { id, .. } => {
                    let arrived = self.arrivals.take(*id);
                    arrived.map(|connection| self.keep(connection)).is_some()
                }
                Event::Open { id, .. } => self.connections.contains_key(id),
                Event::Closed { id, .. } => self.forget(*id).is_some(),
                Event::AcceptFailed { id, .. } | Event::Dropped { id, .. } => {
                    self.listeners.contains_key(id)
                }
                Event::Frames { id, .. } | Event::Chunk { id, .. } | Event::Readable { id, .. } => {
                    self.connections.contains_key(id)
                }
                Event::DatagramsClosed { id, .. } => self.datagrams.remove(id).is_some(),
                Event::Due { .. } | Event::HoldsMost { .. } | Event::Panicked { .. } => {
                    self.see_to(&event);
                    false
                }
                _ => true,
            };
            if !wanted {
                continue; // its endpoint was destroyed while the event was on its way
            }
            return Some(event);
        }
    }

    /// The next event, if it is one of those that report the received bytes of a connection.
    pub fn next_of(&mut self, id: Id) -> Option<Event> {
        let is_received = |event: &Event| match event {
            Event::Frames { id: whose, .. } | Event::Chunk { id: whose, .. } => *whose == id,
            _ => false,
        };
        self.mailbox.pop_if(is_received)
    }

    /// If there are no more events, ends the turn that a wake-up began, as [`Hub::next`] does when it returns `None`.
    /// False: there are more.
    pub fn end_turn(&self) -> bool {
        self.mailbox.end_turn()
    }

    /// The delimiter of the frames of a connection or a datagram socket.
    pub fn delimiter(&self, id: Id) -> &[u8] {
        let connection = self.connections.get(&id).map(|connection| connection.delimiter());
        let datagrams = || self.datagrams.get(&id).map(|datagrams| datagrams.delimiter());
        connection.or_else(datagrams).unwrap_or(&[])
    }

    /// The framing of a connection whose frames hold values: see [`values`](super::codec::values).
    pub fn of_values(&self, id: Id) -> Option<&Framing> {
        let framing = self.connections.get(&id)?.framing();
        matches!(framing.codec, Codec::Length).then_some(framing)
    }

    /// Closes everything at once, except for connections that are already closing, which end by themselves. Lets go of
    /// the I/O thread. Idempotent.
    pub fn shut_down(&mut self) {
        self.mailbox.close();
        self.late.stop();
        for (_, connection) in self.connections.drain().chain(self.arrivals.take_all()) {
            connection.abandon();
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
