//! One message after the other over any stream of bytes, for who writes an end of its own. The host and
//! the worker of this crate have something faster.

use std::io;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{MAX_MESSAGE_BYTES, payload};
use crate::engine::codec::length;
use crate::engine::event::Event;
use crate::engine::link::Inbox;

/// Why a message was not sent or received.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The stream failed, or has ended.
    #[error("IO error: {0}")]
    Io(#[from] io::Error),
    /// The value has no bytes, or the bytes are no value.
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
    /// Over this stream.
    pub fn new(writer: S) -> Self {
        Self { stream: writer, message: PhantomData }
    }

    /// Sends one.
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
    stream: S,
    inbox: Inbox,
    /// What was received with a message and comes after it.
    waiting: std::collections::VecDeque<bytes::Bytes>,
    message: PhantomData<fn() -> R>,
}

impl<S: AsyncRead + Unpin, R: DeserializeOwned> SocketReader<S, R> {
    /// Over this stream.
    pub fn new(reader: S) -> Self {
        let inbox = Inbox::new(0, length::Decoder::new(MAX_MESSAGE_BYTES));
        Self { stream: reader, inbox, waiting: Default::default(), message: PhantomData }
    }

    /// Receives one. Nothing is lost when the future is dropped.
    pub async fn recv(&mut self) -> Result<R, SocketError> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Ok(payload::from_slice(&frame)?);
            }
            match self.inbox.next() {
                Some(Event::Frames { batch, .. }) => {
                    let frames = batch.frames(length::HEADER);
                    self.waiting.extend(frames.map(|frame| batch.bytes.slice_ref(frame)));
                }
                Some(Event::TooLarge { .. }) => {
                    return Err(payload::Error::TooLong(MAX_MESSAGE_BYTES).into());
                }
                Some(_) => {}
                None => match self.stream.read_buf(self.inbox.prepare()).await? {
                    0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                    len => drop(self.inbox.received(len)),
                },
            }
        }
    }
}
