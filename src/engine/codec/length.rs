//! Frames with their length in front, as four bytes in big-endian order: the wire format of ipc2.
//!
//! Used by [`crate::engine::link::Inbox`]. A length is compared with the limit before it is trusted, and never makes
//! the decoder allocate memory: its buffer grows with the bytes that arrive.
//!
//! ```text
//! buf:    [ LLLL frame LLLL frame LLLL parti ]
//! next(): splits off "frame LLLL frame" as one batch, keeps "LLLL parti" and remembers how
//!         many bytes make it whole, so that it looks at the length only once
//! ```

use bytes::{Buf, Bytes, BytesMut};

use super::{BATCH_BYTES, BATCH_FRAMES, Batch, Decoded};

/// The bytes of a length.
pub const HEADER: usize = 4;

/// The longest frame that the format has.
pub const LONGEST: usize = u32::MAX as usize;

/// The bytes before a frame of `len` bytes. `None`: it is longer than [`LONGEST`].
pub fn header(len: usize) -> Option<[u8; HEADER]> {
    u32::try_from(len).ok().map(u32::to_be_bytes)
}

/// An incremental decoder of one byte stream.
#[derive(Debug)]
pub struct Decoder {
    buf: BytesMut,
    /// With fewer bytes than this in `buf`, nothing new is complete.
    needed: usize,
    max_frame: usize,
    /// For a frame over the limit: how many of its bytes were dropped so far, and how many are still to come.
    skipping: Option<(u64, usize)>,
}

impl Decoder {
    /// A decoder that takes frames of at most `max_frame` bytes.
    pub fn new(max_frame: usize) -> Self {
        Self { buf: BytesMut::new(), needed: HEADER, max_frame, skipping: None }
    }

    /// The buffer to append received bytes to, before calling [`Decoder::next`].
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buf
    }

    /// Bytes of the unfinished frame, with its length (0: the stream is between two frames).
    pub fn partial_len(&self) -> u64 {
        let skipped = self.skipping.map_or(0, |(skipped, _)| HEADER as u64 + skipped);
        skipped + self.buf.len() as u64
    }

    /// Bytes of the unfinished frame that are still to come, if known.
    pub fn missing(&self) -> usize {
        let of_frame = self.needed > HEADER && self.skipping.is_none();
        if of_frame { self.needed.saturating_sub(self.buf.len()) } else { 0 }
    }

    /// Takes the received part of an unfinished frame, with its length.
    pub fn take_partial(&mut self) -> Bytes {
        self.needed = HEADER;
        self.skipping = None;
        self.buf.split().freeze()
    }

    /// The next complete frames, or `None` until more bytes are appended. A frame over the limit is reported as soon
    /// as its length is known: a caller that does not want the rest of the stream need not wait.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Decoded> {
        if !self.skip() || self.buf.len() < self.needed {
            return None;
        }
        let mut ends = Vec::new();
        let mut start = 0; // of the current length
        loop {
            let Some(header) = self.buf[start..].first_chunk::<HEADER>() else {
                self.needed = HEADER;
                break;
            };
            let len = u32::from_be_bytes(*header) as usize;
            if len > self.max_frame.min(BATCH_BYTES.saturating_sub(start)) && !ends.is_empty() {
                self.needed = HEADER; // the next call finds it first
                break;
            }
            if len > self.max_frame {
                self.buf.advance(HEADER);
                self.needed = HEADER;
                self.skipping = Some((0, len));
                return Some(Decoded::TooLarge(len as u64));
            }
            if self.buf.len() - start - HEADER < len {
                self.needed = HEADER.saturating_add(len);
                break;
            }
            start += HEADER + len;
            ends.push(start - HEADER); // the first length is not in the batch
            if start >= BATCH_BYTES || ends.len() >= BATCH_FRAMES {
                self.needed = HEADER;
                break;
            }
        }
        if ends.is_empty() {
            return None;
        }
        let mut bytes = self.buf.split_to(start).freeze();
        bytes.advance(HEADER);
        Some(Decoded::Batch(Batch { bytes, ends }))
    }

    /// Drops bytes of a frame over the limit. Returns whether all of them are dropped.
    fn skip(&mut self) -> bool {
        let Some((skipped, left)) = self.skipping else { return true };
        let here = left.min(self.buf.len());
        self.buf.advance(here);
        if self.buf.is_empty() {
            self.buf = BytesMut::new(); // gives a large buffer back
        }
        self.skipping = (here < left).then_some((skipped + here as u64, left - here));
        self.skipping.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Outcome, cut, decode};
    use super::*;
    use proptest::prelude::*;

    /// The specification: a length, that many bytes, and so on.
    fn naive(mut stream: &[u8], max_frame: usize) -> Outcome {
        let mut frames = Vec::new();
        while let Some((header, rest)) = stream.split_first_chunk::<HEADER>() {
            let len = u32::from_be_bytes(*header) as usize;
            if len > max_frame {
                frames.push(Err(len as u64));
            }
            if rest.len() < len {
                break;
            }
            if len <= max_frame {
                frames.push(Ok(rest[..len].to_vec()));
            }
            stream = &rest[len..];
        }
        (frames, stream.len() as u64)
    }

    fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
        frames.iter().flat_map(|f| [&header(f.len()).unwrap()[..], f].concat()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        // Small bytes make small lengths frequent.
        #[test]
        fn agrees_with_the_naive_reference(
            stream in proptest::collection::vec(prop_oneof![9 => Just(0u8), 4 => 0u8..12, 1 => any::<u8>()], 0..400),
            cuts in proptest::collection::vec(any::<usize>(), 0..40),
            max_frame in prop_oneof![Just(usize::MAX), 0usize..20],
        ) {
            let outcome = decode(Decoder::new(max_frame), &cut(&stream, &cuts), max_frame.saturating_add(HEADER));
            prop_assert_eq!(outcome, naive(&stream, max_frame));
        }

        #[test]
        fn any_bytes_survive(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..50),
            cuts in proptest::collection::vec(any::<usize>(), 0..40),
        ) {
            let stream = framed(&frames);
            let outcome = decode(Decoder::new(200), &cut(&stream, &cuts), 200 + HEADER);
            prop_assert_eq!(outcome, (frames.into_iter().map(Ok).collect(), 0));
        }
    }

    #[test]
    fn a_frame_is_a_view_of_the_receive_buffer() {
        let mut decoder = Decoder::new(100);
        decoder.buffer().extend_from_slice(b"\0\0\0\x03one\0\0\0\x03two\0\0\0\x05thr");
        let address = decoder.buffer().as_ptr();
        let Some(Decoded::Batch(batch)) = decoder.next() else { panic!("no batch") };
        assert_eq!(batch.bytes.as_ptr(), address.wrapping_add(HEADER));
        assert_eq!(batch.frames(HEADER).collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!((decoder.next(), decoder.partial_len()), (None, 7));
    }

    #[test]
    fn a_length_over_the_limit_is_reported_at_once_and_asks_for_no_memory() {
        for max_frame in [0, 1000, LONGEST - 1] {
            let mut decoder = Decoder::new(max_frame);
            decoder.buffer().extend_from_slice(&[0xff; HEADER]);
            assert_eq!(decoder.next(), Some(Decoded::TooLarge(LONGEST as u64)));
            for _ in 0..1000 {
                decoder.buffer().extend_from_slice(&[0; 1000]);
                assert_eq!(decoder.next(), None);
                assert_eq!(decoder.buffer().capacity(), 0);
            }
            assert_eq!(decoder.partial_len(), 1_000_000 + HEADER as u64);
        }
    }

    #[test]
    fn a_length_within_the_limit_asks_for_no_memory_either() {
        let mut decoder = Decoder::new(LONGEST);
        decoder.buffer().extend_from_slice(&[0xff; HEADER]);
        assert_eq!(decoder.next(), None);
        assert!(decoder.buffer().capacity() < 1000);
    }

    #[test]
    fn batches_are_bounded() {
        let mut decoder = Decoder::new(1 << 20);
        decoder.buffer().extend_from_slice(&framed(&vec![vec![b'x']; 3 * BATCH_FRAMES]));
        decoder.buffer().extend_from_slice(&framed(&vec![vec![b'x'; BATCH_BYTES + 1]; 2]));
        decoder.buffer().extend_from_slice(&framed(&vec![vec![b'x'; BATCH_BYTES / 2 - HEADER]; 3]));
        decoder.buffer().extend_from_slice(&framed(&vec![vec![b'x'; BATCH_BYTES / 2 + 1]; 2]));
        let mut sizes = Vec::new();
        while let Some(Decoded::Batch(batch)) = decoder.next() {
            sizes.push(batch.ends.len());
        }
        assert_eq!(sizes, [BATCH_FRAMES, BATCH_FRAMES, BATCH_FRAMES, 1, 1, 2, 1, 1, 1]);
    }
}
