//! ROUTER: accepts connections, and sends to each peer by its identity.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::delivery::{Deliveries, Event, Taker, deliveries};
use super::peers::Peers;
use super::share::Shares;
use super::{Endpoint, Error, Options, SendError, session};
use crate::engine::codec::zmtp::Kind;
use crate::engine::transport::{Fresh, Listener};

/// The longest time that [`Router::close`] waits.
const CLOSE: Duration = Duration::from_secs(2);

/// The events of a [`Router`]. For each identity, `Connected` comes first, then its messages in order, then
/// `Disconnected`.
#[derive(Debug)]
pub enum RouterEvent {
    /// A peer is connected and ready.
    Connected {
        /// Its own identity, or five bytes of which the first is 0.
        identity: Bytes,
    },
    /// A whole message.
    Message {
        /// The peer that sent it.
        identity: Bytes,
        /// Its frames as they were sent: those of a REQ socket begin with an empty one.
        frames: Vec<Bytes>,
    },
    /// A peer has disconnected, or was disconnected.
    Disconnected {
        /// The peer.
        identity: Bytes,
        /// The error; `None`: the peer closed its connection, or this socket was closed.
        error: Option<Error>,
    },
}

impl Event for RouterEvent {
    fn frames(&self) -> &[Bytes] {
        match self {
            Self::Message { frames, .. } => frames,
            Self::Connected { .. } | Self::Disconnected { .. } => &[],
        }
    }
}

/// Peers that were refused before they were connected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// The reason of the last refusal.
    pub last: Option<String>,
}

/// A ROUTER socket that is bound. Dropping it closes it in the background.
#[derive(Debug)]
pub struct Router {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    closing: watch::Sender<bool>,
    /// Ends when all tasks have ended.
    tasks: Mutex<Option<mpsc::Receiver<()>>>,
}

/// The events of a [`Router`]. While they are not taken, nothing is read from peers. Dropping this ends all
/// connections.
#[derive(Debug)]
pub struct RouterEvents(Taker<RouterEvent>);

/// What a router shares with its connections.
#[derive(Debug)]
pub(super) struct Shared {
    pub kind: Kind,
    pub options: Options,
    pub peers: Peers,
    pub shares: Shares,
    refusals: Mutex<Refusals>,
    connections: AtomicUsize,
}

impl Shared {
    /// A peer was refused.
    pub fn refused(&self, error: &Error) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.count += 1;
        refusals.last = Some(error.to_string());
    }
}

/// A place among the connections.
#[derive(Debug)]
pub(super) struct Place(Arc<Shared>);

impl Place {
    fn of(shared: &Arc<Shared>) -> Option<Self> {
        let most = shared.options.max_connections;
        let taken =
            shared.connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < most).then_some(count + 1)
            });
        taken.ok().map(|_| Self(shared.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Router {
    /// Binds. A tokio runtime has to be entered.
    ///
    /// A Unix socket that nobody listens on is replaced. One with a listener, and anything that is not a socket, is
    /// left alone. The path is removed at the end.
    ///
    /// # Errors
    /// The system's error, as an [`engine` error](crate::engine::error::Error) within the `io::Error`; or
    /// `InvalidInput` with an [`Error`] within it, for an invalid endpoint or option.
    pub fn bind(endpoint: &Endpoint, options: Options) -> io::Result<(Self, RouterEvents)> {
        Self::bind_as(Kind::Router, endpoint, options)
    }

    /// The same, for a socket of this kind.
    pub(super) fn bind_as(
        kind: Kind,
        endpoint: &Endpoint,
        options: Options,
    ) -> io::Result<(Self, RouterEvents)> {
        let invalid = |error: Error| io::Error::new(io::ErrorKind::InvalidInput, error);
        options.check().map_err(Error::Options).map_err(invalid)?;
        let local = endpoint.local().map_err(invalid)?;
        let listener = Listener::listen(&local, true)
            .map_err(|error| io::Error::new(error.source.kind(), error))?;
        let endpoint = endpoint.bound(listener.address());
        let shared = Arc::new(Shared {
            kind,
            shares: Shares::new(options.max_buffered_bytes),
            options,
            peers: Peers::new(),
            refusals: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let (deliveries, taker) = deliveries();
        let (closing, is_closing) = watch::channel(false);
        let (alive, tasks) = mpsc::channel(1);
        tokio::spawn(accept(listener, shared.clone(), deliveries, is_closing, alive));
        let router = Self { shared, endpoint, closing, tasks: Mutex::new(Some(tasks)) };
        Ok((router, RouterEvents(taker)))
    }

    /// What it shares with the sockets that answer its peers.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The endpoint that it is bound to, with the port that the system chose.
    pub fn local_endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Sends a message to a peer: as much as the system takes now, on this thread, and the rest later. The peer
    /// gets exactly these frames: for a REQ socket, begin with an empty one.
    ///
    /// # Errors
    /// No part of it is sent. Without an error, the message may still be lost with the connection; the event of
    /// its end reports that.
    pub fn send(&self, identity: &[u8], frames: Vec<Bytes>) -> Result<(), SendError> {
        self.shared.peers.send(identity, &frames)
    }

    /// The peers refused so far: for another protocol, another mechanism, or a socket type that does not match ROUTER.
    /// Also those that have to wait because another peer has their identity.
    pub fn refusals(&self) -> Refusals {
        self.shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts no more connections and messages, sends what waits, and ends. Returns within two seconds. A peer that
    /// keeps reading still gets everything, as long as the runtime runs.
    pub async fn close(&self) {
        let _ = self.closing.send(true);
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut tasks) = tasks {
            let _ = timeout(CLOSE, tasks.recv()).await; // nothing is ever sent on it
        }
    }
}

impl RouterEvents {
    /// The next event. `None`: the router is closed, and all its connections have ended. Nothing is lost if the
    /// future is dropped.
    pub async fn recv(&mut self) -> Option<RouterEvent> {
        self.0.recv().await
    }
}

/// Accepts connections until the router is closed.
async fn accept(
    listener: Listener,
    shared: Arc<Shared>,
    deliveries: Deliveries<RouterEvent>,
    mut closing: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
) {
    let mut failed = false;
    loop {
        let accepted = tokio::select! {
            _ = closing.wait_for(|closing| *closing) => break, // or dropped
            () = deliveries.gone() => break,
            accepted = listener.accept(failed) => accepted,
        };
        failed = accepted.is_err();
        let Ok(Ok(stream)) = accepted.map(Fresh::attach) else { continue };
        let Some(place) = Place::of(&shared) else {
            shared.refused(&Error::TooManyConnections);
            continue;
        };
        let session = session::run(stream, shared.clone(), deliveries.clone(), closing.clone());
        let alive = alive.clone();
        tokio::spawn(async move {
            session.await;
            drop(place);
            drop(alive);
        });
    }
    listener.close().await;
}
