//! A connected stream of any kind, and the socket calls that streams share.

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::AsRawFd;
use std::time::Duration;

use bytes::BytesMut;
use socket2::{SockRef, Socket};
use tokio::io::Interest;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::attachment::{Received, receive_all};
#[cfg(windows)]
use super::pipe;
#[cfg(unix)]
use super::quiet::Quiet;
#[cfg(unix)]
use super::unix;
use super::{Target, tcp, tls};
use crate::engine::error::{Endpoint, Error};

/// The two ends of an IP connection; a Unix socket has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
}

impl Ends {
    /// Those of a socket, if it is one of IP.
    pub(super) fn of(socket: &SockRef<'_>) -> Option<Self> {
        let local = socket.local_addr().ok()?.as_socket()?;
        Some(Self { local, peer: socket.peer_addr().ok()?.as_socket()? })
    }
}

/// A connected stream socket, registered with the current runtime.
#[derive(Debug)]
pub enum Stream {
    /// Unix.
    #[cfg(unix)]
    Unix(UnixStream),
    /// The same, for the tokio driver.
    #[cfg(unix)]
    Quiet(Quiet),
    /// A named pipe.
    #[cfg(windows)]
    Pipe(pipe::PipeStream),
    /// TCP.
    Tcp(TcpStream),
    /// TLS on top of one of them.
    Tls(Box<tls::TlsStream>),
}

/// The same expression for sockets and for the streams of this crate, which have methods of the same
/// names.
macro_rules! each {
    ($value:expr, $socket:ident => $body:expr, $own:ident => $other:expr) => {
        match $value {
            #[cfg(unix)]
            Stream::Unix($socket) => $body,
            #[cfg(unix)]
            Stream::Quiet($socket) => $body,
            #[cfg(windows)]
            Stream::Pipe($own) => $other,
            Stream::Tcp($socket) => $body,
            Stream::Tls($own) => $other,
        }
    };
}

impl Stream {
    /// Connects. One error per address that was tried.
    pub async fn connect(target: &Target) -> Result<Self, Vec<Error>> {
        let (target, settings) = match target {
            Target::Tls(below, settings) => (&**below, Some(settings)),
            target => (target, None),
        };
        let socket = Self::connect_plain(target).await?;
        match settings {
            Some(settings) => {
                socket.handshake(tls::Side::Client, settings).await.map_err(|e| vec![e])
            }
            None => Ok(socket),
        }
    }

    /// Puts TLS on top.
    pub async fn handshake(self, side: tls::Side, settings: &tls::Settings) -> Result<Self, Error> {
        match tls::handshake(self, side, settings).await {
            Ok(tls) => Ok(Stream::Tls(Box::new(tls))),
            Err(error) => Err(Error::new("read", error, None)),
        }
    }

    async fn connect_plain(target: &Target) -> Result<Self, Vec<Error>> {
        match target {
            #[cfg(unix)]
            Target::Unix(path) => {
                unix::check("connect", path).map_err(|error| vec![error])?;
                unix::connect(path).await.map(Stream::Unix).map_err(|error| {
                    vec![Error::new("connect", error, Some(Endpoint::Path(path.clone())))]
                })
            }
            #[cfg(windows)]
            Target::Pipe(name) => match pipe::connect(name).await {
                Ok(stream) => Ok(Stream::Pipe(stream)),
                Err(error) => {
                    Err(vec![Error::new("connect", error, Some(Endpoint::Path(name.clone())))])
                }
            },
            Target::Tcp(target) => tcp::connect(target).await.map(Stream::Tcp),
            Target::Tls(..) => {
                let error = io::ErrorKind::InvalidInput.into(); // TLS within TLS
                Err(vec![Error::new("connect", error, None)])
            }
        }
    }

    /// Both addresses, for IP.
    pub fn ends(&self) -> Option<Ends> {
        match self {
            #[cfg(unix)]
            Stream::Unix(_) | Stream::Quiet(_) => None,
            #[cfg(windows)]
            Stream::Pipe(_) => None,
            Stream::Tcp(tcp) => Ends::of(&SockRef::from(tcp)),
            Stream::Tls(tls) => tls.below().ends(),
        }
    }

    /// The TLS on top, if any.
    pub fn tls(&self) -> Option<&tls::TlsStream> {
        match self {
            Stream::Tls(tls) => Some(tls),
            _ => None,
        }
    }

    /// Waits until a read might succeed.
    pub async fn readable(&self) -> io::Result<()> {
        each!(self, socket => socket.readable().await, own => own.readable().await)
    }

    /// Waits until a write might succeed.
    pub async fn writable(&self) -> io::Result<()> {
        each!(self, socket => socket.writable().await, own => own.writable().await)
    }

    /// Reads once into the spare capacity of `buffer`, if the driver has seen the socket readable.
    /// 0: the peer has shut its side down.
    pub fn try_read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.try_read_all(buffer, None).map(|received| received.len)
    }

    /// The same, with what comes along: see [`receive_all`]. Only a stream that can attach has `largest`.
    pub fn try_read_all(
        &self,
        buffer: &mut BytesMut,
        largest: Option<usize>,
    ) -> io::Result<Received> {
        let room = buffer.capacity() - buffer.len();
        let mut taken = None;
        let read = || {
            let received = self.receive_all(buffer, largest)?;
            // A short read has emptied the socket. It is reported as "not ready any more", so that
            // the driver waits for the next edge instead of making another system call in vain.
            // What comes along also ends a read.
            let len = received.len;
            let is_empty = 0 < len && len < room && received.attachment.is_none();
            taken = Some(received);
            if is_empty && cfg!(unix) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        };
        let result = each!(
            self,
            socket => socket.try_io(Interest::READABLE, read),
            own => return own.try_read(buffer).map(Received::from)
        );
        taken.map_or_else(|| result.and(Err(io::ErrorKind::WouldBlock.into())), Ok)
    }

    /// Writes once, if the driver has seen the socket writable.
    pub fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let write = || self.send(pieces);
        each!(
            self,
            socket => socket.try_io(Interest::WRITABLE, write),
            own => own.try_write(pieces)
        )
    }

    /// Writes once, from any thread, without waiting. With TLS, only the flush task writes. After
    /// `WouldBlock`, offer the same bytes again: a pipe or TLS may have taken them already, and reports
    /// them once they have arrived.
    pub fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        each!(self, socket => send(&SockRef::from(socket), pieces), own => own.send(pieces))
    }

    /// Reads once into the spare capacity of `buffer`, from any thread, without waiting.
    pub fn receive(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.receive_all(buffer, None).map(|received| received.len)
    }

    /// The same, with what comes along: see [`receive_all`].
    pub fn receive_all(
        &self,
        buffer: &mut BytesMut,
        largest: Option<usize>,
    ) -> io::Result<Received> {
        each!(
            self,
            socket => receive_all(&SockRef::from(socket), buffer, usize::MAX, largest),
            own => own.receive(buffer).map(Received::from)
        )
    }

    /// The plain socket, for reads by another thread than the driver's; `None` with something on top of it.
    pub fn plain(&self) -> Option<SockRef<'_>> {
        each!(self, socket => Some(SockRef::from(socket)), _own => None)
    }

    /// Whether one side can end alone. If not, the peer sees the end when the stream is dropped,
    /// after everything that was sent.
    pub fn has_halves(&self) -> bool {
        each!(self, _socket => true, own => own.has_halves())
    }

    /// Ends this side: the peer reads to the end of what was sent. Does nothing without halves.
    pub fn shut_down(&self) {
        each!(
            self,
            socket => drop(SockRef::from(socket).shutdown(Shutdown::Write)),
            own => own.shut_down()
        )
    }

    /// Waits until the rest of what the peer sent before it closed can be read. False: it will not
    /// arrive. On a socket, all of it is already there.
    pub async fn settle(&self) -> bool {
        each!(self, _socket => true, own => own.settle().await)
    }

    /// Reads and drops what is there, encrypted or not. `Ok(true)` at the end of the stream.
    pub fn discard(&self) -> io::Result<bool> {
        match self {
            Stream::Tls(tls) => tls.discard(),
            plain => plain.try_read(&mut BytesMut::with_capacity(16 * 1024)).map(|len| len == 0),
        }
    }

    /// How much the peer has taken, as far as the system reports it: a larger value means that it has
    /// taken something since. Only compare values of the same stream.
    pub fn taken(&self) -> i64 {
        each!(self, socket => taken(&SockRef::from(socket)), own => own.taken())
    }

    /// The socket, for its options.
    pub fn socket(&self) -> Option<SockRef<'_>> {
        each!(self, socket => Some(SockRef::from(socket)), own => own.socket())
    }

    /// The same stream, if its user waits mostly for data and seldom for room: see `Quiet`. Must be called with a runtime
    /// entered.
    pub fn quiet(self) -> io::Result<Self> {
        match self {
            #[cfg(unix)]
            Stream::Unix(unix) => Quiet::new(unix.into_std()?.into()).map(Stream::Quiet),
            other => Ok(other),
        }
    }

    /// Removes the socket from the runtime's reactor.
    #[cfg(unix)]
    pub fn detach(self) -> io::Result<Socket> {
        Ok(match self {
            Stream::Unix(unix) => unix.into_std()?.into(),
            Stream::Quiet(unix) => unix.into_socket(),
            Stream::Tcp(tcp) => tcp.into_std()?.into(),
            Stream::Tls(_) => return Err(io::ErrorKind::Unsupported.into()), // would lose the session
        })
    }

    /// Registers a socket with the reactor of the current runtime.
    pub fn attach(socket: Socket) -> io::Result<Self> {
        #[cfg(unix)]
        if socket.local_addr()?.is_unix() {
            return UnixStream::from_std(socket.into()).map(Stream::Unix);
        }
        TcpStream::from_std(socket.into()).map(Stream::Tcp)
    }
}

/// See [`Stream::taken`]: grows as the system has less left to send. Always the same where the system does not tell.
pub fn taken(socket: &SockRef<'_>) -> i64 {
    held(socket).map_or(0, |held| -i64::from(held))
}

/// What the system holds of what was sent: until a Unix socket's peer has read it (memory, which is more than the bytes),
/// until a TCP peer has acknowledged it. `None` where it does not tell.
pub fn held(socket: &SockRef<'_>) -> Option<u32> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut held: libc::c_int = 0;
        // SAFETY: the descriptor is the socket's; the call writes one int.
        let told = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ as _, &raw mut held) };
        if told == 0 {
            return held.try_into().ok();
        }
    }
    let _ = socket;
    None
}

/// Repeats a call that a signal interrupted, as libuv does: nothing has happened yet.
pub(super) fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Writes once, from any thread, without blocking.
pub fn send(socket: &SockRef<'_>, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    #[cfg(all(test, unix))]
    super::failing::look(socket)?;
    if cfg!(windows) {
        return send_some(socket, pieces);
    }
    uninterrupted(|| match pieces {
        [piece] => socket.send_with_flags(piece, SEND_FLAGS),
        pieces => socket.send_vectored_with_flags(pieces, SEND_FLAGS),
    })
}

/// Sets the `TCP_NODELAY` option. Does nothing on other sockets.
pub fn set_nodelay(socket: &SockRef<'_>, on: bool) -> io::Result<()> {
    if is_tcp(socket) { socket.set_tcp_nodelay(on) } else { Ok(()) }
}

/// When a silent peer is probed. A value of 0 is left to the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepAlive {
    /// Silence before the first probe, in whole seconds.
    pub idle: Duration,
    /// Time between probes, in whole seconds.
    pub interval: Duration,
    /// Probes without an answer that end the connection.
    pub count: u32,
}

/// Sets the `SO_KEEPALIVE` option. Does nothing on sockets other than TCP.
pub fn set_keepalive(socket: &SockRef<'_>, probes: Option<KeepAlive>) -> io::Result<()> {
    if !is_tcp(socket) {
        return Ok(());
    }
    socket.set_keepalive(probes.is_some())?;
    let Some(KeepAlive { idle, interval, count }) = probes else { return Ok(()) };
    let mut parameters = socket2::TcpKeepalive::new();
    if !idle.is_zero() {
        parameters = parameters.with_time(idle);
    }
    if !interval.is_zero() {
        parameters = parameters.with_interval(interval);
    }
    #[cfg(not(windows))]
    if count > 0 {
        parameters = parameters.with_retries(count);
    }
    #[cfg(windows)]
    let _ = count; // older releases cannot set it
    socket.set_tcp_keepalive(&parameters)
}

/// Sets the type of service of a TCP connection (IPv6: the traffic class). Does nothing on other
/// sockets.
pub fn set_type_of_service(socket: &SockRef<'_>, value: u32) -> io::Result<()> {
    match socket.local_addr()?.as_socket() {
        None => Ok(()),
        #[cfg(unix)]
        Some(address) if address.is_ipv6() => socket.set_tclass_v6(value),
        Some(_) => socket.set_tos_v4(value),
    }
}

fn is_tcp(socket: &SockRef<'_>) -> bool {
    socket.local_addr().is_ok_and(|address| address.as_socket().is_some())
}

/// If the peer is gone, the write has to fail, not send a signal to the process.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const SEND_FLAGS: i32 = 0;

/// The most bytes of one send on Windows: its default send buffer.
const WINDOWS_SEND: usize = 64 * 1024;

/// Windows accepts a write of any size, or nothing. It would hold megabytes for a peer that does not
/// read, and report them as sent.
fn send_some(socket: &SockRef<'_>, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut total = 0;
    let fits = |piece: &&IoSlice<'_>| {
        total += piece.len();
        total <= WINDOWS_SEND
    };
    match (pieces.iter().take_while(fits).count(), pieces) {
        (0, [first, ..]) => socket.send_with_flags(&first[..WINDOWS_SEND], SEND_FLAGS),
        (count, _) => socket.send_vectored_with_flags(&pieces[..count], SEND_FLAGS),
    }
}
