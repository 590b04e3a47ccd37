//! A listening socket in the reactor of the I/O thread. What it accepts is in no reactor where that can be: its driver may
//! have a loop of its own, and a reactor wakes its thread for each socket that it is given.

use std::io;
#[cfg(unix)]
use std::os::fd::AsRawFd;

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
pub struct Listening(AsyncFd<Socket>);

#[cfg(unix)]
impl Listening {
    /// Registers a socket that does not block. Must be called with a runtime entered.
    pub fn new(socket: impl Into<Socket>) -> io::Result<Self> {
        registered(socket.into(), Interest::READABLE).map(Self)
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<Fresh> {
        self.0.async_io(Interest::READABLE, accepted).await
    }

    /// The next connection that is waiting already, if any.
    pub fn accept_now(&self) -> Option<Fresh> {
        accepted(self.0.get_ref()).ok()
    }
}

#[cfg(unix)]
fn accepted(listening: &Socket) -> io::Result<Fresh> {
    let accepted = listening.accept().map_err(|error| match error.raw_os_error() {
        // The system asks for a descriptor before it looks whether anybody is there.
        Some(libc::EMFILE | libc::ENFILE) if !is_readable(listening) => {
            io::ErrorKind::WouldBlock.into()
        }
        _ => error,
    });
    let (socket, _) = accepted?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
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
    /// Registers a socket that does not block. Must be called with a runtime entered.
    pub fn new(socket: std::net::TcpListener) -> io::Result<Self> {
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
