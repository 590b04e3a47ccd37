//! Sends and receives single messages over any stream of bytes, for programs with an end of their own. The
//! host and the worker of this crate use faster code.

use std::collections::VecDeque;
use std::io;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::incoming::{End, Incoming, KEEP};
use super::{MAX_MESSAGE_BYTES, payload};
use crate::engine::codec::length;

/// Why a message was not sent or received.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The stream failed or has ended.
    #[error("IO error: {0}")]
    Io(#[from] io::Error),
    /// The value cannot be encoded, or the bytes cannot be decoded.
    #[error("Bincode error: {0}")]
    Bincode(#[from] payload::Error),
    /// Longer than [`MAX_MESSAGE_BYTES`].
    #[error("Message too long to send")]
    MessageTooLong,
}

/// Sends messages.
#[derive(Debug)]
pub struct SocketWriter<S: AsyncWrite, W: Serialize> {
    stream: S,
    message: PhantomData<fn(W)>,
}

impl<S: AsyncWrite + Unpin, W: Serialize> SocketWriter<S, W> {
    /// A writer over this stream.
    pub fn new(writer: S) -> Self {
        Self { stream: writer, message: PhantomData }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The value cannot be encoded, is too long, or writing has failed.
    pub async fn send(&mut self, value: W) -> Result<(), SocketError> {
        let mut frame = vec![0; length::HEADER];
        payload::append(&value, &mut frame, MAX_MESSAGE_BYTES).map_err(|error| match error {
            payload::Error::TooLong(_) => SocketError::MessageTooLong,
            error => error.into(),
        })?;
        let header = length::header(frame.len() - length::HEADER);
        frame[..length::HEADER].copy_from_slice(&header.ok_or(SocketError::MessageTooLong)?);
        self.stream.write_all(&frame).await?;
        Ok(self.stream.flush().await?)
    }
}

/// Receives messages.
#[derive(Debug)]
pub struct SocketReader<S: AsyncRead, R: DeserializeOwned> {
    incoming: Incoming<S>,
    /// Messages that were received together with an earlier one.
    waiting: VecDeque<Bytes>,
    message: PhantomData<fn() -> R>,
}

impl<S: AsyncRead + Unpin, R: DeserializeOwned> SocketReader<S, R> {
    /// A reader over this stream.
    pub fn new(reader: S) -> Self {
        let incoming = Incoming::new(reader, MAX_MESSAGE_BYTES, KEEP);
        Self { incoming, waiting: VecDeque::new(), message: PhantomData }
    }

    /// Receives a message. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The other side has ended, what it sent is not a message or too long, or reading has failed.
    pub async fn recv(&mut self) -> Result<R, SocketError> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Ok(payload::from_slice(&frame)?);
            }
            let batch = self.incoming.next().await.map_err(|end| match end {
                End::Closed { .. } => io::Error::from(io::ErrorKind::UnexpectedEof).into(),
                End::Failed(error) => SocketError::Io(error),
                End::TooLong(_) => payload::Error::TooLong(MAX_MESSAGE_BYTES).into(),
            })?;
            let frames = batch.frames(length::HEADER);
            self.waiting.extend(frames.map(|frame| batch.bytes.slice_ref(frame)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::ServerSocketMessage;
    use super::*;

    #[test]
    fn messages_sent_are_received() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (near, far) = tokio::io::duplex(1 << 16);
            let mut writer = SocketWriter::new(near);
            let mut reader = SocketReader::<_, ServerSocketMessage<String>>::new(far);
            let message = |text: &str| ServerSocketMessage::Bidirectional {
                data: text.to_owned(),
                job_id: 7,
            };
            for text in ["one", "", "three"] {
                writer.send(message(text)).await.unwrap();
            }
            for text in ["one", "", "three"] {
                assert_eq!(reader.recv().await.unwrap(), message(text));
            }
            drop(writer);
            assert!(matches!(reader.recv().await, Err(SocketError::Io(_))));
        });
    }
}
