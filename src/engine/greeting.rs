//! What both sides of a connection send before the first frame, so that neither misreads the other's frames. Part of a
//! [`super::framing::Framing`]; sent and checked on the I/O thread, before the connection is reported.
//!
//! Both sides send the same bytes, which the consumer makes. If the peer's bytes begin like this side's but differ
//! later, the peer uses another version of the format.

use std::fmt;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::timeout;

use super::error::Error;
use super::transport::tls::failure::Failure;
use super::transport::{Stream, Target, last_words};

/// The code of a failure.
pub const CODE: &str = "ERR_FERRIPC_SERIALIZATION";

/// A greeting.
#[derive(Clone)]
pub struct Greeting {
    text: Vec<u8>,
    /// How many bytes at the beginning name the format. The following bytes are the version.
    common: usize,
    patience: Duration,
}

impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Greeting").field("text", &self.shown(&self.text)).finish_non_exhaustive()
    }
}

/// What is known about the peer.
enum Met {
    Alike,
    /// It sent something else.
    Other(Failure),
    /// It left without sending anything.
    Gone,
}

impl Greeting {
    /// Sends `text`, and waits up to `patience` for the same text. `common`: see the fields.
    pub fn new(text: Vec<u8>, common: usize, patience: Duration) -> Self {
        Self { text, common, patience }
    }

    /// Connects, and exchanges greetings. One error per address that was tried.
    pub async fn connect(
        greeting: Option<Arc<Self>>,
        target: &Target,
    ) -> Result<Stream, Vec<Error>> {
        let stream = Stream::connect(target).await?;
        let Some(greeting) = greeting else { return Ok(stream) };
        let failed = |source| vec![Error::new("connect", source, None)];
        match greeting.exchange(stream).await.map_err(failed)? {
            Some(stream) => Ok(stream),
            None => {
                let message = "The peer closed the connection before it had begun";
                Err(failed(Failure::new("ECONNRESET", message).into()))
            }
        }
    }

    /// Exchanges greetings with a client. `Ok(None)`: the client left without sending anything, as programs do that
    /// only check whether a server listens.
    pub async fn accept(&self, stream: Stream) -> Result<Option<Stream>, Error> {
        match self.exchange(stream).await {
            Err(source) if Failure::of(&source).is_none() => Ok(None),
            met => met.map_err(|source| Error::new("accept", source, None)),
        }
    }

    async fn exchange(&self, stream: Stream) -> io::Result<Option<Stream>> {
        match timeout(self.patience, self.talk(&stream)).await {
            Ok(Ok(Met::Alike)) => Ok(Some(stream)),
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
        let mut rest = &self.text[..];
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
                Ok(_) if self.text.starts_with(&theirs) => {}
                Ok(_) if self.may_tell_more(&theirs) => {}
                Ok(_) => return Ok(Met::Other(self.unlike(&theirs))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if theirs == self.text { Met::Alike } else { Met::Other(self.unlike(&theirs)) })
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
