//! Codecs: bytes <-> frames, without I/O or clock. One wire format, one file, and
//! what reading its frames takes.

pub mod delimited;
pub mod envelope;
pub mod json;
pub mod json_stream;
pub mod text;

use bytes::{Bytes, BytesMut};

use delimited::{Decoded, Delimiter};

/// How frames follow each other in a stream.
#[derive(Debug, Clone)]
pub enum Codec {
    /// Each ends with a delimiter.
    Delimited(Delimiter),
    /// They are JSON values, with nothing between them.
    JsonStream,
}

impl Codec {
    /// What is written after each frame.
    pub fn delimiter(&self) -> &[u8] {
        match self {
            Self::Delimited(delimiter) => delimiter,
            Self::JsonStream => &[],
        }
    }
}

/// An incremental decoder of one byte stream.
#[derive(Debug)]
pub enum Decoder {
    /// See [`delimited`].
    Delimited(delimited::Decoder),
    /// See [`json_stream`].
    JsonStream(json_stream::Decoder),
}

/// Calls the same method of whichever decoder there is.
macro_rules! each {
    ($self:ident, $decoder:ident => $call:expr) => {
        match $self {
            Self::Delimited($decoder) => $call,
            Self::JsonStream($decoder) => $call,
        }
    };
}

impl Decoder {
    /// A decoder for `codec` that keeps at most `max_frame` bytes of one frame.
    pub fn new(codec: &Codec, max_frame: usize) -> Self {
        match codec {
            Codec::Delimited(delimiter) => {
                Self::Delimited(delimited::Decoder::new(delimiter.clone(), max_frame))
            }
            Codec::JsonStream => Self::JsonStream(json_stream::Decoder::new(max_frame)),
        }
    }

    /// The buffer that received bytes are to be appended to, before [`Decoder::next`] is called.
    pub fn buffer(&mut self) -> &mut BytesMut {
        each!(self, decoder => decoder.buffer())
    }

    /// Bytes of the frame that has begun and not ended (0: the stream stands between two frames).
    pub fn partial_len(&self) -> u64 {
        each!(self, decoder => decoder.partial_len())
    }

    /// Takes what was received of an unfinished frame.
    pub fn take_partial(&mut self) -> Bytes {
        each!(self, decoder => decoder.take_partial())
    }

    /// The next complete frames, or `None` until more bytes are appended.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Decoded> {
        each!(self, decoder => decoder.next())
    }
}
