//! What both sides of a connection send before the first frame, so that neither misreads the other's frames. Part of a
//! [`super::framing::Framing`]; sent and checked on the I/O thread, before the connection is reported.
//!
//! Both sides send the same bytes, which the consumer makes, except for one: it says whether the side can take memory beside
//! its bytes. If the peer's bytes begin like this side's but differ later, the peer uses another version of the format.

use std::fmt;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::timeout;

use super::error::Error;
use super::transport::tls::failure::Failure;
use super::transport::{Fresh, Stream, Target, last_words};

/// The code of a failure.
pub const CODE: &str = "ERR_FERRIPC_SERIALIZATION";

/// A greeting.
#[derive(Clone)]
pub struct Greeting {
    text: Vec<u8>,
    /// How many bytes at the beginning name the format. The following bytes are the version.
    common: usize,
    /// Where the text has `0` that becomes `1` if this side can take memory.
    memory_at: usize,
    patience: Duration,
}

impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Greeting").field("text", &self.shown(&self.text)).finish_non_exhaustive()
    }
}

/// What is known about the peer.
enum Met {
    /// It uses the same format. Memory may go both ways?
    Alike { attaches: bool },
    /// It sent something else.
    Other(Failure),
    /// It left without sending anything.
    Gone,
}

/// A stream whose sides have greeted each other, or need not.
#[derive(Debug)]
pub struct Greeted {
    /// The stream.
    pub stream: Fresh,
    /// Memory may go and come beside its bytes.
    pub attaches: bool,
}

impl<S: Into<Fresh>> From<S> for Greeted {
    fn from(stream: S) -> Self {
        Self { stream: stream.into(), attaches: false }
    }
}

const NO: u8 = b'0';
const YES: u8 = b'1';

impl Greeting {
    /// Sends `text`, and waits up to `patience` for the same text. `common` and `memory_at`: see the fields.
    pub fn new(text: Vec<u8>, common: usize, memory_at: usize, patience: Duration) -> Self {
        Self { text, common, memory_at, patience }
    }

    /// Connects, and exchanges greetings. One error per address that was tried.
    pub async fn connect(
        greeting: Option<Arc<Self>>,
        target: &Target,
    ) -> Result<Greeted, Vec<Error>> {
        let stream = Stream::connect(target).await?;
        let Some(greeting) = greeting else { return Ok(stream.into()) };
        let failed = |source| vec![Error::new("connect", source, None)];
        match greeting.exchange(stream).await.map_err(failed)? {
            Some(greeted) => Ok(greeted),
            None => {
                let message = "The peer closed the connection before it had begun";
                Err(failed(Failure::new("ECONNRESET", message).into()))
            }
        }
    }

    /// Exchanges greetings with a client. `Ok(None)`: the client left without sending anything, as programs do that
    /// only check whether a server listens.
    pub async fn accept(&self, stream: Stream) -> Result<Option<Greeted>, Error> {
        match self.exchange(stream).await {
            Err(source) if Failure::of(&source).is_none() => Ok(None),
            met => met.map_err(|source| Error::new("accept", source, None)),
        }
    }

    async fn exchange(&self, stream: Stream) -> io::Result<Option<Greeted>> {
        match timeout(self.patience, self.talk(&stream)).await {
            Ok(Ok(Met::Alike { attaches })) => {
                Ok(Some(Greeted { stream: stream.into(), attaches }))
            }
            Ok(Ok(Met::Gone)) => Ok(None),
            Ok(Ok(Met::Other(failure))) => {
                last_words::let_read(stream);
                Err(failure.into())
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let message = format!(
                    "The peer has not said within {} ms that it has serialization 'advanced': both sides need the same",
                    self.patience.as_millis()
                );
                last_words::let_read(stream);
                Err(Failure::new(CODE, message).into())
            }
        }
    }

    async fn talk(&self, stream: &Stream) -> io::Result<Met> {
        let own = self.said(stream.can_attach());
        let mut rest = &own[..];
        while !rest.is_empty() {
            match stream.try_write(&[IoSlice::new(rest)]) {
                Ok(len) => rest = &rest[len..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    stream.writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
        // Only as much room as the greeting needs: what follows belongs to the decoder.
        let mut theirs = BytesMut::with_capacity(self.text.len());
        while theirs.len() < self.text.len() {
            stream.readable().await?;
            match stream.try_read(&mut theirs) {
                Ok(0) if theirs.is_empty() => return Ok(Met::Gone),
                Ok(0) => return Ok(Met::Other(self.unlike(&theirs))),
                Ok(_) if self.is_like(&theirs) || self.may_tell_more(&theirs) => {}
                Ok(_) => return Ok(Met::Other(self.unlike(&theirs))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if !self.is_like(&theirs) {
            return Ok(Met::Other(self.unlike(&theirs)));
        }
        let is_said = |text: &[u8]| text.get(self.memory_at) == Some(&YES);
        Ok(Met::Alike { attaches: is_said(&own) && is_said(&theirs) })
    }

    /// What this side sends on a stream where it can take memory, or not.
    fn said(&self, can_attach: bool) -> Vec<u8> {
        let mut own = self.text.clone();
        if let Some(said) = own.get_mut(self.memory_at)
            && can_attach
        {
            *said = YES;
        }
        own
    }

    /// It is the beginning of a greeting, whether or not the peer can take memory.
    fn is_like(&self, theirs: &[u8]) -> bool {
        let may_say = |at| at == self.memory_at;
        let is_same = |(at, (own, said)): (usize, (&u8, &u8))| {
            own == said || (may_say(at) && matches!(*said, NO | YES))
        };
        theirs.len() <= self.text.len() && self.text.iter().zip(theirs).enumerate().all(is_same)
    }

    /// It is of the same format, and its version is still to come.
    fn may_tell_more(&self, theirs: &[u8]) -> bool {
        theirs.starts_with(&self.text[..self.common])
            && !theirs[self.common..].contains(&b'"')
            && theirs.len() < self.text.len()
    }

    fn unlike(&self, theirs: &[u8]) -> Failure {
        let message = if theirs.starts_with(&self.text[..self.common]) {
            format!(
                "The peer has serialization 'advanced' in another form, {}, and this side has {}",
                self.shown(theirs),
                self.shown(&self.text)
            )
        } else {
            "The peer does not have serialization 'advanced': both sides need the same".to_owned()
        };
        Failure::new(CODE, message)
    }

    /// The version in a greeting.
    fn shown(&self, text: &[u8]) -> String {
        let version = text.get(self.common..).unwrap_or_default();
        let version = version.split(|byte| *byte == b'"').next().unwrap_or_default();
        String::from_utf8_lossy(version).chars().filter(|one| !one.is_control()).collect()
    }
}
