//! One connection of a server, as a program sees it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use tokio::task::coop::consume_budget;

use super::Error;
use super::forms::{Ask, REQUEST};
use super::link::{Link, Room};
use super::message::encode;
use super::requests::outcome;

/// One connection of a [`Server`](super::Server). Clones are the same connection, and equal. It does not keep the server alive.
#[derive(Clone)]
pub struct Connection(pub(super) Arc<Link>);

impl Connection {
    /// Its number, which is unique within this server.
    pub fn id(&self) -> u32 {
        self.0.connection.id()
    }

    /// Whether it is still connected.
    pub fn is_connected(&self) -> bool {
        self.0.is_up()
    }

    /// The peer's address, over TCP.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.0.ends.map(|ends| ends.peer)
    }

    /// The peer's process, as the system reported it when it connected: over a Unix socket, on Linux and macOS.
    /// `None` elsewhere, and when the connection has ended.
    #[cfg(unix)]
    pub fn peer_credentials(&self) -> Option<super::Credentials> {
        self.0.credentials()
    }

    /// Sends a message. It goes to the system at once, or, in a burst, when the task next yields ([`Connection::flush`]). If
    /// [`max_queued_bytes`](super::ServerBuilder::max_queued_bytes) wait already, this first waits until the peer has read.
    /// `null` and `""` are sent as `{}`, as in node-ipc: see [`Message::data`](super::Message::data).
    ///
    /// Cancel safe: if the future is dropped before it is ready, the message is not sent at all. It is never sent
    /// in part.
    ///
    /// # Errors
    /// [`Error::NotConnected`] when the connection has ended; [`Error::Encode`].
    pub async fn emit<T: Serialize + ?Sized>(&self, kind: &str, data: &T) -> Result<(), Error> {
        let bytes = encode(kind, data, self.0.delimiter())?;
        consume_budget().await;
        self.0.wait().await;
        self.send(bytes)
    }

    /// The same, without waiting.
    ///
    /// # Errors
    /// As for [`Connection::emit`], and [`Error::Full`].
    pub fn try_emit<T: Serialize + ?Sized>(&self, kind: &str, data: &T) -> Result<(), Error> {
        let bytes = encode(kind, data, self.0.delimiter())?;
        if let Room::Full = self.0.room() { Err(Error::Full) } else { self.send(bytes) }
    }

    fn send(&self, mut bytes: Vec<u8>) -> Result<(), Error> {
        let is_sent = self.0.send_if(&mut bytes, || true);
        if is_sent { Ok(()) } else { Err(Error::NotConnected(None)) }
    }

    /// Sends at once what a burst has held back: see [`Client::flush`](super::Client::flush).
    pub fn flush(&self) {
        self.0.flush();
    }

    /// Sends a request to the client, as [`Client::request`](super::Client::request) does to a server. The client's
    /// handler for this type answers: [`Client::handle`](super::Client::handle), or `handle` of a client in Node.
    ///
    /// # Errors
    /// As for [`Client::request`](super::Client::request).
    pub async fn request<T, R>(&self, kind: &str, data: &T, timeout: Duration) -> Result<R, Error>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let link = &self.0;
        consume_budget().await; // one that fails at once may be repeated at once
        let (id, receiver) = link.questions.begin().map_err(|_| Error::NotConnected(None))?;
        let give_up = GiveUp { link, id };
        let mut bytes = encode(REQUEST, &Ask { id, kind, data }, link.delimiter())?;
        let post = async {
            let is_sent =
                link.wait().await && link.send_if(&mut bytes, || link.questions.leave(id));
            if is_sent { Ok(()) } else { Err(Error::NotConnected(None)) }
        };
        outcome(post, receiver, timeout, give_up).await
    }

    /// Ends the connection, after what was emitted is sent. The client may connect again. Returns when the socket is closed,
    /// or when the peer has taken nothing for [`linger`](super::ServerBuilder::linger). The connection also ends if the
    /// future is dropped.
    pub async fn close(&self) {
        self.0.close();
        self.0.connection.gone().await;
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Connection {}

impl Hash for Connection {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Removes a request whose caller has stopped waiting for the answer.
struct GiveUp<'a> {
    link: &'a Arc<Link>,
    id: u64,
}

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        if self.link.questions.forget(self.id) == Some(true) {
            self.link.cancel(self.id);
        }
    }
}
