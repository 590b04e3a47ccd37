//! A connected Unix socket whose reactor hears of what comes, and of room to write only while somebody waits for it.
//!
//! Linux tells who watches a Unix socket for room each time that the peer has read something. tokio's own socket is always
//! watched for both, so a side that waits for an answer would be woken twice: when the peer has read the question, and when the
//! answer has come. Used by the tokio driver, by way of [`super::Stream`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// A wait for room that cannot be had (no descriptor is left) becomes one of this time.
const PAUSE: Duration = Duration::from_millis(10);

/// See the module's page.
#[derive(Debug)]
pub struct Quiet(AsyncFd<UnixStream>);

impl Quiet {
    /// Registers with the runtime that is entered.
    pub fn new(socket: UnixStream) -> io::Result<Self> {
        Ok(Self(registered(socket, Interest::READABLE)?))
    }

    /// Waits until a read might succeed.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.readable().await.map(drop)
    }

    /// Waits until a write might succeed.
    pub async fn writable(&self) -> io::Result<()> {
        match self.watched_for_room() {
            Ok(copy) => copy.writable().await.map(drop),
            Err(_) => {
                sleep(PAUSE).await;
                Ok(())
            }
        }
    }

    fn watched_for_room(&self) -> io::Result<AsyncFd<UnixStream>> {
        registered(self.0.get_ref().try_clone()?, Interest::WRITABLE)
    }

    /// Calls `act`: to read only when the reactor has seen the socket readable, which it forgets when `act` would block.
    pub fn try_io<T>(
        &self,
        interest: Interest,
        act: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if interest == Interest::READABLE { self.0.try_io(interest, |_| act()) } else { act() }
    }

    /// Takes it out of the reactor.
    pub fn into_std(self) -> UnixStream {
        self.0.into_inner()
    }
}

fn registered(socket: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    // SAFETY: the standard library's socket has one descriptor, which is open as long as it lives, and is given to nobody
    // before it is taken out of the `AsyncFd`.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
}

impl AsFd for Quiet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
