//! Frames that end with a delimiter: the wire format of node-ipc.
//!
//! Used by [`crate::engine::link::Inbox`]. The decoder finds each delimiter exactly once, however
//! the bytes are chunked, and hands out frames as views of the buffer they were received into.
//!
//! ```text
//! buf:      [ frame D frame D frame D parti ]
//! scanned:                                 ^   no delimiter starts before this
//! next():   splits off everything up to the last D as one batch, keeps "parti"
//! ```

use std::ops::Deref;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::{BATCH_BYTES, BATCH_FRAMES, Batch, Decoded};

/// What ends each frame, prepared to be searched for. Shared by all connections of a listener.
#[derive(Debug, Clone)]
pub struct Delimiter(Arc<Finder<'static>>);

impl From<&[u8]> for Delimiter {
    fn from(bytes: &[u8]) -> Self {
        Self(Arc::new(Finder::new(bytes).into_owned()))
    }
}

impl Deref for Delimiter {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.needle()
    }
}

impl Delimiter {
    /// Where it first begins.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.0.find(bytes)
    }
}

/// An incremental decoder of one byte stream.
#[derive(Debug)]
pub struct Decoder {
    buf: BytesMut,
    /// No delimiter starts in `buf[..scanned]`.
    scanned: usize,
    delimiter: Delimiter,
    max_frame: usize,
    /// How many bytes of a frame over `max_frame` were dropped so far; its end has not come yet.
    skipped: Option<u64>,
}

impl Decoder {
    /// A decoder for `delimiter` (not empty) that keeps at most `max_frame` bytes of one frame.
    ///
    /// # Panics
    /// If `delimiter` is empty: it would match everywhere.
    pub fn new(delimiter: impl Into<Delimiter>, max_frame: usize) -> Self {
        let delimiter = delimiter.into();
        assert!(!delimiter.is_empty(), "a delimiter must not be empty");
        Self { buf: BytesMut::new(), scanned: 0, delimiter, max_frame, skipped: None }
    }

    /// Byte length of the delimiter.
    pub fn delimiter_len(&self) -> usize {
        self.delimiter.len()
    }

    /// The buffer to append received bytes to, before calling [`Decoder::next`].
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buf
    }

    /// Bytes of the unfinished frame (0: the stream is between two frames).
    pub fn partial_len(&self) -> u64 {
        self.buf.len() as u64 + self.skipped.unwrap_or(0)
    }

    /// Takes the received part of an unfinished frame.
    pub fn take_partial(&mut self) -> Bytes {
        self.scanned = 0;
        self.skipped = None;
        self.buf.split().freeze()
    }

    /// The next complete frames, or `None` until more bytes are appended.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Decoded> {
        if self.skipped.is_some() {
            return self.skip();
        }
        let delimiter_len = self.delimiter_len();
        let mut ends = Vec::new();
        let mut start = 0; // of the frame whose end is looked for
        let mut from = self.scanned;
        while let Some(at) = self.delimiter.find(&self.buf[from..]) {
            let end = from + at;
            if (end > BATCH_BYTES || end - start > self.max_frame) && !ends.is_empty() {
                return Some(self.split_batch(ends, end)); // the next call finds it first
            }
            if end - start > self.max_frame {
                self.drop_front(end + delimiter_len);
                return Some(Decoded::TooLarge((end - start) as u64));
            }
            ends.push(end);
            start = end + delimiter_len;
            from = start;
            if start >= BATCH_BYTES || ends.len() >= BATCH_FRAMES {
                return Some(self.split_batch(ends, start));
            }
        }
        // A delimiter may straddle the end: its first bytes stay unscanned.
        let scanned = self.buf.len().saturating_sub(delimiter_len - 1).max(start);
        if !ends.is_empty() {
            return Some(self.split_batch(ends, scanned));
        }
        self.scanned = scanned;
        if self.buf.len() - start > self.max_frame + delimiter_len - 1 {
            self.skipped = Some(0);
            return self.skip();
        }
        None
    }

    /// Splits off the batch and remembers that no delimiter starts before `scanned`.
    fn split_batch(&mut self, ends: Vec<usize>, scanned: usize) -> Decoded {
        let last = *ends.last().expect("a batch has a frame");
        let consumed = last + self.delimiter_len();
        let mut bytes = self.buf.split_to(consumed).freeze();
        bytes.truncate(last);
        self.scanned = scanned - consumed;
        Decoded::Batch(Batch { bytes, ends })
    }

    fn drop_front(&mut self, count: usize) {
        drop(self.buf.split_to(count));
        self.scanned = 0;
    }

    /// Drops bytes of an oversized frame until its delimiter turns up.
    fn skip(&mut self) -> Option<Decoded> {
        let skipped = self.skipped.unwrap_or(0);
        if let Some(at) = self.delimiter.find(&self.buf[self.scanned..]) {
            let end = self.scanned + at;
            self.drop_front(end + self.delimiter_len());
            self.skipped = None;
            return Some(Decoded::TooLarge(skipped + end as u64));
        }
        let droppable = self.buf.len().saturating_sub(self.delimiter_len() - 1);
        self.drop_front(droppable);
        if self.buf.is_empty() {
            self.buf = BytesMut::new(); // gives a large buffer back
        }
        self.skipped = Some(skipped + droppable as u64);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Outcome, cut, decode};
    use super::*;
    use proptest::prelude::*;

    /// The specification: split the whole stream at each delimiter, left to right.
    fn naive(stream: &[u8], delimiter: &[u8], max_frame: usize) -> Outcome {
        let mut frames = Vec::new();
        let mut start = 0;
        let mut at = 0;
        while at + delimiter.len() <= stream.len() {
            if &stream[at..at + delimiter.len()] == delimiter {
                let frame = &stream[start..at];
                frames.push(if frame.len() > max_frame {
                    Err(frame.len() as u64)
                } else {
                    Ok(frame.to_vec())
                });
                at += delimiter.len();
                start = at;
            } else {
                at += 1;
            }
        }
        (frames, (stream.len() - start) as u64)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        // A three-letter alphabet makes delimiters, partial delimiters and overlaps frequent.
        #[test]
        fn agrees_with_the_naive_reference(
            stream in proptest::collection::vec(0u8..3, 0..400),
            delimiter in proptest::collection::vec(0u8..3, 1..4),
            cuts in proptest::collection::vec(any::<usize>(), 0..40),
            max_frame in prop_oneof![Just(usize::MAX / 2), 0usize..20],
        ) {
            let decoder = Decoder::new(&delimiter[..], max_frame);
            let kept = max_frame + 2 * delimiter.len();
            let outcome = decode(decoder, &cut(&stream, &cuts), kept);
            prop_assert_eq!(outcome, naive(&stream, &delimiter, max_frame));
        }

        #[test]
        fn any_bytes_survive(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..50),
            cuts in proptest::collection::vec(any::<usize>(), 0..40),
        ) {
            let delimiter = b"\r\n\x0c";
            let stream: Vec<u8> = frames.iter().flat_map(|f| [f.as_slice(), delimiter].concat()).collect();
            let decoder = Decoder::new(&delimiter[..], usize::MAX / 2);
            let outcome = decode(decoder, &cut(&stream, &cuts), usize::MAX);
            prop_assert_eq!(outcome, naive(&stream, delimiter, usize::MAX / 2));
        }
    }

    #[test]
    fn a_frame_is_a_view_of_the_receive_buffer() {
        let mut decoder = Decoder::new(&b"\x0c"[..], 1 << 20);
        decoder.buffer().extend_from_slice(b"one\x0ctwo\x0cthr");
        let address = decoder.buffer().as_ptr();
        let Some(Decoded::Batch(batch)) = decoder.next() else { panic!("no batch") };
        assert_eq!(batch.bytes.as_ptr(), address);
        assert_eq!(batch.frames(1).collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!(decoder.partial_len(), 3);
    }

    #[test]
    fn bytes_once_scanned_are_not_scanned_again() {
        let mut decoder = Decoder::new(&b"\r\n"[..], 1 << 20);
        for _ in 0..100 {
            decoder.buffer().extend_from_slice(b"no end in sight ");
            assert_eq!(decoder.next(), None);
            assert_eq!(decoder.scanned, decoder.buf.len() - 1);
        }
    }

    #[test]
    fn batches_are_bounded() {
        let mut decoder = Decoder::new(&b"\n"[..], 1 << 20);
        decoder.buffer().extend_from_slice(&b"x\n".repeat(3 * BATCH_FRAMES));
        for half in [BATCH_BYTES / 2 - 1, BATCH_BYTES / 2 - 1, BATCH_BYTES / 2 + 1, BATCH_BYTES / 2]
        {
            decoder.buffer().extend_from_slice(&[&vec![b'x'; half][..], b"\n"].concat());
        }
        let mut sizes = Vec::new();
        while let Some(Decoded::Batch(batch)) = decoder.next() {
            sizes.push(batch.ends.len());
        }
        assert_eq!(sizes, [BATCH_FRAMES, BATCH_FRAMES, BATCH_FRAMES, 2, 1, 1]);
    }

    #[test]
    fn an_oversized_frame_is_not_kept_in_memory() {
        let mut decoder = Decoder::new(&b"\x0c"[..], 1000);
        for _ in 0..1000 {
            decoder.buffer().extend_from_slice(&[b'x'; 1000]);
            assert_eq!(decoder.next(), None);
            assert!(decoder.buf.len() <= 1000);
        }
        decoder.buffer().extend_from_slice(b"\x0cok\x0c");
        assert_eq!(decoder.next(), Some(Decoded::TooLarge(1_000_000)));
        let Some(Decoded::Batch(batch)) = decoder.next() else { panic!("no batch") };
        assert_eq!(batch.bytes, "ok");
    }
}
