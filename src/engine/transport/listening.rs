//! A listening socket, for the reactor of the I/O thread or for another loop. What it accepts is in no reactor where that can
//! be: its driver may have a loop of its own, and a reactor wakes its thread for each socket that it is given.

#[cfg(unix)]
use std::future::pending;
use std::io;
#[cfg(unix)]
use std::os::fd::{AsRawFd, RawFd};
#[cfg(unix)]
use std::sync::Arc;

#[cfg(unix)]
use socket2::Socket;
#[cfg(unix)]
use tokio::io::Interest;
#[cfg(unix)]
use tokio::io::unix::AsyncFd;
#[cfg(windows)]
use tokio::net::TcpListener;

use super::Fresh;
#[cfg(windows)]
use super::Stream;
#[cfg(unix)]
use super::quiet::registered;

/// See the module's page.
#[cfg(unix)]
#[derive(Debug)]
pub struct Listening {
    /// Comes first: the watch has to end before the descriptor is closed.
    registered: Option<AsyncFd<Arc<Socket>>>,
    socket: Arc<Socket>,
}

#[cfg(unix)]
impl Listening {
    /// Takes a socket that does not block. With `registers`, has the reactor of the current runtime watch it, which
    /// [`Listening::accept`] needs.
    pub fn new(socket: impl Into<Socket>, registers: bool) -> io::Result<Self> {
        let mut listening = Self { registered: None, socket: Arc::new(socket.into()) };
        if registers {
            listening.register()?;
        }
        Ok(listening)
    }

    /// See [`Listening::new`].
    pub fn register(&mut self) -> io::Result<()> {
        self.registered = Some(registered(self.socket.clone(), Interest::READABLE)?);
        Ok(())
    }

    /// The same socket, for another loop.
    pub fn entrance(&self) -> Entrance {
        Entrance(self.socket.clone())
    }

    /// The next connection. Comes only once it is registered.
    pub async fn accept(&self) -> io::Result<Fresh> {
        match &self.registered {
            Some(registered) => {
                registered.async_io(Interest::READABLE, |socket| accepted(socket)).await
            }
            None => pending().await,
        }
    }

    /// The next connection that is waiting already, if any.
    pub fn accept_now(&self) -> Option<Fresh> {
        accepted(&self.socket).ok()
    }
}

/// A listening socket that no reactor watches. The socket stays open as long as this.
#[cfg(unix)]
#[derive(Debug)]
pub struct Entrance(Arc<Socket>);

#[cfg(unix)]
impl Entrance {
    /// The next connection, if one is waiting.
    pub fn accept(&self) -> io::Result<Option<Fresh>> {
        match accepted(&self.0) {
            Ok(fresh) => Ok(Some(fresh)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
impl AsRawFd for Entrance {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(unix)]
fn accepted(listening: &Socket) -> io::Result<Fresh> {
    loop {
        match accept(listening) {
            Ok(socket) => return Ok(socket.into()),
            Err(error) if is_nothing(&error) => {}
            // The system asks for a descriptor before it looks whether anybody is there.
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
                    && !is_readable(listening) =>
            {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Err(error) => return Err(error),
        }
    }
}

/// As in libuv: a signal, or a peer that has left already, is not a failure of the listener.
pub fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted)
}

/// Accepts a socket that does not block, with one system call.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn accept(listening: &Socket) -> io::Result<Socket> {
    use std::os::fd::FromRawFd;

    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let (no_address, no_len) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the call asks for no address, and returns a descriptor that is this function's.
    unsafe {
        match libc::accept4(listening.as_raw_fd(), no_address, no_len, flags) {
            -1 => Err(io::Error::last_os_error()),
            accepted => Ok(Socket::from_raw_fd(accepted)),
        }
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android", target_os = "freebsd"))))]
fn accept(listening: &Socket) -> io::Result<Socket> {
    let (socket, _) = listening.accept()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whether a connection waits.
#[cfg(unix)]
fn is_readable(listening: &Socket) -> bool {
    let mut asked = libc::pollfd { fd: listening.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives as long as the call.
    unsafe { libc::poll(&raw mut asked, 1, 0) != 0 }
}

/// See the module's page.
#[cfg(windows)]
#[derive(Debug)]
pub struct Listening(TcpListener);

#[cfg(windows)]
impl Listening {
    /// Registers a socket that does not block with the current runtime: there is no other loop.
    pub fn new(socket: std::net::TcpListener, _registers: bool) -> io::Result<Self> {
        TcpListener::from_std(socket).map(Self)
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<Fresh> {
        self.0.accept().await.map(|(tcp, _)| Stream::Tcp(tcp).into())
    }

    /// The next connection that is waiting already, if any.
    pub fn accept_now(&self) -> Option<Fresh> {
        let (accepted, _) = socket2::SockRef::from(&self.0).accept().ok()?;
        accepted.set_nonblocking(true).ok()?;
        Stream::attach(accepted).map(Fresh::from).ok()
    }
}
