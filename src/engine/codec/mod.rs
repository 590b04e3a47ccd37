//! Codecs: bytes <-> frames, without I/O or clock. Each wire format has one file; other files help to
//! read the frames.
//!
//! [`Decoder`] is what a connection holds ([`crate::engine::link::Inbox`]): one of the formats. All of them
//! yield [`Decoded`], so that consumers of frames need not know how the frames were separated. ([`meta_nul`] is not
//! one of these: its frames are messages of a queue, which come whole. Nor is [`zmtp`], whose decoder yields more
//! than frames.)

use bytes::{Bytes, BytesMut};

use self::delimited::Delimiter;

pub mod delimited;
pub mod envelope;
pub mod json;
pub mod json_stream;
pub mod length;
pub mod meta_nul;
pub mod text;
pub mod values;
pub mod zmtp;

/// A batch has no more bytes than this, so that a consumer can yield between batches, unless it is one frame. (V8 has
/// pages of their own for strings of 128 KiB and more, which cost more than what is in them.)
pub const BATCH_BYTES: usize = 64 * 1024;

/// For the same reason, a batch never holds more frames than this.
pub const BATCH_FRAMES: usize = 2048;

/// Complete frames of one stretch of the stream, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The frames with what lies between them: a delimiter, or the next one's length. Nothing is before the
    /// first frame or after the last one.
    pub bytes: Bytes,
    /// End offset (exclusive) of each frame in `bytes`. A frame starts one gap after the end of the
    /// frame before it.
    pub ends: Vec<usize>,
}

impl Batch {
    /// The frames, in order, where `gap` is the byte length of what lies between two of them
    /// ([`Decoder::gap`]).
    pub fn frames(&self, gap: usize) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let frame = &self.bytes[start..end];
            start = end + gap;
            frame
        })
    }
}

/// What a decoder yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// One or more complete frames.
    Batch(Batch),
    /// A frame longer than the limit, of this many bytes, is discarded. The stream goes on after it.
    TooLarge(u64),
}

/// How the frames of a connection of the hub are separated.
#[derive(Debug, Clone)]
pub enum Codec {
    /// Each ends with a delimiter.
    Delimited(Delimiter),
    /// They are JSON values, with nothing between them.
    JsonStream,
    /// Each has its length in front, which the writer puts there.
    Length,
}

impl Codec {
    /// The bytes after each frame.
    pub fn delimiter(&self) -> &[u8] {
        match self {
            Self::Delimited(delimiter) => delimiter,
            Self::JsonStream | Self::Length => &[],
        }
    }
}

/// An incremental decoder of one byte stream, of any format.
#[derive(Debug)]
pub enum Decoder {
    /// Frames that end with a delimiter: node-ipc.
    Delimited(delimited::Decoder),
    /// JSON values without anything between them: ipcIO.
    JsonStream(json_stream::Decoder),
    /// Frames with their length in front: ipc2, and node-ipc's messages with values as they are.
    Length(length::Decoder),
}

/// The same expression for each format: all decoders have methods of the same names.
macro_rules! each {
    ($decoder:expr, $own:ident => $body:expr) => {
        match $decoder {
            Decoder::Delimited($own) => $body,
            Decoder::JsonStream($own) => $body,
            Decoder::Length($own) => $body,
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
            Codec::Length => Self::Length(length::Decoder::new(max_frame)),
        }
    }

    /// Bytes between two frames of a [`Batch`].
    pub fn gap(&self) -> usize {
        match self {
            Decoder::Delimited(decoder) => decoder.delimiter_len(),
            Decoder::JsonStream(_) => 0,
            Decoder::Length(_) => length::HEADER,
        }
    }

    /// How many bytes of the unfinished frame are still to come, if known.
    pub fn missing(&self) -> usize {
        if let Decoder::Length(decoder) = self { decoder.missing() } else { 0 }
    }

    /// The buffer to append received bytes to, before calling [`Decoder::next`].
    pub fn buffer(&mut self) -> &mut BytesMut {
        each!(self, decoder => decoder.buffer())
    }

    /// Bytes of the unfinished frame (0: the stream is between two frames).
    pub fn partial_len(&self) -> u64 {
        each!(self, decoder => decoder.partial_len())
    }

    /// Takes the received part of an unfinished frame.
    pub fn take_partial(&mut self) -> Bytes {
        each!(self, decoder => decoder.take_partial())
    }

    /// The next complete frames, or `None` until more bytes are appended.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Decoded> {
        each!(self, decoder => decoder.next())
    }
}

impl From<delimited::Decoder> for Decoder {
    fn from(decoder: delimited::Decoder) -> Self {
        Decoder::Delimited(decoder)
    }
}

impl From<length::Decoder> for Decoder {
    fn from(decoder: length::Decoder) -> Self {
        Decoder::Length(decoder)
    }
}

/// What the tests of all formats share.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// The frames of a stream: each one whole, or only its length where it was too long. Then the bytes of
    /// the unfinished one.
    pub type Outcome = (Vec<Result<Vec<u8>, u64>>, u64);

    /// Cuts a stream into chunks at these places.
    pub fn cut<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut points: Vec<usize> = cuts.iter().map(|c| c % (stream.len() + 1)).collect();
        points.extend([0, stream.len()]);
        points.sort_unstable();
        points.windows(2).map(|w| &stream[w[0]..w[1]]).collect()
    }

    /// Decodes chunks. The decoder may keep at most `kept` bytes more than a chunk.
    pub fn decode(decoder: impl Into<Decoder>, chunks: &[&[u8]], kept: usize) -> Outcome {
        let mut decoder = decoder.into();
        let mut frames = Vec::new();
        for chunk in chunks {
            decoder.buffer().extend_from_slice(chunk);
            while let Some(decoded) = decoder.next() {
                match decoded {
                    Decoded::Batch(batch) => {
                        assert!(!batch.ends.is_empty() && batch.ends.len() <= BATCH_FRAMES);
                        frames.extend(batch.frames(decoder.gap()).map(|f| Ok(f.to_vec())));
                    }
                    Decoded::TooLarge(len) => frames.push(Err(len)),
                }
            }
            assert!(decoder.buffer().len() <= kept.saturating_add(chunk.len()));
        }
        (frames, decoder.partial_len())
    }
}
