//! A client: how it sends messages and requests. `connecting` connects it and receives.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::coop::consume_budget;

use super::common::Common;
use super::connecting::{self, Posted, Shared, Status};
use super::events::{Alive, Events};
use super::forms::{Ask, REQUEST};
use super::message::encode;
use super::requests::outcome;
use super::settings::{Settings, common_settings};
use super::{Address, ClientTls, Error, HandlerError, Message};

/// A connection to one server, which reconnects when it is lost. Clones are the same client.
///
/// It lives as long as one of its clones or its [`Events`]. When the last of them is dropped, it ends in the background, and
/// sends what was emitted while the runtime still runs. [`Client::close`] waits for that.
///
/// ```
/// use ferripc::node_ipc::{Client, ClientEvent, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("ferripc-doc-client-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let root = format!("{}/", directory.display());
/// # let server = Server::builder().socket_root(&root).bind("world").await?.0;
/// let (client, mut events) = Client::builder("world").socket_root(&root).connect()?;
/// client.emit("greeting", &serde_json::json!({ "name": "Alice" })).await?; // waits for the connection
/// if let Some(ClientEvent::Connected) = events.next().await {
///     println!("connected");
/// }
/// client.close().await;
/// # server.close().await;
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    alive: Arc<Alive>,
    status: watch::Receiver<Status>,
}

/// What happens to a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The client is connected: for the first time, or again.
    Connected,
    /// A message has arrived.
    Message(Message),
    /// The connection has ended, with an error or because one side closed it. The client connects again unless it has
    /// ended, which the end of the stream tells.
    Disconnected(Option<Error>),
    /// An attempt to connect has failed.
    ConnectFailed(Error),
    /// Something arrived that is not a message, is too long, or is incomplete. The connection goes
    /// on.
    Error(Error),
}

/// The settings of a client. See [`Client::builder`].
#[derive(Debug, Clone)]
#[must_use = "it does nothing before `connect`"]
pub struct ClientBuilder {
    address: Address,
    settings: Settings,
    retrying: Retrying,
    tls: Option<ClientTls>,
}

/// What a client does when it is not connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retrying {
    pub pause: Duration,
    /// `None`: no limit.
    pub most: Option<u32>,
    pub stopped: bool,
    /// Bytes that may wait while it is down. `None`: nothing waits.
    pub offline: Option<usize>,
}

impl ClientBuilder {
    common_settings!();

    /// Time between two attempts to connect. Default: 500 ms. (node-ipc: `config.retry`)
    pub fn retry(mut self, pause: Duration) -> Self {
        self.retrying.pause = pause;
        self
    }

    /// Attempts after the first one, and after each lost connection, before the client ends. Default: `None`, no
    /// limit. (node-ipc: `config.maxRetries`)
    pub fn max_retries(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.retrying.most = attempts.into();
        self
    }

    /// Ends the client when its first attempt fails or its connection is lost. (node-ipc: `config.stopRetrying`)
    pub fn stop_retrying(mut self, stopped: bool) -> Self {
        self.retrying.stopped = stopped;
        self
    }

    /// Keeps up to this many bytes of messages and requests while a client that was connected is down, and sends them in
    /// order when it is connected again. Default: nothing is kept, and sending fails with [`Error::NotConnected`]. What
    /// was already on its way when the connection broke is not sent again. (ferripc in Node: `config.offlineQueue`)
    pub fn offline_queue(mut self, bytes: usize) -> Self {
        self.retrying.offline = (bytes > 0).then_some(bytes);
        self
    }

    /// Uses TLS, over TCP. (node-ipc: `config.tls`)
    ///
    /// ```no_run
    /// # use ferripc::node_ipc::{Address, Client, ClientTls};
    /// # fn connect() -> Result<(), Box<dyn std::error::Error>> {
    /// let tls = ClientTls::new(std::fs::read("ca.crt")?)?;
    /// let (client, events) = Client::builder(Address::tcp("localhost", 8000)).tls(tls).connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Begins to connect, on the current tokio runtime, which has to have I/O and time enabled. Returns at once: the
    /// client waits for a server that is not there yet, as its retry settings say.
    ///
    /// # Errors
    /// [`Error::Unusable`] or [`Error::System`] for an invalid address or setting, [`Error::NoRuntime`].
    pub fn connect(self) -> Result<(Client, Events<ClientEvent>), Error> {
        let Self { address, settings, retrying, tls } = self;
        let place = settings.place(address)?;
        let tls = tls.map(|tls| tls.for_place(&place)).transpose()?;
        let common = Common::new(settings)?;
        let (alive, is_closing) = Alive::new();
        let (sender, events) = Events::new(alive.clone());
        let (shared, status) = Shared::new(common, retrying);
        connecting::start(shared.clone(), (place, tls), sender, is_closing);
        Ok((Client { shared, alive, status }, events))
    }
}

impl Client {
    /// A client for the server at `address`: an id, a path, or a host and port. Change its settings, then
    /// call [`connect`](ClientBuilder::connect).
    pub fn builder(address: impl Into<Address>) -> ClientBuilder {
        let retrying = Retrying {
            pause: Duration::from_millis(500),
            most: None,
            stopped: false,
            offline: None,
        };
        let (address, settings) = (address.into(), Settings::default());
        ClientBuilder { address, settings, retrying, tls: None }
    }

    /// A client with the default settings. See [`ClientBuilder::connect`].
    ///
    /// # Errors
    /// Those of [`ClientBuilder::connect`].
    pub fn connect(address: impl Into<Address>) -> Result<(Self, Events<ClientEvent>), Error> {
        Self::builder(address).connect()
    }

    /// Sends a message.
    ///
    /// Before the first connection, it waits in order with earlier messages, as in node-ipc, and this returns at once. Up to
    /// 16 MiB may wait; beyond that, this waits for room. On a connection, the message goes to the system at once. In a
    /// burst (messages that follow each other within some microseconds) it goes when the task next yields. If
    /// [`max_queued_bytes`](ClientBuilder::max_queued_bytes) wait already, this first waits for room. `null` and `""` are
    /// sent as `{}`, as in node-ipc: see [`Message::data`].
    ///
    /// A return does not mean that the server has received the message: nothing is acknowledged. Use [`Client::request`] for
    /// that.
    ///
    /// Cancel safe: if the future is dropped before it is ready, the message is not sent at all. It is never sent
    /// in part.
    ///
    /// # Errors
    /// [`Error::NotConnected`] while a client that was connected is down, unless there is an
    /// [`offline_queue`](ClientBuilder::offline_queue); [`Error::Closed`]; [`Error::Encode`].
    pub async fn emit<T: Serialize + ?Sized>(&self, kind: &str, data: &T) -> Result<(), Error> {
        let bytes = encode(kind, data, self.delimiter())?;
        consume_budget().await;
        self.post(bytes, None).await
    }

    /// The same, without waiting.
    ///
    /// # Errors
    /// As for [`Client::emit`], and [`Error::Full`].
    pub fn try_emit<T: Serialize + ?Sized>(&self, kind: &str, data: &T) -> Result<(), Error> {
        let mut bytes = encode(kind, data, self.delimiter())?;
        match self.shared.post(&mut bytes, None)? {
            Posted::Done => Ok(()),
            Posted::Full(_) => Err(Error::Full),
        }
    }

    /// Sends at once what a burst has held back. For programs that then end, or compute for long without an `await`.
    pub fn flush(&self) {
        if let Some(link) = self.shared.link() {
            link.flush();
        }
    }

    async fn post(&self, mut bytes: Vec<u8>, question: Option<u64>) -> Result<(), Error> {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // before it looks for room
            match self.shared.post(&mut bytes, question)? {
                Posted::Done => return Ok(()),
                Posted::Full(Some(link)) => drop(link.wait().await),
                Posted::Full(None) => changed.await,
            }
        }
    }

    /// Sends a request to the server. Its handler for this type answers: [`Server::handle`](super::Server::handle),
    /// `ipc.server.handle` in Node, or any program that knows the wire format (`docs/wire-format.md` in the repository).
    /// Data and answer are sent unchanged, `null` and `""` too.
    ///
    /// `timeout` counts from the call. When it has passed, or the future is dropped, the request is cancelled on the other
    /// side. A request that was sent is never sent twice.
    ///
    /// # Errors
    /// [`Error::Remote`] if the handler failed; [`Error::Timeout`]; [`Error::ConnectionLost`] as soon as the connection
    /// ends; [`Error::Decode`] for an answer that is not an `R`; [`Error::NoRuntime`]; those of [`Client::emit`].
    pub async fn request<T, R>(&self, kind: &str, data: &T, timeout: Duration) -> Result<R, Error>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        consume_budget().await; // one that fails at once may be repeated at once
        let (id, receiver) = self.shared.questions.begin()?;
        let give_up = GiveUp { shared: &self.shared, id };
        let bytes = encode(REQUEST, &Ask { id, kind, data }, self.delimiter())?;
        outcome(self.post(bytes, Some(id)), receiver, timeout, give_up).await
    }

    /// Answers the server's requests of this type, on all connections of this client. Replaces an earlier handler
    /// for the type.
    ///
    /// Each request runs as a task of its own. When it is cancelled, or the connection ends, the handler's future is
    /// dropped. A handler that holds a clone of its client keeps it alive until [`Client::close`].
    ///
    /// ```
    /// # use ferripc::node_ipc::{Client, HandlerError};
    /// # fn handlers(client: &Client) {
    /// client.handle("double", async |number: i64| {
    ///     number.checked_mul(2).ok_or_else(|| HandlerError::new("too large"))
    /// });
    /// # }
    /// ```
    pub fn handle<T, R, F>(
        &self,
        kind: impl Into<String>,
        handler: impl Fn(T) -> F + Send + Sync + 'static,
    ) where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        self.shared.common.handlers.set(kind.into(), move |data, _| handler(data));
    }

    /// Stops answering requests of this type.
    pub fn unhandle(&self, kind: &str) {
        self.shared.common.handlers.remove(kind);
    }

    /// Waits until the client is connected. Cancel safe.
    ///
    /// # Errors
    /// [`Error::NotConnected`] when the client has given up; [`Error::Closed`] when it was closed.
    pub async fn connected(&self) -> Result<(), Error> {
        let mut status = self.status.clone();
        let known = status.wait_for(|status| *status != Status::Connecting).await;
        match known.map(|status| *status) {
            Ok(Status::Connected) => Ok(()),
            _ => Err(self.shared.ended()),
        }
    }

    /// Whether the client is connected now.
    pub fn is_connected(&self) -> bool {
        *self.status.borrow() == Status::Connected
            && self.shared.link().is_some_and(|link| link.is_up())
    }

    /// The process of the server, as the system reports it: over a Unix socket, on Linux and macOS.
    #[cfg(unix)]
    pub fn peer_credentials(&self) -> Option<super::Credentials> {
        self.shared.link()?.credentials()
    }

    /// Stops further attempts to connect. The client ends when its connection ends or its current attempt fails.
    pub fn stop_retrying(&self) {
        self.shared.stop_retrying();
    }

    /// Ends the client: sends what was emitted, then closes the connection. Open requests fail; running handlers are
    /// dropped. Returns when the socket is closed, or when the server has taken nothing for
    /// [`linger`](ClientBuilder::linger). What waits for a first connection is dropped.
    ///
    /// The client also ends if the future is dropped.
    pub async fn close(&self) {
        self.alive.end();
        let _ = self.status.clone().wait_for(|status| *status == Status::Ended).await;
    }

    fn delimiter(&self) -> &crate::engine::codec::delimited::Delimiter {
        &self.shared.common.settings.delimiter
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}

/// Removes a request whose caller has stopped waiting for the answer.
struct GiveUp<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        self.shared.give_up(self.id);
    }
}
