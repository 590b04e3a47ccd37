//! A server: its settings, and how it sends messages. `serving` receives them.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::address::Files;
use super::common::Common;
use super::events::{Alive, Events};
use super::message::encode;
use super::serving::{self, Admission, Shared};
use super::settings::{Settings, common_settings};
use super::{Address, Connection, Error, HandlerError, Message, ServerTls, Unlink};
use crate::engine::transport::Local;

/// A server. Clones are the same server.
///
/// It lives as long as one of its clones or its [`Events`]. When the last of them is dropped, it ends in the background, as
/// by [`Server::close`]: it removes its socket file, and sends what was emitted while the runtime still runs.
///
/// ```
/// use ferripc::node_ipc::{Client, Server, ServerEvent};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (server, mut events) = Server::builder().bind("127.0.0.1:0".parse::<std::net::SocketAddr>()?).await?;
/// # let (client, _) = Client::connect(server.address())?;
/// # client.emit("greeting", &serde_json::json!({ "name": "Alice" })).await?;
/// while let Some(event) = events.next().await {
///     match event {
///         ServerEvent::Message { from, message } if message.kind() == "greeting" => {
///             from.emit("welcome", &server.connections().len()).await?;
/// #           break;
///         }
///         ServerEvent::Error { error, .. } => eprintln!("{error}"),
///         _ => {}
///     }
/// }
/// server.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    alive: Arc<Alive>,
    ended: watch::Receiver<bool>,
    address: Address,
    local: Option<SocketAddr>,
}

/// What happens to a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A client has connected.
    Connected(Connection),
    /// A message has arrived.
    Message {
        /// The connection that sent it.
        from: Connection,
        /// The message.
        message: Message,
    },
    /// A connection has ended, with an error or because one side closed it.
    Disconnected {
        /// The connection.
        connection: Connection,
        /// The error, if the connection did not end in an orderly way.
        error: Option<Error>,
    },
    /// Something arrived that is not a message, is too long, or is incomplete; or a connection was refused. The server goes
    /// on, and so does the connection, if there is one.
    Error {
        /// The connection that it concerns, if any.
        connection: Option<Connection>,
        /// What went wrong.
        error: Error,
    },
}

/// The settings of a server. See [`Server::builder`].
#[must_use = "it does nothing before `bind`"]
pub struct ServerBuilder {
    settings: Settings,
    files: Files,
    admission: Admission,
    tls: Option<ServerTls>,
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// How many connections a broadcast was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast {
    /// Connections that it was sent to.
    pub sent: usize,
    /// Connections that it was not sent to, because as many bytes as allowed wait for them already.
    pub skipped: usize,
}

impl ServerBuilder {
    common_settings!();

    /// What to do if a socket file exists at the path. Default: [`Unlink::Stale`]; node-ipc's is
    /// [`Unlink::Always`].
    pub fn unlink(mut self, unlink: Unlink) -> Self {
        self.files.unlink = unlink;
        self
    }

    /// Lets every user of the machine read the socket file (and the pipe, on Windows). Default: as the process's umask
    /// says. On Linux, a program needs write permission to connect.
    pub fn readable_by_all(mut self, readable: bool) -> Self {
        self.files.readable_by_all = readable;
        self
    }

    /// Lets every user of the machine write to the socket file. Default: as the process's umask says.
    pub fn writable_by_all(mut self, writable: bool) -> Self {
        self.files.writable_by_all = writable;
        self
    }

    /// The most connections at a time. Any more are closed at once, and reported as [`Error::TooManyConnections`]. Default:
    /// 100, as in node-ipc. `usize::MAX` is no limit; 0 admits nobody, while in Node, `config.maxConnections = 0` is no limit.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.admission.most = connections;
        self
    }

    /// The most bytes of unfinished messages that all connections together may hold. Beyond that, the connection that holds
    /// most is closed, with the code `ERR_FERRIPC_TOO_MUCH_BUFFERED`. Default: 256 MiB.
    pub fn max_buffered_bytes(mut self, bytes: u64) -> Self {
        self.admission.buffered = bytes;
        self
    }

    /// Decides who may connect, before anything is read from the connection. A connection that is refused is
    /// reported as [`Error::PeerNotAllowed`]; so is one for which the function panics. Only for Unix sockets on Linux and macOS: other systems do not report
    /// the peer, so [`bind`](ServerBuilder::bind) fails there.
    ///
    /// ```
    /// # use ferripc::node_ipc::Server;
    /// # let own_uid = 1000;
    /// let builder = Server::builder().allow_peer(move |peer| peer.uid == own_uid);
    /// ```
    #[cfg(unix)]
    pub fn allow_peer(
        mut self,
        is_allowed: impl Fn(super::Credentials) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.admission.is_allowed = Some(Box::new(is_allowed));
        self
    }

    /// Uses TLS, over TCP. A handshake that fails is a [`ServerEvent::Error`]. (node-ipc: `config.tls`)
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Listens, on the current tokio runtime, which has to have I/O and time enabled. When it returns, clients can connect.
    ///
    /// # Errors
    /// [`Error::System`] with the code `EADDRINUSE` if a server listens there already, or the path is not that of a
    /// socket; [`Error::Resolve`]; [`Error::Unusable`] for an invalid address or setting.
    pub async fn bind(
        self,
        address: impl Into<Address>,
    ) -> Result<(Server, Events<ServerEvent>), Error> {
        let Self { settings, files, admission, tls } = self;
        let place = settings.place(address.into())?;
        let tls = tls.map(|tls| tls.for_place(&place)).transpose()?;
        admission.check(&place)?;
        let common = Common::new(settings)?;
        let local = match (place.local(files).await?, tls) {
            (local, Some(tls)) => Local::Tls(Box::new(local), tls),
            (local, None) => local,
        };
        let (alive, is_closing) = Alive::new();
        let (sender, events) = Events::new(alive.clone());
        let (shared, ended) = Shared::new(common);
        let local = serving::start(shared.clone(), &local, admission, sender, is_closing)?;
        let address = local.map_or(place, Address::from);
        Ok((Server { shared, alive, ended, address, local }, events))
    }
}

impl Server {
    /// A server. Change its settings, then call [`bind`](ServerBuilder::bind).
    pub fn builder() -> ServerBuilder {
        let files =
            Files { unlink: Unlink::default(), readable_by_all: false, writable_by_all: false };
        let (settings, admission) = (Settings::default(), Admission::default());
        ServerBuilder { settings, files, admission, tls: None }
    }

    /// A server with the default settings. See [`ServerBuilder::bind`].
    ///
    /// # Errors
    /// Those of [`ServerBuilder::bind`].
    pub async fn bind(address: impl Into<Address>) -> Result<(Self, Events<ServerEvent>), Error> {
        Self::builder().bind(address).await
    }

    /// The address that it listens on: a path, or the IP address and port. Clients in the same process can
    /// connect to it.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The address that it listens on, over TCP, with the port that the system chose.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Its current connections, in no particular order.
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.connections()
    }

    /// Sends a message to all connections, without waiting. A connection for which
    /// [`max_queued_bytes`](ServerBuilder::max_queued_bytes) wait already does not get it, and is counted as skipped. `null`
    /// and `""` are sent as `{}`: see [`Message::data`].
    ///
    /// # Errors
    /// [`Error::Encode`].
    pub fn broadcast<T: Serialize + ?Sized>(
        &self,
        kind: &str,
        data: &T,
    ) -> Result<Broadcast, Error> {
        self.broadcast_where(kind, data, |_| true)
    }

    /// The same, to the connections for which `is_meant` returns true.
    ///
    /// # Errors
    /// [`Error::Encode`].
    pub fn broadcast_where<T: Serialize + ?Sized>(
        &self,
        kind: &str,
        data: &T,
        mut is_meant: impl FnMut(&Connection) -> bool,
    ) -> Result<Broadcast, Error> {
        let bytes = encode(kind, data, &self.shared.common.settings.delimiter)?.into();
        let mut result = Broadcast { sent: 0, skipped: 0 };
        for connection in self.connections().iter().filter(|connection| is_meant(connection)) {
            let is_sent = connection.0.send_shared(&bytes);
            *if is_sent { &mut result.sent } else { &mut result.skipped } += 1;
        }
        Ok(result)
    }

    /// Answers requests of this type, on all connections. Replaces an earlier handler for the type. The second argument
    /// is the connection that sent the request.
    ///
    /// Each request runs as a task of its own, so answers come in any order. When it is cancelled, or the connection ends,
    /// the handler's future is dropped at its next `await`. A handler that holds a clone of its server keeps it alive until
    /// [`Server::close`].
    ///
    /// ```
    /// use ferripc::node_ipc::{Connection, HandlerError, Server};
    ///
    /// async fn read(path: String, _from: Connection) -> Result<String, HandlerError> {
    ///     Ok(tokio::task::spawn_blocking(|| std::fs::read_to_string(path)).await??)
    /// }
    ///
    /// # fn handlers(server: &Server) {
    /// server.handle("read", read);
    /// # }
    /// ```
    pub fn handle<T, R, F>(
        &self,
        kind: impl Into<String>,
        handler: impl Fn(T, Connection) -> F + Send + Sync + 'static,
    ) where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        let handler = move |data, link| handler(data, Connection(link));
        self.shared.common.handlers.set(kind.into(), handler);
    }

    /// Stops answering requests of this type.
    pub fn unhandle(&self, kind: &str) {
        self.shared.common.handlers.remove(kind);
    }

    /// Ends the server: stops listening, removes its socket file, sends what was emitted, and closes all connections. Open
    /// requests fail; running handlers are dropped. Returns when all sockets are closed. It does not wait for a client that
    /// has taken nothing for [`linger`](ServerBuilder::linger).
    ///
    /// The server also ends if the future is dropped.
    pub async fn close(&self) {
        self.alive.end();
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}
