//! One connection: its bytes, the handshake, heartbeats. Used by `session` (for a ROUTER or REP), `req` and
//! `dealer`.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, sleep_until, timeout};

use super::outgoing::Outgoing;
use super::share::Share;
use super::{Error, Options};
use crate::engine::codec::zmtp::{self, Decoded, Decoder, Fault, Kind, Ready};
use crate::engine::error::Error as SystemError;
use crate::engine::panics::{self, caught_in, point};
use crate::engine::transport::{Stream, set_nodelay};

/// The bytes to ask for in a read: as many as are held already, within these limits.
const READ_MIN: usize = 16 * 1024;
const READ_MAX: usize = 256 * 1024;

/// How long the end of a connection waits for a peer that takes nothing.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// What a peer sends that the user of the link needs.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The handshake is over.
    Ready(Ready),
    /// A whole message.
    Message(Vec<Bytes>),
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    stream: Arc<Stream>,
    out: Arc<Outgoing>,
    decoder: Decoder,
    /// READY, to be sent after the peer's greeting has arrived.
    ready: Bytes,
    /// The decoder has bytes that were not decoded yet.
    undecoded: bool,
    /// Writing has failed. What the peer has sent is read first, if it comes in time.
    failed: Option<(io::Error, Instant)>,
    heartbeats: Heartbeats,
    handshake_until: Option<Instant>,
    /// What it holds is counted.
    share: Option<Share>,
}

impl Link {
    /// Sends the greeting.
    pub fn new(stream: Stream, kind: Kind, options: &Options) -> Self {
        if let Some(socket) = stream.socket() {
            let _ = set_nodelay(&socket, true);
        }
        let stream = Arc::new(stream);
        let out = Arc::new(Outgoing::new(stream.clone(), options));
        out.command(Bytes::copy_from_slice(&zmtp::greeting()));
        Self {
            stream,
            out,
            decoder: Decoder::new(kind, options.limits()),
            ready: zmtp::ready(kind, &options.identity),
            undecoded: false,
            failed: None,
            heartbeats: Heartbeats::new(options),
            handshake_until: Instant::now().checked_add(options.handshake_timeout),
            share: None,
        }
    }

    /// The same; what it holds of unfinished messages is counted.
    pub fn counted(self, share: Share) -> Self {
        Self { share: Some(share), ..self }
    }

    /// Its sending half.
    pub fn out(&self) -> &Arc<Outgoing> {
        &self.out
    }

    /// The next thing that the peer sends; `None` at the end of the stream. Meanwhile it writes, answers PINGs, and
    /// sends PINGs. Nothing is lost if the future is dropped. Without `read`, nothing is read and nothing comes.
    /// A panic is an error of the connection.
    pub async fn next(&mut self, read: bool) -> Result<Option<Incoming>, Error> {
        let next = caught_in(self.receive(read)).await;
        next.unwrap_or_else(|| Err(panics::error("read").into()))
    }

    async fn receive(&mut self, read: bool) -> Result<Option<Incoming>, Error> {
        loop {
            if read && self.undecoded && !self.out.owes_answers() {
                if let Some(incoming) = self.decode()? {
                    return Ok(Some(incoming));
                }
                self.undecoded = self.out.owes_answers();
                if let Some(share) = &mut self.share {
                    share.hold(self.decoder.partial_len());
                }
            }
            let read = read && !self.out.owes_answers();
            let wake = match (&mut self.failed, self.handshake_until) {
                (Some((_, until)), _) => {
                    if !read {
                        *until = Instant::now() + LINGER; // its time begins when it is read again
                    }
                    Some(*until)
                }
                (None, Some(until)) => Some(until),
                (None, None) => self.heartbeats.next(read),
            };
            let (out, stream, share) = (&self.out, &self.stream, &self.share);
            tokio::select! {
                biased; // a peer that was heard in time is not given up, however late we check
                () = out.changed() => {
                    if let Some(error) = out.failure() {
                        self.failed = Some((error, Instant::now() + LINGER));
                    }
                }
                ready = stream.writable(), if out.is_waiting() => match ready {
                    Ok(()) => out.flush(),
                    Err(error) => return Err(failure("write", error)),
                },
                ready = stream.readable(), if read => {
                    if !self.read(ready)? {
                        return self.end();
                    }
                }
                () = until(wake) => self.wake(read)?,
                () = ended(share) => return Err(Error::TooMuchBuffered),
            }
        }
    }

    /// Reads once. False at the end of the stream.
    fn read(&mut self, ready: io::Result<()>) -> Result<bool, Error> {
        let buffer = self.decoder.buffer();
        if buffer.is_empty() {
            *buffer = BytesMut::new(); // what came before keeps its own memory
        }
        buffer.reserve(buffer.len().clamp(READ_MIN, READ_MAX));
        match ready.and_then(|()| self.stream.try_read(buffer)) {
            Ok(0) => Ok(false),
            Ok(_) => {
                self.undecoded = true;
                self.heartbeats.heard();
                if let Some((_, until)) = &mut self.failed {
                    *until = Instant::now() + LINGER;
                }
                Ok(true)
            }
            Err(error) if is_passing(&error) => {
                if self.decoder.buffer().is_empty() {
                    *self.decoder.buffer() = BytesMut::new(); // an idle connection holds no buffer
                }
                Ok(true)
            }
            Err(error) => Err(failure("read", error)),
        }
    }

    fn end(&mut self) -> Result<Option<Incoming>, Error> {
        self.decoder.finish()?;
        match self.failed.take() {
            Some((error, _)) => Err(failure("write", error)),
            None => Ok(None),
        }
    }

    fn decode(&mut self) -> Result<Option<Incoming>, Fault> {
        point("zmtp-read");
        while let Some(decoded) = self.decoder.next()? {
            match decoded {
                Decoded::Greeted { heartbeats } => {
                    self.heartbeats.is_understood = heartbeats;
                    self.out.command(self.ready.clone());
                }
                Decoded::Ready(ready) => {
                    self.handshake_until = None;
                    self.heartbeats.start();
                    return Ok(Some(Incoming::Ready(ready)));
                }
                Decoded::Message(frames) => return Ok(Some(Incoming::Message(frames))),
                Decoded::Ping { ttl, context } => {
                    self.heartbeats.asked(ttl);
                    self.out.command(zmtp::pong(&context));
                    if self.out.owes_answers() {
                        return Ok(None); // `next` handles it again
                    }
                }
                Decoded::Pong { .. } => {}
            }
        }
        Ok(None)
    }

    /// A timer has fired.
    fn wake(&mut self, read: bool) -> Result<(), Error> {
        match self.failed.take_if(|_| read) {
            Some((error, _)) => return Err(failure("write", error)),
            None if self.failed.is_some() => return Ok(()),
            None => {}
        }
        if self.handshake_until.is_some() {
            return Err(Error::HandshakeTimeout);
        }
        if self.heartbeats.is_ping_due()? {
            self.out.command(zmtp::ping(0, b""));
        }
        Ok(())
    }

    /// Tells the peer why the handshake failed, and ends.
    pub async fn refuse(self, error: &Error) {
        if !matches!(error, Error::System(_) | Error::Protocol(Fault::Refused(_))) {
            self.out.command(zmtp::error(&error.to_string()));
        }
        self.close().await;
    }

    /// Writes what waits, ends this side, and waits for the peer's end, as long as the peer takes
    /// something.
    pub async fn close(self) {
        self.out.close();
        let mut end = pin!(self.finish());
        let mut before = self.progress();
        while timeout(LINGER, &mut end).await.is_err() {
            let now = self.progress();
            if now == before {
                return;
            }
            before = now;
        }
    }

    async fn finish(&self) -> io::Result<()> {
        while self.out.is_waiting() {
            self.stream.writable().await?;
            self.out.flush();
        }
        self.stream.shut_down();
        // Closing a socket with unread bytes would discard what the peer has not read yet.
        loop {
            self.stream.readable().await?;
            match self.stream.discard() {
                Ok(true) => return Ok(()),
                Ok(false) => tokio::task::yield_now().await,
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Changes when the peer takes something.
    pub fn progress(&self) -> (usize, i64) {
        (self.out.waiting(), self.stream.taken())
    }
}

fn failure(syscall: &'static str, error: io::Error) -> Error {
    SystemError::new(syscall, error, None).into()
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => pending().await,
    }
}

async fn ended(share: &Option<Share>) {
    match share {
        Some(share) => share.ended().await,
        None => pending().await,
    }
}

/// When to send a PING, and when the peer counts as gone.
#[derive(Debug)]
struct Heartbeats {
    interval: Option<Duration>,
    timeout: Duration,
    /// The peer can answer a PING.
    is_understood: bool,
    /// When to send the next PING.
    ask: Option<Instant>,
    /// When the peer is gone unless it is heard: because a PING was sent, or because of its own
    /// announcement.
    gone: Option<Instant>,
    /// The peer is not read from, so it cannot be heard.
    deaf: bool,
}

impl Heartbeats {
    fn new(options: &Options) -> Self {
        Self {
            interval: options.heartbeat_interval,
            timeout: options.heartbeat_timeout,
            is_understood: false,
            ask: None,
            gone: None,
            deaf: false,
        }
    }

    fn start(&mut self) {
        self.ask = self.interval.filter(|_| self.is_understood).and_then(after);
    }

    /// When something is due next. Nothing is due while the peer is not read from; afterwards it gets its full
    /// time again.
    fn next(&mut self, read: bool) -> Option<Instant> {
        if std::mem::replace(&mut self.deaf, !read) && read && self.gone.is_some() {
            self.gone = after(self.timeout);
        }
        self.ask.into_iter().chain(self.gone).min().filter(|_| read)
    }

    /// Something has arrived from the peer.
    fn heard(&mut self) {
        self.gone = None;
        if self.ask.is_some() {
            self.start();
        }
    }

    /// The peer has sent a PING, which says how long it will be silent at most.
    fn asked(&mut self, ttl: u16) {
        if ttl > 0 {
            self.gone = after(Duration::from_millis(u64::from(ttl) * 100));
        }
    }

    fn is_ping_due(&mut self) -> Result<bool, Error> {
        let now = Instant::now();
        if self.gone.is_some_and(|gone| gone <= now) {
            return Err(Error::HeartbeatTimeout);
        }
        let is_due = self.ask.is_some_and(|ask| ask <= now);
        if is_due {
            self.start();
            let gone = after(self.timeout);
            self.gone = self.gone.into_iter().chain(gone).min();
        }
        Ok(is_due)
    }
}

/// `None`: never.
fn after(duration: Duration) -> Option<Instant> {
    Instant::now().checked_add(duration)
}
