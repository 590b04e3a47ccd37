//! The listeners of a hub. A socket that one accepts or is given becomes a connection, which the hub does not know
//! yet.
//!
//! The I/O thread accepts ([`Accepting::run`]). Where the consumer's event loop watches connections, it accepts those that
//! need no handshake, too (`door`).

use std::collections::HashMap;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

#[cfg(unix)]
use socket2::Socket;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::driver::{Connection, Driver};
use super::error::Error;
use super::event::{Event, Id};
use super::framing::Framing;
use super::greeting::{CODE, Greeted};
use super::handshakes::Handshakes;
use super::mailbox::{Gone, Mailbox};
use super::pace::Pace;
use super::panics::{self, caught_in, point};
use super::runtime::Runtime;
use super::transport::tls::failure::Failure;
use super::transport::tls::{Settings, Side};
use super::transport::{Ends, Fresh, Listener, Local};
use super::unfinished::Unfinished;
#[cfg(unix)]
use door::Door;

#[cfg(unix)]
mod door;

/// How long closing a listener waits for the I/O thread. It is never busy for longer than one
/// system call, so this only guards against a stopped machine.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// The pause before accepting continues after a panic, so that repeated panics do not use up a processor.
const PANIC_PAUSE: Duration = Duration::from_millis(10);

/// How long handshakes may continue after their listener was closed.
const HANDSHAKE_LINGER: Duration = Duration::from_secs(2);

/// What a hub shares with its listeners.
pub struct Reports {
    pub mailbox: Arc<Mailbox>,
    pub runtime: Runtime,
    pub ids: Arc<AtomicU32>,
    pub arrivals: Arc<Arrivals>,
}

/// Accepted connections, until the hub takes their [`Event::Accepted`].
#[derive(Debug, Default)]
pub struct Arrivals(Mutex<HashMap<Id, Arc<Connection>>>);

impl Arrivals {
    fn add(&self, connection: Arc<Connection>) {
        self.lock().insert(connection.id(), connection);
    }

    /// Removes and returns one.
    pub fn take(&self, id: Id) -> Option<Arc<Connection>> {
        self.lock().remove(&id)
    }

    /// Removes and returns all.
    pub fn take_all(&self) -> HashMap<Id, Arc<Connection>> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Arc<Connection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener.
pub struct Acceptor {
    accepting: Arc<Accepting>,
    /// `None` if the listener has no socket of its own.
    task: Option<AcceptTask>,
    /// Where the consumer's event loop accepts.
    #[cfg(unix)]
    door: Option<Arc<Door>>,
}

/// A running accept task.
struct AcceptTask {
    stop: Arc<Notify>,
    /// Disconnected once the listening socket is closed.
    stopped: mpsc::Receiver<()>,
}

impl Acceptor {
    /// Listens. Returns the bound address too, for IP.
    pub fn listen(
        reports: Reports,
        local: &Local,
        framing: Framing,
        driver: Driver<'_>,
    ) -> Result<(Self, Option<SocketAddr>), Error> {
        let runtime = reports.runtime.clone();
        let _entered = runtime.enter();
        let has_handshake = local.tls().is_some() || framing.greeting.is_some();
        let registers = has_handshake || matches!(driver, Driver::Tasks);
        let mut listener = Listener::listen(local, registers)?;
        let address = listener.address();
        let accepting = Accepting::new(reports, local, framing);
        #[cfg(unix)]
        let door = match driver {
            Driver::Loop(uv_loop) if !registers => {
                let door = Door::open(listener.entrance(), &accepting, uv_loop);
                if door.is_none() {
                    let registered = listener.register();
                    registered.map_err(|error| Error::new("listen", error, None))?;
                }
                door
            }
            _ => None,
        };
        let stop = Arc::new(Notify::new());
        let (alive, stopped) = mpsc::channel();
        let task = AcceptTask { stop: stop.clone(), stopped };
        let failed = accepting.clone();
        let acceptor = Self {
            accepting: accepting.clone(),
            task: Some(task),
            #[cfg(unix)]
            door: door.clone(),
        };
        let task = async move {
            let accepts = async {
                #[cfg(unix)]
                if let Some(door) = door {
                    return door.keep().await;
                }
                accepting.run_on(&listener).await;
            };
            tokio::select! {
                () = stop.notified() => {}
                () = accepts => {}
            }
            // A client that has reached the listener is connected, and is not to be dropped when the listener ends. So
            // nobody may reach it after the last look, where that can be.
            listener.hide();
            while accepting.wait().is_none()
                && let Some(stream) = listener.accept_now()
            {
                let _ = accepting.take(stream);
            }
            listener.close().await;
            drop(alive);
            accepting.finish().await;
        };
        runtime.spawn_or(task, move || failed.panicked());
        Ok((acceptor, address))
    }

    /// A listener without a socket: its connections are accepted elsewhere, at `local`.
    #[cfg(unix)]
    pub fn elsewhere(reports: Reports, local: &Local, framing: Framing) -> Self {
        Self { accepting: Accepting::new(reports, local, framing), task: None, door: None }
    }

    /// Its handle.
    pub fn id(&self) -> Id {
        self.accepting.id
    }

    /// Whether the consumer's event loop accepts.
    pub fn is_on_loop(&self) -> bool {
        #[cfg(unix)]
        return self.door.is_some();
        #[cfg(not(unix))]
        false
    }

    /// A waiting time of the loop's listener is over. Must be called on the loop's thread.
    #[cfg(unix)]
    pub fn go_on(&self) {
        if let Some(door) = &self.door {
            door.reopen();
        }
    }

    /// What its connections hold together of unfinished frames, if that is counted.
    pub fn unfinished(&self) -> Option<&Arc<Unfinished>> {
        self.accepting.framing.unfinished.as_ref()
    }

    /// See [`super::hub::Hub::limit_handshakes`].
    pub fn limit_handshakes(&self, most: Option<usize>) {
        self.accepting.handshakes().set_limit(most);
        self.accepting.ended.notify_one();
    }

    /// See [`super::hub::Hub::limit_rate`].
    pub fn limit_rate(&self, most: Option<usize>) {
        self.accepting.pace().set_limit(most);
        self.accepting.ended.notify_one();
    }

    /// Takes over a connected stream socket as if the listener had accepted it.
    #[cfg(unix)]
    pub fn adopt(&self, socket: OwnedFd) -> Result<(), Error> {
        let socket = Socket::from(socket);
        socket
            .set_nonblocking(true)
            .map(|()| drop(self.accepting.take(socket.into())))
            .map_err(|error| Error::new("accept", error, None))
    }

    /// Stops listening. On return, the socket is closed and its path removed. Connections that were
    /// made before are still reported, then [`Event::ListenerClosed`].
    pub fn close(self) {
        #[cfg(unix)]
        if let Some(door) = &self.door {
            door.close();
        }
        let Self { accepting, task, .. } = self;
        if let Some(task) = task {
            task.stop.notify_one();
            let _ = task.stopped.recv_timeout(CLOSE_PATIENCE);
        } else {
            let runtime = accepting.reports.runtime.clone();
            runtime.spawn(async move { accepting.finish().await });
        }
    }
}

/// The error of a handshake that had to make room.
fn too_many(is_tls: bool) -> Error {
    let (code, what) = if is_tls {
        ("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout")
    } else {
        (CODE, "No greeting")
    };
    let message = format!("{what}: too many others have begun");
    Error::new("read", Failure::new(code, message).into(), None)
}

/// Stops listening when it is dropped. It does not wait for that; [`Event::ListenerClosed`] reports
/// it.
#[cfg(feature = "node-ipc")]
pub struct Listening(Acceptor);

#[cfg(feature = "node-ipc")]
impl From<Acceptor> for Listening {
    fn from(acceptor: Acceptor) -> Self {
        Self(acceptor)
    }
}

#[cfg(feature = "node-ipc")]
impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(task) = &self.0.task {
            task.stop.notify_one();
        }
    }
}

/// What happens to accepted sockets.
struct Accepting {
    id: Id,
    framing: Framing,
    reports: Reports,
    tls: Option<Arc<Settings>>,
    /// Whether its connections have addresses.
    is_ip: bool,
    handshakes: Mutex<Handshakes>,
    pace: Mutex<Pace>,
    /// A handshake has ended, or a limit has changed.
    ended: Notify,
}

impl Accepting {
    fn new(reports: Reports, local: &Local, framing: Framing) -> Arc<Self> {
        let id = reports.ids.fetch_add(1, Ordering::Relaxed);
        let tls = local.tls().cloned();
        Arc::new(Self {
            id,
            framing,
            reports,
            tls,
            is_ip: local.is_ip(),
            handshakes: Mutex::default(),
            pace: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Accepts, and continues after a panic.
    async fn run_on(self: &Arc<Self>, listener: &Listener) {
        while caught_in(self.run(listener)).await.is_none() {
            self.report_panic();
            sleep(PANIC_PAUSE).await;
        }
    }

    async fn run(self: &Arc<Self>, listener: &Listener) -> Result<(), Gone> {
        let mut failed = false;
        loop {
            // Makes room first and then accepts, so that every accepted connection can be reported
            // at once.
            self.reports.mailbox.room().await;
            self.room().await;
            self.time().await;
            let accepted = listener.accept(failed).await;
            failed = accepted.is_err();
            point("accept");
            match accepted {
                Ok(stream) => self.take(stream)?,
                Err(error) => {
                    self.report_failed(error)?;
                }
            }
        }
    }

    /// Waits until a handshake may begin, or must be refused.
    async fn room(&self) {
        loop {
            let Some(wait) = self.handshakes().make_room(Instant::now()) else { return };
            let _ = timeout(wait, self.ended.notified()).await;
        }
    }

    /// Waits until the rate allows another connection.
    async fn time(&self) {
        while let Some(wait) = self.wait() {
            let _ = timeout(wait, self.ended.notified()).await;
        }
    }

    /// How long the next connection has to wait, if at all.
    fn wait(&self) -> Option<Duration> {
        self.pace().wait(Instant::now())
    }

    fn take(self: &Arc<Self>, fresh: Fresh) -> Result<(), Gone> {
        self.pace().took(Instant::now());
        let ends = if self.is_ip { fresh.ends() } else { None };
        if ends.is_some() {
            // Messages need low latency: a segment is never held back to fill it.
            let _ = fresh.socket().map(|socket| socket.set_tcp_nodelay(true));
        }
        let (tls, greeting) = (self.tls.clone(), self.framing.greeting.clone());
        if tls.is_none() && greeting.is_none() {
            return self.report(fresh.into(), ends);
        }
        let mut handshakes = self.handshakes();
        let Some((number, given_up)) = handshakes.begin(Instant::now()) else {
            let dropped = Event::Dropped { id: self.id, ends };
            return self.reports.mailbox.post_now(dropped);
        };
        let accepting = self.clone();
        let task = async move {
            let handshake = async {
                point("handshake");
                let attached = fresh.attach();
                let stream = attached.map_err(|error| Error::new("accept", error, None))?;
                let stream = match &tls {
                    Some(settings) => stream.handshake(Side::Server, settings).await?,
                    None => stream,
                };
                match greeting {
                    Some(greeting) => greeting.accept(stream).await,
                    None => Ok(Some(stream.into())),
                }
            };
            let secured = tokio::select! {
                secured = handshake => secured,
                () = given_up.notified() => Err(too_many(tls.is_some())),
                () = accepting.reports.mailbox.closed() => return,
            };
            accepting.handshakes().end(number);
            accepting.ended.notify_one();
            accepting.reports.mailbox.room().await;
            let _ = match secured {
                Ok(None) => return,
                Ok(Some(greeted)) => accepting.report(greeted, ends),
                Err(error) => accepting.report_failed(error),
            };
        };
        let _entered = self.reports.runtime.enter();
        let failed = self.clone();
        handshakes.tasks.spawn(async move {
            if caught_in(task).await.is_none() {
                failed.handshakes().end(number);
                failed.ended.notify_one();
                failed.report_panic();
            }
        });
        Ok(())
    }

    fn report(&self, greeted: Greeted, ends: Option<Ends>) -> Result<(), Gone> {
        let Reports { mailbox, runtime, ids, arrivals } = &self.reports;
        let id = ids.fetch_add(1, Ordering::Relaxed);
        let tls = greeted.stream.facts();
        let framing = self.framing.clone();
        let connection = Connection::new(id, framing, mailbox.clone(), runtime.clone());
        connection.take_greeted(greeted);
        arrivals.add(connection);
        let accepted = Event::Accepted { listener: self.id, id, ends, tls };
        mailbox.post_now(accepted).inspect_err(|_| drop(arrivals.take(id)))
    }

    fn report_panic(&self) {
        let _ = self.report_failed(panics::error("accept"));
    }

    fn report_failed(&self, error: Error) -> Result<(), Gone> {
        self.reports.mailbox.post_now(Event::AcceptFailed { id: self.id, error })
    }

    /// Accepting has failed for good.
    fn panicked(&self) {
        self.report_panic();
        let _ = self.reports.mailbox.post_now(Event::ListenerClosed { id: self.id });
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handshakes(&self) -> MutexGuard<'_, Handshakes> {
        self.handshakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepting has ended: gives running handshakes a little time, then reports the end.
    async fn finish(&self) {
        let mut running = std::mem::take(&mut self.handshakes().tasks);
        let all = async { while running.join_next().await.is_some() {} };
        let _ = timeout(HANDSHAKE_LINGER, all).await;
        drop(running); // ends the rest
        let _ = self.reports.mailbox.post_now(Event::ListenerClosed { id: self.id });
    }
}
