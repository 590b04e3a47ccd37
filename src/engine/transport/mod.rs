//! Transports: the only place that opens sockets and pipes. One file per kind of stream; [`tls`] runs on
//! top of any of them.
//!
//! To add one: a variant in [`Stream`] (stream.rs) and [`Listener`], a variant in [`Target`] and
//! [`Local`], a file with its `connect` and `listen`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::error::{Endpoint, Error};
pub use attachment::{Attachment, Memory, Received, receive_all};
pub use fresh::Fresh;
#[cfg(unix)]
pub use listening::Entrance;
use listening::{Listening, is_nothing};
pub use receiving::{receive, receive_into, waiting};
pub use stream::{
    Ends, KeepAlive, Stream, held, send, set_keepalive, set_nodelay, set_type_of_service, taken,
};

mod attachment;
#[cfg(all(test, unix))]
pub mod failing;
mod fresh;
pub mod last_words;
mod line;
mod listening;
#[cfg(unix)]
pub mod lock;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod mmsg;
#[cfg(target_os = "linux")]
pub mod mqueue;
#[cfg(target_os = "linux")]
pub mod passing;
#[cfg(unix)]
pub mod peer;
#[cfg(windows)]
pub mod pipe;
#[cfg(windows)]
mod pipe_write;
#[cfg(unix)]
mod quiet;
mod receiving;
#[cfg(target_os = "linux")]
pub mod sealed;
mod slots;
#[cfg(unix)]
mod socket_file;
mod stream;
pub mod tcp;
pub mod tls;
pub mod udp;
#[cfg(unix)]
pub mod unix;
pub mod zone;

/// Connections that the system may queue before they are accepted: as many as it allows, which is less
/// (on Linux `net.core.somaxconn`). Node asks for 511.
pub const BACKLOG: i32 = 0xffff;

/// How long to pause after a listener could not accept (too many open files, say).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address to connect to.
#[derive(Debug, Clone)]
pub enum Target {
    /// A Unix socket path; on Linux one that begins with NUL names an abstract socket.
    #[cfg(unix)]
    Unix(String),
    /// The name of a pipe.
    #[cfg(windows)]
    Pipe(String),
    /// IP addresses, tried in order.
    Tcp(tcp::TcpTarget),
    /// TLS on top of another target.
    Tls(Box<Target>, Arc<tls::Settings>),
}

/// An address to listen on.
#[derive(Debug, Clone)]
pub enum Local {
    /// A Unix socket path, and what to do if something is there.
    #[cfg(unix)]
    Unix(unix::UnixLocal),
    /// The name of a pipe, and who may open it.
    #[cfg(windows)]
    Pipe(pipe::PipeLocal),
    /// An IP address; port 0 lets the system choose.
    Tcp(std::net::SocketAddr),
    /// TLS on top of another place.
    Tls(Box<Local>, Arc<tls::Settings>),
}

impl Local {
    /// Fails for an address that the system would refuse or change.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            #[cfg(unix)]
            Local::Unix(local) => unix::check("listen", &local.path),
            Local::Tls(below, _) => below.check(),
            _ => Ok(()),
        }
    }

    /// Whether it is an address of IP.
    pub fn is_ip(&self) -> bool {
        match self {
            Local::Tcp(_) => true,
            Local::Tls(below, _) => below.is_ip(),
            _ => false,
        }
    }

    /// The TLS settings, if it uses TLS.
    pub fn tls(&self) -> Option<&Arc<tls::Settings>> {
        match self {
            Local::Tls(_, settings) => Some(settings),
            _ => None,
        }
    }
}

/// A listening socket. Dropping it closes it, and removes its
/// path if that is still its own.
#[derive(Debug)]
pub enum Listener {
    /// Unix.
    ///
    /// The path is dropped before the socket. While the socket is open, its inode cannot be reused
    /// for a file that another server puts at the path.
    #[cfg(unix)]
    Unix(unix::OwnPath, Listening),
    /// A named pipe.
    #[cfg(windows)]
    Pipe(pipe::PipeListener),
    /// TCP, and the bound address.
    Tcp(std::net::SocketAddr, Listening),
}

impl Listener {
    /// Binds and listens. Must be called with a runtime entered, whose reactor watches it if it `registers`: otherwise see
    /// [`Listener::entrance`].
    pub fn listen(local: &Local, registers: bool) -> Result<Self, Error> {
        local.check()?;
        match local {
            #[cfg(unix)]
            Local::Unix(local) => {
                let endpoint = Endpoint::Path(local.path.clone());
                let bound = unix::listen(local).and_then(|(listener, path)| {
                    Ok(Listener::Unix(path, Listening::new(listener, registers)?))
                });
                bound.map_err(|error| {
                    let in_use = error.kind() == io::ErrorKind::AddrInUse;
                    let obstacle = in_use.then(|| unix::obstacle(&local.path)).flatten();
                    let error = Error::new("listen", error, Some(endpoint));
                    obstacle.into_iter().fold(error, Error::because)
                })
            }
            #[cfg(windows)]
            Local::Pipe(local) => {
                let endpoint = Endpoint::Path(local.name.clone());
                let listening = pipe::PipeListener::listen(local.clone()).map(Listener::Pipe);
                listening.map_err(|error| Error::new("listen", error, Some(endpoint)))
            }
            Local::Tcp(address) => tcp::listen(*address)
                // If the system does not say which port it chose, no client could be told where to
                // connect.
                .and_then(|tcp| {
                    Ok(Listener::Tcp(tcp.local_addr()?, Listening::new(tcp, registers)?))
                })
                .map_err(|error| Error::new("listen", error, Some(Endpoint::Ip(*address)))),
            Local::Tls(below, _) => Self::listen(below, registers), // the handshake comes after accepting
        }
    }

    /// The bound IP address and port, for TCP.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        match self {
            #[cfg(unix)]
            Listener::Unix(..) => None,
            #[cfg(windows)]
            Listener::Pipe(_) => None,
            Listener::Tcp(address, _) => Some(*address),
        }
    }

    /// Its socket, for another loop than the reactor.
    #[cfg(unix)]
    pub fn entrance(&self) -> Entrance {
        let (Listener::Unix(_, listening) | Listener::Tcp(_, listening)) = self;
        listening.entrance()
    }

    /// Has the reactor of the current runtime watch it after all.
    #[cfg(unix)]
    pub fn register(&mut self) -> io::Result<()> {
        let (Listener::Unix(_, listening) | Listener::Tcp(_, listening)) = self;
        listening.register()
    }

    /// The next connection, of a listener that is registered. After an error the next call first waits a little.
    pub async fn accept(&self, failed_before: bool) -> Result<Fresh, Error> {
        if failed_before {
            sleep(ACCEPT_PAUSE).await;
        }
        loop {
            let accepted = match self {
                #[cfg(unix)]
                Listener::Unix(_, unix) => unix.accept().await,
                #[cfg(windows)]
                Listener::Pipe(pipe) => pipe.accept().await.map(|pipe| Stream::Pipe(pipe).into()),
                Listener::Tcp(_, tcp) => tcp.accept().await,
            };
            match accepted {
                Err(error) if is_nothing(&error) => {}
                accepted => return accepted.map_err(|error| Error::new("accept", error, None)),
            }
        }
    }

    /// The next connection that is waiting already, if any.
    pub fn accept_now(&self) -> Option<Fresh> {
        match self {
            #[cfg(unix)]
            Listener::Unix(_, unix) => unix.accept_now(),
            #[cfg(windows)]
            Listener::Pipe(pipe) => pipe.accept_now().map(|pipe| Stream::Pipe(pipe).into()),
            Listener::Tcp(_, tcp) => tcp.accept_now(),
        }
    }

    /// Takes its file away, so that nobody else connects to what is about to close.
    pub fn hide(&mut self) {
        #[cfg(unix)]
        if let Self::Unix(path, _) = self {
            *path = unix::OwnPath::default();
        }
    }

    /// Closes it.
    pub async fn close(self) {
        match self {
            #[cfg(windows)]
            Listener::Pipe(pipe) => pipe.close().await,
            other => drop(other),
        }
    }
}
