//! Transports: the only place that opens sockets. One file per kind of socket.
//!
//! To add one: a variant in [`Stream`] and [`Listener`], a variant in [`Target`] and [`Local`], a
//! file with its `connect` and `listen`.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use socket2::{MsgHdr, SockRef};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::error::{Endpoint, Error};
use super::event::Ends;

pub mod tcp;
#[cfg(unix)]
pub mod unix;

/// Connections that the system may hold before they are accepted (Node's default).
pub const BACKLOG: i32 = 511;

/// How long to leave a listener alone that could not accept (too many open files, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where to connect to.
#[derive(Debug, Clone)]
pub enum Target {
    /// A Unix socket path; on Linux one that begins with NUL names an abstract socket.
    #[cfg(unix)]
    Unix(String),
    /// IP addresses, tried in order.
    Tcp(tcp::TcpTarget),
}

/// Where to listen.
#[derive(Debug, Clone)]
pub enum Local {
    /// A Unix socket path and how to treat what is there.
    #[cfg(unix)]
    Unix(unix::UnixLocal),
    /// An IP address; port 0 lets the system choose.
    Tcp(std::net::SocketAddr),
}

/// A connected stream socket, registered with the current runtime.
#[derive(Debug)]
pub enum Stream {
    /// Unix.
    #[cfg(unix)]
    Unix(UnixStream),
    /// TCP.
    Tcp(TcpStream),
}

/// The same expression for every kind of socket.
macro_rules! each {
    ($value:expr, $kind:ident, $socket:ident => $body:expr) => {
        match $value {
            #[cfg(unix)]
            $kind::Unix($socket) => $body,
            $kind::Tcp($socket) => $body,
        }
    };
}

impl Stream {
    /// Connects. One error per address that was tried.
    pub async fn connect(target: &Target) -> Result<Self, Vec<Error>> {
        match target {
            #[cfg(unix)]
            Target::Unix(path) => match unix::connect(path).await {
                Ok(stream) => Ok(Stream::Unix(stream)),
                Err(error) => Err(vec![Error::new(
                    "connect",
                    error,
                    Some(Endpoint::Path(path.clone())),
                )]),
            },
            Target::Tcp(target) => tcp::connect(target).await.map(Stream::Tcp),
        }
    }

    /// Both addresses, for IP.
    pub fn ends(&self) -> Option<Ends> {
        match self {
            #[cfg(unix)]
            Stream::Unix(_) => None,
            Stream::Tcp(tcp) => Some(Ends {
                local: tcp.local_addr().ok()?,
                peer: tcp.peer_addr().ok()?,
            }),
        }
    }

    /// Waits until a read might succeed.
    pub async fn readable(&self) -> io::Result<()> {
        each!(self, Stream, socket => socket.readable().await)
    }

    /// Waits until a write might succeed.
    pub async fn writable(&self) -> io::Result<()> {
        each!(self, Stream, socket => socket.writable().await)
    }

    /// Reads once into the spare capacity of `buffer`. 0: the peer has shut its side down.
    pub fn try_read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        let mut taken = None;
        let read = || {
            let spare = buffer.spare_capacity_mut();
            let room = spare.len();
            let len = self.socket().recv(spare)?;
            taken = Some(len);
            // A short read has emptied the socket: reported as "not ready any more", so that the
            // driver waits for the next edge instead of asking the system once more in vain.
            if 0 < len && len < room && cfg!(unix) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(len)
        };
        let result = each!(self, Stream, socket => socket.try_io(Interest::READABLE, read));
        match taken {
            Some(len) => {
                // SAFETY: the system has initialised `len` bytes of the spare capacity.
                unsafe { buffer.advance_mut(len) };
                Ok(len)
            }
            None => result,
        }
    }

    /// Reads once without asking the driver: for a last look at what has arrived.
    pub fn read_now(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        let len = self.socket().recv(buffer.spare_capacity_mut())?;
        // SAFETY: the system has initialised `len` bytes of the spare capacity.
        unsafe { buffer.advance_mut(len) };
        Ok(len)
    }

    /// Writes once, when the driver has seen the socket writable.
    pub fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        each!(self, Stream, socket => socket.try_io(Interest::WRITABLE, || self.send(pieces)))
    }

    /// Writes once without asking the driver: from any thread, at any time.
    pub fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = self.socket();
        if let [piece] = pieces {
            return socket.send_with_flags(piece, SEND_FLAGS);
        }
        socket.sendmsg(&MsgHdr::new().with_buffers(pieces), SEND_FLAGS)
    }

    /// Tells the peer that nothing more will be written.
    pub fn shutdown(&self) -> io::Result<()> {
        self.socket().shutdown(std::net::Shutdown::Write)
    }

    /// Reads and drops what is there. `Ok(true)` at the end of the stream.
    pub fn discard(&self) -> io::Result<bool> {
        let mut scratch = [MaybeUninit::uninit(); 16 * 1024];
        each!(self, Stream, socket => socket.try_io(Interest::READABLE, || {
            self.socket().recv(&mut scratch).map(|len| len == 0)
        }))
    }

    /// Sets the `TCP_NODELAY` option; nothing on other sockets.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Stream::Unix(_) => Ok(()),
            Stream::Tcp(tcp) => tcp.set_nodelay(on),
        }
    }

    /// Sets the `SO_KEEPALIVE` option and the idle time before the first probe; nothing on other
    /// sockets.
    pub fn set_keepalive(&self, idle: Option<Duration>) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Stream::Unix(_) => Ok(()),
            Stream::Tcp(_) => match idle {
                Some(idle) if !idle.is_zero() => self
                    .socket()
                    .set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(idle)),
                on_or_off => self.socket().set_keepalive(on_or_off.is_some()),
            },
        }
    }

    fn socket(&self) -> SockRef<'_> {
        each!(self, Stream, socket => SockRef::from(socket))
    }
}

/// A peer that went away must be an error of the write, not a signal to the process.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const SEND_FLAGS: i32 = 0;

/// A listening socket, registered with the current runtime. Dropping it closes it and removes its
/// path if that is still its own.
#[derive(Debug)]
pub enum Listener {
    /// Unix.
    ///
    /// The path is dropped before the socket: while the socket is open its inode cannot be given
    /// to a file that another server puts at the path.
    #[cfg(unix)]
    Unix(unix::OwnPath, UnixListener),
    /// TCP.
    Tcp(TcpListener),
}

impl Listener {
    /// Binds and listens. Must be called with a runtime entered.
    pub fn listen(local: &Local) -> Result<Self, Error> {
        match local {
            #[cfg(unix)]
            Local::Unix(local) => {
                let endpoint = Endpoint::Path(local.path.clone());
                let bound = unix::listen(local).and_then(|(listener, path)| {
                    Ok(Listener::Unix(path, UnixListener::from_std(listener)?))
                });
                bound.map_err(|error| Error::new("listen", error, Some(endpoint)))
            }
            Local::Tcp(address) => tcp::listen(*address)
                .and_then(TcpListener::from_std)
                .map(Listener::Tcp)
                .map_err(|error| Error::new("listen", error, Some(Endpoint::Ip(*address)))),
        }
    }

    /// The bound IP address and port, for TCP.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        match self {
            #[cfg(unix)]
            Listener::Unix(..) => None,
            Listener::Tcp(tcp) => tcp.local_addr().ok(),
        }
    }

    /// The next connection. After an error the next call first waits a little.
    pub async fn accept(&self, failed_before: bool) -> Result<Stream, Error> {
        if failed_before {
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
        let accepted = match self {
            #[cfg(unix)]
            Listener::Unix(_, unix) => unix.accept().await.map(|(stream, _)| Stream::Unix(stream)),
            Listener::Tcp(tcp) => tcp.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
        };
        accepted.map_err(|error| Error::new("accept", error, None))
    }
}
