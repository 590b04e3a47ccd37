//! A connected Unix socket that the reactor watches for reading, and for writing only while a caller waits for room.
//!
//! Each time the peer reads, Linux wakes the processes that watch a Unix socket for writing. tokio's own socket is always
//! watched for both. So a side that waits for an answer would be woken twice: when the peer reads the request, and when the
//! answer arrives. Used by the tokio driver, through [`super::Stream`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use socket2::Socket;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// If the wait for room cannot be registered (no descriptor is left), it becomes a wait of this
/// long.
const PAUSE: Duration = Duration::from_millis(10);

/// See the module's page.
#[derive(Debug)]
pub struct Quiet(AsyncFd<Socket>);

impl Quiet {
    /// Registers with the current runtime.
    pub fn new(socket: Socket) -> io::Result<Self> {
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

    fn watched_for_room(&self) -> io::Result<AsyncFd<Socket>> {
        registered(self.0.get_ref().try_clone()?, Interest::WRITABLE)
    }

    /// Calls `act`. For a read, only if the reactor has seen the socket readable, which it forgets when `act` would
    /// block.
    pub fn try_io<T>(
        &self,
        interest: Interest,
        act: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if interest == Interest::READABLE { self.0.try_io(interest, |_| act()) } else { act() }
    }

    /// Removes it from the reactor.
    pub fn into_socket(self) -> Socket {
        self.0.into_inner()
    }
}

/// Has the reactor of the current runtime watch `socket`, which does not block.
pub fn registered<S: AsRawFd>(socket: S, interest: Interest) -> io::Result<AsyncFd<S>> {
    // SAFETY: a `Socket`, or a count of one, has one descriptor. It is open as long as the socket lives, and is not given
    // away before the socket is taken out of the `AsyncFd`.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
}

impl AsFd for Quiet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn pair() -> (Quiet, UnixStream) {
        let (own, peer) = UnixStream::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        (Quiet::new(own.into()).unwrap(), peer)
    }

    fn write(quiet: &Quiet, bytes: &[u8]) -> io::Result<usize> {
        quiet.try_io(Interest::WRITABLE, || quiet.0.get_ref().write(bytes))
    }

    #[tokio::test]
    async fn room_is_waited_for_again_and_again() {
        let (quiet, mut peer) = pair();
        for _ in 0..3 {
            let mut sent = 0;
            while let Ok(len) = write(&quiet, &[7; 4096]) {
                sent += len;
            }
            let drained = tokio::task::spawn_blocking(move || {
                peer.read_exact(&mut vec![0; sent]).unwrap();
                peer
            });
            quiet.writable().await.unwrap();
            write(&quiet, b"x").unwrap();
            peer = drained.await.unwrap();
            peer.read_exact(&mut [0]).unwrap();
        }
    }

    #[tokio::test]
    async fn what_comes_is_waited_for_and_so_is_the_end() {
        let (quiet, mut peer) = pair();
        let read = || quiet.try_io(Interest::READABLE, || quiet.0.get_ref().read(&mut [0; 9]));
        for len in [3, 1] {
            peer.write_all(&[1; 3][..len]).unwrap();
            quiet.readable().await.unwrap();
            assert_eq!(read().unwrap(), len);
            assert_eq!(read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
        drop(peer);
        quiet.readable().await.unwrap();
        assert_eq!(read().unwrap(), 0);
    }
}
