//! Incoming frames. Used by both sides' sessions and by [`SocketReader`](super::socket::SocketReader).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::engine::codec::{Batch, length};
use crate::engine::event::Event;
use crate::engine::link::Inbox;

/// A buffer that is larger than this is freed once its frames are processed.
pub(super) const KEEP: usize = 4 << 20;

/// The receiving half of a session.
#[derive(Debug)]
pub(super) struct Incoming<S> {
    reader: S,
    inbox: Inbox,
    keep: usize,
    large: bool,
}

/// Why there are no more frames.
#[derive(Debug)]
pub(super) enum End {
    /// The peer has ended its side, possibly within a frame.
    Closed {
        /// Whether it was within a frame.
        truncated: bool,
    },
    /// The transport has failed.
    Failed(io::Error),
    /// A frame of this many bytes, over the limit, has begun.
    TooLong(u64),
}

impl<S: AsyncRead + Unpin> Incoming<S> {
    /// Reads frames of at most `most` bytes. A buffer of up to `keep` bytes is kept for later frames.
    pub fn new(reader: S, most: usize, keep: usize) -> Self {
        Self { reader, inbox: Inbox::new(0, length::Decoder::new(most)), keep, large: false }
    }

    /// The next frames, with a gap of [`length::HEADER`]. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Batch, End> {
        loop {
            while let Some(event) = self.inbox.next() {
                match event {
                    Event::Frames { batch, .. } => {
                        self.large = batch.bytes.len() > self.keep;
                        return Ok(batch);
                    }
                    Event::TooLarge { len, .. } => return Err(End::TooLong(len)),
                    _ => {}
                }
            }
            if std::mem::take(&mut self.large) {
                drop(self.inbox.rest());
            }
            match self.reader.read_buf(self.inbox.prepare()).await {
                Ok(0) => return Err(End::Closed { truncated: self.inbox.finish().is_some() }),
                Ok(len) => drop(self.inbox.received(len)),
                Err(error) => return Err(End::Failed(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    async fn all(bytes: &[u8]) -> (Vec<Vec<u8>>, End) {
        let (mut near, far) = tokio::io::duplex(5);
        let sent = async {
            let _ = near.write_all(bytes).await;
            drop(near);
        };
        let received = async {
            let mut incoming = Incoming::new(far, 100, KEEP);
            let mut frames = Vec::new();
            loop {
                match incoming.next().await {
                    Ok(batch) => frames.extend(batch.frames(length::HEADER).map(<[u8]>::to_vec)),
                    Err(end) => return (frames, end),
                }
            }
        };
        tokio::join!(sent, received).1
    }

    #[test]
    fn frames_come_until_the_end_whatever_it_is() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let two = b"\0\0\0\x03one\0\0\0\0".as_slice();
            let (frames, end) = all(two).await;
            assert_eq!(frames, [b"one".as_slice(), b""]);
            assert!(matches!(end, End::Closed { truncated: false }));
            let (frames, end) = all(&[two, b"\0\0\0\x02x"].concat()).await;
            assert!(frames.len() == 2 && matches!(end, End::Closed { truncated: true }));
            let (frames, end) = all(&[two, b"\0\0\0\x65"].concat()).await;
            assert!(frames.len() == 2 && matches!(end, End::TooLong(101)));
        });
    }
}
