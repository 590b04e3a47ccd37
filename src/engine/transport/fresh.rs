//! A connected stream that has no driver yet: what connecting and accepting end with.

use std::io::{self, IoSlice};
#[cfg(unix)]
use std::net::Shutdown;

use socket2::SockRef;
#[cfg(unix)]
use socket2::Socket;

#[cfg(unix)]
use super::quiet::Quiet;
#[cfg(unix)]
use super::stream;
use super::tls::{Facts, TlsStream};
use super::{Ends, Stream};

/// See the module's page.
#[derive(Debug)]
pub enum Fresh {
    /// A socket in no reactor: the loop driver needs none.
    #[cfg(unix)]
    Socket(Socket),
    /// A stream in the reactor of the I/O thread.
    Stream(Stream),
}

impl From<Stream> for Fresh {
    fn from(stream: Stream) -> Self {
        Fresh::Stream(stream)
    }
}

#[cfg(unix)]
impl From<Socket> for Fresh {
    fn from(socket: Socket) -> Self {
        Fresh::Socket(socket)
    }
}

impl Fresh {
    /// The stream, unless it is a plain socket.
    pub fn stream(&self) -> Option<&Stream> {
        match self {
            #[cfg(unix)]
            Fresh::Socket(_) => None,
            Fresh::Stream(stream) => Some(stream),
        }
    }

    /// See [`Stream::ends`].
    pub fn ends(&self) -> Option<Ends> {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) => Ends::of(&SockRef::from(socket)),
            Fresh::Stream(stream) => stream.ends(),
        }
    }

    /// The TLS on top, if any.
    pub fn tls(&self) -> Option<&TlsStream> {
        self.stream()?.tls()
    }

    /// What is known of the TLS on top.
    pub fn facts(&self) -> Option<Box<Facts>> {
        self.tls().map(|tls| Box::new(tls.facts().clone()))
    }

    /// See [`Stream::send`].
    pub fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) => stream::send(&SockRef::from(socket), pieces),
            Fresh::Stream(stream) => stream.send(pieces),
        }
    }

    /// See [`Stream::shut_down`].
    pub fn shut_down(&self) {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) => drop(socket.shutdown(Shutdown::Write)),
            Fresh::Stream(stream) => stream.shut_down(),
        }
    }

    /// See [`Stream::taken`].
    pub fn taken(&self) -> i64 {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) => stream::taken(&SockRef::from(socket)),
            Fresh::Stream(stream) => stream.taken(),
        }
    }

    /// The socket, for its options.
    pub fn socket(&self) -> Option<SockRef<'_>> {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) => Some(SockRef::from(socket)),
            Fresh::Stream(stream) => stream.socket(),
        }
    }

    /// A stream for the tokio driver. Must be called with a runtime entered.
    pub fn quiet(self) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) if socket.local_addr()?.is_unix() => {
                Quiet::new(socket).map(Stream::Quiet)
            }
            fresh => fresh.attach()?.quiet(),
        }
    }

    /// A stream in the reactor of the current runtime.
    pub fn attach(self) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Fresh::Socket(socket) => Stream::attach(socket),
            Fresh::Stream(stream) => Ok(stream),
        }
    }

    /// A socket that is in no reactor. TLS has none.
    #[cfg(unix)]
    pub fn detach(self) -> io::Result<Socket> {
        match self {
            Fresh::Socket(socket) => Ok(socket),
            Fresh::Stream(stream) => stream.detach(),
        }
    }
}
