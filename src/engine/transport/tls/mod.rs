//! TLS over a stream socket, with rustls.
//!
//! * [`settings`]: one side's settings.
//! * [`verify`], [`outline`]: which certificates to trust.
//! * [`failure`]: what went wrong, under Node's codes.
//! * `handshake`: the handshake. Here: the bytes after it.
//!
//! Long messages are encrypted on the I/O thread: a direct write by the caller ([`TlsStream::send`]) is
//! deferred to the flush task. Encrypting a shorter one costs no more than handing it to that thread, so it has left
//! when the call returns. Encrypted bytes count as written only when the system has all of them, so the outbox
//! always knows what is unsent.

use std::io::{self, BufRead, IoSlice, Write};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Buf, BytesMut};
use rustls::Connection;
use socket2::SockRef;

use super::Stream;
use failure::Failure;
pub use handshake::handshake;
pub use settings::{Options, Settings};
use verify::Verifier;

pub mod failure;
mod handshake;
pub mod outline;
pub mod settings;
pub mod verify;

/// The most plaintext that is encrypted at once.
const WRITE_SIZE: usize = 64 * 1024;

/// The most plaintext that a caller's own thread encrypts. That takes about as long as handing it to the I/O thread,
/// which needs the memory that it is in, and wakes up for it.
const SEND_AT_MOST: usize = WRITE_SIZE;

/// Encrypted pieces after which other tasks get a turn.
const WRITE_TURN: usize = 8;

/// Ciphertext to ask the system for in one read.
const READ_SIZE: usize = 64 * 1024;

/// A wait for the socket below. It is boxed, because otherwise the future of a stream would contain
/// itself.
type Wait<'a, T = io::Result<()>> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A stream socket with TLS.
#[derive(Debug)]
pub struct TlsStream {
    socket: Stream,
    client: bool,
    session: Mutex<Session>,
    facts: Facts,
}

/// What is known about the connection after the handshake.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// The cipher suite's standard name.
    pub suite: String,
    /// The application protocol that was agreed on.
    pub alpn: Option<String>,
    /// Server: the name that the client asked for.
    pub server_name: Option<String>,
    /// Why the peer's certificate is not trusted: a code of [`verify::Problem`].
    pub problem: Option<&'static str>,
    /// The peer's certificates as sent, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Session {
    tls: Connection,
    /// Received ciphertext that was not processed yet.
    incoming: BytesMut,
    /// There may be plaintext without another read.
    more: bool,
    /// Reading from the socket failed, after something that had to be reported first.
    failed: Option<io::Error>,
    /// Plaintext bytes that were encrypted, but whose ciphertext the system has not taken
    /// completely.
    accepted: usize,
    /// Ciphertext bytes that the system has taken.
    moved: i64,
    /// Pieces that were encrypted in this turn of the flush task.
    turn: usize,
}

/// A side of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that connected.
    Client,
    /// The one that accepted.
    Server,
}

/// Passes some of `incoming` to the session.
fn take_in(tls: &mut Connection, incoming: &mut BytesMut) -> Result<(), rustls::Error> {
    match tls.read_tls(&mut &incoming[..]) {
        Ok(len) => incoming.advance(len),
        Err(error) => return Err(rustls::Error::General(error.to_string())),
    }
    tls.process_new_packets().map(drop)
}

/// Offers the system what the session wants to send (alerts, answers to key updates).
fn say_why(socket: &Stream, tls: &mut Connection) {
    let mut out = Ciphertext(|pieces: &[IoSlice<'_>]| socket.send(pieces));
    while tls.wants_write() && tls.write_tls(&mut out).is_ok_and(|len| len > 0) {}
}

impl Facts {
    fn new(tls: &Connection, verifier: &Verifier) -> Self {
        let chain = tls.peer_certificates().unwrap_or_default();
        let suite = tls.negotiated_cipher_suite().map(|suite| suite.suite());
        let protocol = tls.protocol_version().map(settings::version_name);
        Self {
            protocol: protocol.unwrap_or_default(),
            suite: suite.map(settings::suite_name).unwrap_or_default(),
            alpn: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            server_name: match tls {
                Connection::Client(_) => None,
                Connection::Server(server) => server.server_name().map(str::to_owned),
            },
            problem: verifier.problem().map(verify::Problem::code),
            chain: chain.iter().map(|certificate| certificate.to_vec()).collect(),
        }
    }
}

impl TlsStream {
    /// The stream below.
    pub fn below(&self) -> &Stream {
        &self.socket
    }

    /// See [`Stream::socket`].
    pub fn socket(&self) -> Option<SockRef<'_>> {
        self.socket.socket()
    }

    /// See [`Stream::has_halves`].
    pub fn has_halves(&self) -> bool {
        self.socket.has_halves()
    }

    /// See [`Stream::settle`].
    pub fn settle(&self) -> Wait<'_, bool> {
        Box::pin(self.socket.settle())
    }

    /// See [`Stream::taken`]. A large piece may take long, so its ciphertext that has left counts,
    /// too.
    pub fn taken(&self) -> i64 {
        self.session().moved + self.socket.taken()
    }

    /// See [`Facts`].
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// This side connected. It is not known whether the server is the right one until the consumer
    /// has checked.
    pub fn is_client(&self) -> bool {
        self.client
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Stream::readable`].
    pub fn readable(&self) -> Wait<'_> {
        Box::pin(
            async move { if self.session().more { Ok(()) } else { self.socket.readable().await } },
        )
    }

    /// See [`Stream::writable`].
    pub fn writable(&self) -> Wait<'_> {
        Box::pin(async move {
            if std::mem::take(&mut self.session().turn) >= WRITE_TURN {
                tokio::task::yield_now().await;
            }
            self.socket.writable().await
        })
    }

    /// See [`Stream::try_read`].
    pub fn try_read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.read_by(buffer, Stream::try_read)
    }

    /// See [`Stream::receive`].
    pub fn receive(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.read_by(buffer, Stream::receive)
    }

    /// Decrypts into the spare capacity of `buffer` until that is full or `read` has no more.
    fn read_by(
        &self,
        buffer: &mut BytesMut,
        read: impl Fn(&Stream, &mut BytesMut) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let Session { tls, incoming, more, failed, .. } = &mut *self.session();
        *more = true;
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let mut total = 0;
        loop {
            total += match take_plaintext(tls, buffer) {
                Ok(0) => return Ok(total), // full, or the peer's end, which the next call finds again
                Ok(len) => len,
                // A socket that ends without the end of TLS has ended normally, as in Node.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(total),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if incoming.is_empty() {
                        incoming.reserve(READ_SIZE);
                        match read(&self.socket, incoming) {
                            Ok(_) => {}
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                                *more = false;
                                *incoming = BytesMut::new(); // an idle connection holds none
                                return if total > 0 { Ok(total) } else { Err(error) };
                            }
                            Err(error) if total > 0 => {
                                *failed = Some(error);
                                return Ok(total);
                            }
                            Err(error) => return Err(error),
                        }
                    }
                    if let Err(error) = take_in(tls, incoming) {
                        say_why(&self.socket, tls);
                        let error = Failure::from(error).into();
                        if total > 0 {
                            *failed = Some(error); // the session must not see the same bytes again
                            return Ok(total);
                        }
                        return Err(error);
                    }
                    0
                }
                Err(error) => return Err(error),
            };
        }
    }

    /// See [`Stream::discard`]. From now on, only the socket below is read.
    pub fn discard(&self) -> io::Result<bool> {
        self.session().more = false;
        self.socket.discard()
    }

    /// See [`Stream::send`]. Long messages are deferred to the flush task: see the module's page.
    pub fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if pieces.iter().map(|piece| piece.len()).sum::<usize>() > SEND_AT_MOST {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.send_all(pieces)
    }

    /// The same, for any length.
    pub fn send_all(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        write_by(&mut self.session(), pieces, |pieces| self.socket.send(pieces))
    }

    /// See [`Stream::try_write`].
    pub fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let session = &mut *self.session();
        if session.accepted == 0 {
            if session.turn >= WRITE_TURN {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            session.turn += 1;
        }
        write_by(session, pieces, |pieces| self.socket.try_write(pieces))
    }

    /// Sends the end of TLS, and then ends this side of the socket.
    pub fn shut_down(&self) {
        let session = &mut *self.session();
        session.tls.send_close_notify();
        say_why(&self.socket, &mut session.tls);
        self.socket.shut_down();
    }
}

/// Encrypts `pieces` and passes the ciphertext to `write`. After `WouldBlock`, offer the same pieces again, and
/// any that follow: the part that was encrypted is remembered. An empty write is done at once.
fn write_by(
    session: &mut Session,
    pieces: &[IoSlice<'_>],
    mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        while session.tls.wants_write() {
            session.moved += session.tls.write_tls(&mut Ciphertext(&mut write))? as i64;
        }
        if session.accepted > 0 || pieces.iter().all(|piece| piece.is_empty()) {
            return Ok(std::mem::take(&mut session.accepted));
        }
        session.accepted = session.tls.writer().write_vectored(pieces)?;
        if session.accepted == 0 {
            return Ok(0); // they are empty
        }
    }
}

/// Moves the session's plaintext into the spare capacity of `buffer`. `Ok(0)`: no capacity is left,
/// or the peer has said that it sends no more.
fn take_plaintext(tls: &mut Connection, buffer: &mut BytesMut) -> io::Result<usize> {
    let room = buffer.capacity() - buffer.len();
    let mut reader = tls.reader();
    let plaintext = reader.fill_buf()?;
    let len = plaintext.len().min(room);
    buffer.extend_from_slice(&plaintext[..len]);
    reader.consume(len);
    Ok(len)
}

/// Where the session writes its ciphertext to.
struct Ciphertext<F>(F);

impl<F: FnMut(&[IoSlice<'_>]) -> io::Result<usize>> Write for Ciphertext<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        (self.0)(&pieces[..pieces.len().min(WRITE_PIECES)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The most pieces in one vectored write (all systems take at least 16).
const WRITE_PIECES: usize = 16;
