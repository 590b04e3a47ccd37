//! How a server receives: the state that its clones share, and the task that accepts connections and takes what they send.
//! Used by `server`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use super::common::Common;
use super::events::deliver;
use super::link::{Link, Received};
use super::turns::Turns;
use super::{Address, Connection, Error, ServerEvent};
use crate::engine::acceptor::{Acceptor, Arrivals, Listening, Reports};
use crate::engine::driver::Driver;
use crate::engine::event::{Event, Id};
use crate::engine::framing::Framing;
#[cfg(unix)]
use crate::engine::panics::caught;
#[cfg(unix)]
use crate::engine::transport::peer::{Credentials, credentials};
use crate::engine::transport::{Ends, Local};
use crate::engine::unfinished::Unfinished;

/// What clones of a server share with its task.
pub(super) struct Shared {
    pub common: Arc<Common>,
    connections: Mutex<HashMap<Id, Connection>>,
    ended: watch::Sender<bool>,
}

impl Shared {
    pub fn new(common: Arc<Common>) -> (Arc<Self>, watch::Receiver<bool>) {
        let (ended, receiver) = watch::channel(false);
        (Arc::new(Self { common, connections: Mutex::default(), ended }), receiver)
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.lock().values().cloned().collect()
    }

    fn get(&self, id: Id) -> Option<Connection> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who may connect.
pub(super) struct Admission {
    pub most: usize,
    /// Bytes of unfinished messages, of all connections together.
    pub buffered: u64,
    #[cfg(unix)]
    pub is_allowed: Option<Box<dyn Fn(Credentials) -> bool + Send + Sync>>,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            most: 100,
            buffered: 256 << 20,
            #[cfg(unix)]
            is_allowed: None,
        }
    }
}

impl Admission {
    /// Fails if no peer could be let in.
    pub fn check(&self, place: &Address) -> Result<(), Error> {
        #[cfg(unix)]
        if self.is_allowed.is_some() {
            let tells =
                cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));
            if !tells || matches!(place, Address::Tcp(..)) {
                let reason =
                    "allow_peer: the peer is only known for Unix sockets, on Linux and macOS";
                return Err(Error::Unusable(reason.into()));
            }
        }
        let _ = place;
        Ok(())
    }
}

/// Listens, and starts the task of a server. Returns the bound address, over IP.
pub(super) fn start(
    shared: Arc<Shared>,
    local: &Local,
    admission: Admission,
    events: mpsc::Sender<Vec<ServerEvent>>,
    is_closing: watch::Receiver<bool>,
) -> Result<Option<SocketAddr>, Error> {
    let Common { settings, mailbox, runtime, .. } = &*shared.common;
    let arrivals = Arc::<Arrivals>::default();
    let reports = Reports {
        mailbox: mailbox.clone(),
        runtime: runtime.clone(),
        ids: Arc::<AtomicU32>::default(),
        arrivals: arrivals.clone(),
    };
    let unfinished = Some(Unfinished::new(admission.buffered));
    let framing = Framing { unfinished, ..settings.framing() };
    let (acceptor, address) = Acceptor::listen(reports, local, framing, Driver::Tasks)?;
    let listening = Listening::from(acceptor);
    let runtime = runtime.clone();
    let ended = Ended(shared.clone());
    let turns = Turns::default();
    let task = Task { shared, arrivals, admission, events, is_closing, is_deaf: false, turns };
    runtime.spawn(async move {
        let ended = ended;
        task.run(listening).await;
        drop(ended);
    });
    Ok(address)
}

/// Marks the server as ended, however its task ends (even with its runtime), so that nobody waits
/// for it.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let shared = &self.0;
        let connections = std::mem::take(&mut *shared.lock());
        for Connection(link) in connections.into_values() {
            link.connection.destroy(); // it is open yet if the runtime has ended
            link.end();
            link.questions.close(&Error::Closed);
        }
        shared.common.handlers.clear();
        shared.common.mailbox.close();
        shared.ended.send_replace(true);
    }
}

struct Task {
    shared: Arc<Shared>,
    arrivals: Arc<Arrivals>,
    admission: Admission,
    events: mpsc::Sender<Vec<ServerEvent>>,
    is_closing: watch::Receiver<bool>,
    /// It accepts no more connections.
    is_deaf: bool,
    turns: Turns,
}

impl Task {
    async fn run(mut self, listening: Listening) {
        let common = self.shared.common.clone();
        while let Some(event) = common.event_unless(&mut self.turns, &mut self.is_closing).await {
            let events = self.take(event);
            deliver(&self.events, events, &mut self.is_closing).await;
        }
        self.close(listening).await;
    }

    /// The program's events for an event of the engine.
    fn take(&mut self, event: Event) -> Vec<ServerEvent> {
        let error = |connection, error| vec![ServerEvent::Error { connection, error }];
        match event {
            Event::Accepted { id, ends, .. } => self.accepted(id, ends),
            Event::Frames { id, batch, .. } => {
                let Some(from) = self.shared.get(id) else { return Vec::new() };
                self.turns.came(&from.0.connection);
                let mut events = Vec::with_capacity(batch.ends.len());
                from.0.receive(&batch, |received| {
                    let from = from.clone();
                    events.push(match received {
                        Received::Message(message) => ServerEvent::Message { from, message },
                        Received::Bad(error) => {
                            ServerEvent::Error { connection: Some(from), error }
                        }
                    });
                });
                events
            }
            Event::TooLarge { id, len } => {
                error(self.shared.get(id), Error::MessageTooLarge { bytes: len })
            }
            Event::Truncated { id, len } => {
                error(self.shared.get(id), Error::TruncatedMessage { bytes: len })
            }
            Event::End { id } => {
                if let Some(Connection(link)) = self.shared.get(id) {
                    link.peer_ended();
                }
                Vec::new()
            }
            Event::Closed { id, errors, .. } => {
                let Some(connection) = self.shared.lock().remove(&id) else { return Vec::new() };
                end(&connection.0);
                let error = connection.0.reason(errors);
                vec![ServerEvent::Disconnected { connection, error }]
            }
            Event::HoldsMost { id } => {
                if let Some(Connection(link)) = self.shared.get(id) {
                    link.connection.end_for_most();
                }
                Vec::new()
            }
            Event::AcceptFailed { error: reason, .. } => error(None, reason.into()),
            Event::ListenerClosed { .. } => {
                self.is_deaf = true;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn accepted(&mut self, id: Id, ends: Option<Ends>) -> Vec<ServerEvent> {
        let Some(connection) = self.arrivals.take(id) else { return Vec::new() };
        let refused = if self.shared.lock().len() >= self.admission.most {
            Some(Error::TooManyConnections)
        } else {
            #[cfg(unix)]
            let is_allowed = self.admission.is_allowed.as_ref().is_none_or(|is_allowed| {
                let found = connection.with_socket(|socket| credentials(&socket)).flatten();
                found.is_some_and(|peer| caught(|| is_allowed(peer)).unwrap_or(false))
            });
            #[cfg(not(unix))]
            let is_allowed = true;
            (!is_allowed).then_some(Error::PeerNotAllowed)
        };
        if let Some(error) = refused {
            connection.destroy();
            return vec![ServerEvent::Error { connection: None, error }];
        }
        connection.approve(Driver::Tasks);
        let common = self.shared.common.clone();
        let made = Connection(Link::new(connection, Arc::default(), ends, common));
        self.shared.lock().insert(id, made.clone());
        made.0.connection.start();
        vec![ServerEvent::Connected(made)]
    }

    /// Stops listening, sends what waits, and ends.
    async fn close(&mut self, listening: Listening) {
        drop(listening);
        let connections = self.shared.connections();
        for Connection(link) in &connections {
            link.close();
            end(link);
        }
        for Connection(link) in &connections {
            link.connection.gone().await;
        }
        while !self.is_deaf {
            match self.shared.common.event(&mut self.turns).await {
                Event::Accepted { id, .. } => {
                    if let Some(connection) = self.arrivals.take(id) {
                        connection.destroy();
                    }
                }
                Event::ListenerClosed { .. } => self.is_deaf = true,
                _ => {}
            }
        }
    }
}

/// A connection has ended, or is ending: nobody waits for answers any more.
fn end(link: &Link) {
    link.end();
    link.questions.close(&Error::ConnectionLost);
}
