//! JSON values that follow each other without a delimiter: the wire format of ipcIO.
//!
//! Used by [`crate::engine::link::Inbox`]. A value ends where its brackets are closed; braces and brackets
//! within strings do not count. White space between values is dropped. Nothing is parsed or checked
//! beyond that: what is not JSON (a word, an unmatched bracket) becomes a frame of its own, which a JSON
//! parser will refuse, and the stream goes on after it.
//!
//! ```text
//! buf:      [ {"a":1} {"b":"}{"}  {"c":[
//! scanned:                              ^   every byte before this was examined once
//! next():   splits off the two complete values as one batch, keeps `{"c":[`
//! ```

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr2;

use super::{BATCH_BYTES, BATCH_FRAMES, Batch, Decoded};

/// An incremental decoder of one byte stream.
#[derive(Debug)]
pub struct Decoder {
    buf: BytesMut,
    /// Every byte before this has been examined. The fields below say what the scan is within at that point.
    scanned: usize,
    /// Open brackets.
    depth: u64,
    in_string: bool,
    /// In a string, after a backslash.
    escaped: bool,
    /// In a number, a word, or bytes that begin no JSON value: white space or the beginning of another
    /// value ends it.
    bare: bool,
    /// The first value ends at `scanned`; it had no room in the batch before it.
    found: bool,
    max_frame: usize,
    /// How many bytes of a value over `max_frame` were dropped so far; its end has not come yet.
    skipped: u64,
}

impl Decoder {
    /// A decoder that keeps at most `max_frame` bytes of one value.
    pub fn new(max_frame: usize) -> Self {
        Self {
            buf: BytesMut::new(),
            scanned: 0,
            depth: 0,
            in_string: false,
            escaped: false,
            bare: false,
            found: false,
            max_frame,
            skipped: 0,
        }
    }

    /// The buffer to append received bytes to, before calling [`Decoder::next`].
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buf
    }

    /// Bytes of the unfinished value (0: the stream is between two values).
    pub fn partial_len(&self) -> u64 {
        if self.is_between() { 0 } else { self.buf.len() as u64 + self.skipped }
    }

    /// Takes the received part of an unfinished value.
    pub fn take_partial(&mut self) -> Bytes {
        let bytes = self.buf.split().freeze();
        *self = Self { buf: std::mem::take(&mut self.buf), ..Self::new(self.max_frame) };
        bytes
    }

    /// The next complete values, or `None` until more bytes are appended.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Decoded> {
        let mut ends = Vec::new();
        let mut start = 0; // of the current value
        loop {
            let found = std::mem::take(&mut self.found);
            if !found && self.is_between() {
                // White space does not count: how much of it is here depends on how the bytes were split.
                self.pass_white_space();
                if ends.is_empty() {
                    self.drop_scanned();
                }
                start = self.scanned;
            }
            let ended = found || self.scan();
            let is_long = self.skipped > 0 || self.scanned - start > self.max_frame;
            if !ends.is_empty() && (is_long || (ended && self.scanned > BATCH_BYTES)) {
                self.found = ended;
                return Some(self.split(ends, start));
            }
            if is_long {
                self.skipped += self.scanned as u64;
                self.drop_scanned();
                return ended.then(|| Decoded::TooLarge(std::mem::take(&mut self.skipped)));
            }
            if !ended {
                return (!ends.is_empty()).then(|| self.split(ends, start));
            }
            let end = self.scanned;
            ends.push(end);
            if end >= BATCH_BYTES || ends.len() >= BATCH_FRAMES {
                return Some(self.split(ends, end));
            }
        }
    }

    fn is_between(&self) -> bool {
        self.depth == 0 && !self.in_string && !self.bare
    }

    /// Splits off the batch, and drops what is between it and `start`, where the next value begins.
    fn split(&mut self, ends: Vec<usize>, start: usize) -> Decoded {
        let last = *ends.last().expect("a batch has a frame");
        let bytes = self.buf.split_to(last).freeze();
        self.buf.advance(start - last);
        self.scanned -= start;
        Decoded::Batch(Batch { bytes, ends })
    }

    fn pass_white_space(&mut self) {
        self.scanned += self.buf[self.scanned..].iter().take_while(|byte| is_space(**byte)).count();
    }

    fn drop_scanned(&mut self) {
        if self.scanned == 0 {
            return;
        }
        drop(self.buf.split_to(self.scanned));
        self.scanned = 0;
        if self.buf.is_empty() {
            self.buf = BytesMut::new(); // gives a large buffer back
        }
    }

    /// Goes on to the end of the current value, or of the buffer. Returns whether the value has ended.
    fn scan(&mut self) -> bool {
        let bytes = &self.buf[..];
        let mut at = self.scanned;
        let mut ended = false;
        while at < bytes.len() && !ended {
            if self.in_string {
                if std::mem::take(&mut self.escaped) {
                    at += 1;
                    continue;
                }
                let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) else {
                    at = bytes.len();
                    break;
                };
                at += found;
                self.in_string = bytes[at] == b'\\';
                self.escaped = self.in_string;
                ended = !self.in_string && self.depth == 0;
                at += 1;
                continue;
            }
            match bytes[at] {
                byte if self.bare && (is_space(byte) || begins_value(byte)) => {
                    self.bare = false;
                    ended = true;
                    continue; // belongs to what follows
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    ended = self.depth == 0;
                }
                b'"' => self.in_string = true,
                byte => self.bare = self.depth == 0 && !is_space(byte),
            }
            at += 1;
        }
        self.scanned = at;
        ended
    }
}

/// Of JSON (RFC 8259, section 2).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a byte can only begin a value, and so ends a bare one before it.
fn begins_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"')
}

#[cfg(test)]
mod tests {
    use super::super::testing::cut;
    use super::*;
    use proptest::prelude::*;

    type Frames = Vec<Result<Vec<u8>, u64>>;

    /// The specification, one byte at a time over the whole stream: the values without the white space around
    /// them, and the length of an unfinished one.
    fn naive(stream: &[u8]) -> (Vec<Vec<u8>>, u64) {
        let mut values = Vec::new();
        let mut value: Vec<u8> = Vec::new();
        let (mut depth, mut string, mut escaped) = (0, false, false);
        for &byte in stream {
            let outside = depth == 0 && !string;
            if outside && (is_space(byte) || b"{[\"".contains(&byte)) && !value.is_empty() {
                values.push(std::mem::take(&mut value));
            }
            if outside && is_space(byte) {
                continue;
            }
            value.push(byte);
            if string {
                if escaped {
                    escaped = false;
                } else if byte == b'\\' {
                    escaped = true;
                } else if byte == b'"' {
                    string = false;
                }
            } else if byte == b'"' {
                string = true;
            } else if byte == b'{' || byte == b'[' {
                depth += 1;
            } else if (byte == b'}' || byte == b']') && depth > 0 {
                depth -= 1;
            } else {
                continue;
            }
            if depth == 0 && !string {
                values.push(std::mem::take(&mut value));
            }
        }
        (values, value.len() as u64)
    }

    fn decode(chunks: &[&[u8]], max_frame: usize) -> (Frames, u64) {
        let mut decoder = Decoder::new(max_frame);
        let mut frames = Vec::new();
        for chunk in chunks {
            decoder.buffer().extend_from_slice(chunk);
            while let Some(decoded) = decoder.next() {
                match decoded {
                    Decoded::Batch(batch) => {
                        assert!(!batch.ends.is_empty() && batch.ends.len() <= BATCH_FRAMES);
                        frames.extend(batch.frames(0).map(|f| Ok(f.trim_ascii_start().to_vec())));
                    }
                    Decoded::TooLarge(len) => frames.push(Err(len)),
                }
            }
            assert!(decoder.buf.len() <= max_frame.saturating_add(chunk.len()));
        }
        (frames, decoder.partial_len())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_the_naive_reference(
            stream in "[{}\\[\\]\"\\\\a1 \n]{0,120}",
            cuts in proptest::collection::vec(any::<usize>(), 0..20),
        ) {
            let stream = stream.as_bytes();
            let (values, partial) = naive(stream);
            let expected: Frames = values.into_iter().map(Ok).collect();
            let (frames, len) = decode(&cut(stream, &cuts), usize::MAX);
            prop_assert_eq!(frames, expected);
            // White space after a batch waits for what follows, and does not count.
            prop_assert_eq!(len > 0, partial > 0);
        }

        // With a limit, values up to it arrive, longer ones are reported, and the stream goes on.
        #[test]
        fn long_values_are_skipped(
            lengths in proptest::collection::vec(0usize..60, 0..20),
            cuts in proptest::collection::vec(any::<usize>(), 0..20),
            max_frame in 10usize..50,
        ) {
            let values: Vec<String> = lengths.iter().map(|len| format!("{{\"}}{{\":{}}}", "1".repeat(*len))).collect();
            let stream = values.concat();
            let expected: Frames = values
                .iter()
                .map(|value| if value.len() > max_frame { Err(value.len() as u64) } else { Ok(value.clone().into_bytes()) })
                .collect();
            prop_assert_eq!(decode(&cut(stream.as_bytes(), &cuts), max_frame), (expected, 0));
        }
    }

    fn frames_of(stream: &str) -> Vec<String> {
        let text = |frame: Result<Vec<u8>, u64>| String::from_utf8(frame.unwrap()).unwrap();
        decode(&[stream.as_bytes()], usize::MAX).0.into_iter().map(text).collect()
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(frames_of(r#"{"a":"}{"}{"b":"\\"}"#), [r#"{"a":"}{"}"#, r#"{"b":"\\"}"#]);
        assert_eq!(frames_of(r#"{"a":"\"}"}[{}]"#), [r#"{"a":"\"}"}"#, "[{}]"]);
    }

    #[test]
    fn white_space_before_a_value_does_not_count_however_it_comes() {
        let stream = b"{}    {\"a\":1}   {\"a\":22}";
        let expected: (Frames, u64) = (vec![Ok(b"{}".into()), Ok(b"{\"a\":1}".into()), Err(8)], 0);
        for at in 0..=stream.len() {
            let (front, back) = stream.split_at(at);
            assert_eq!(decode(&[front, back], 7), expected, "{at}");
        }
    }

    #[test]
    fn what_is_no_value_is_a_frame_of_its_own() {
        assert_eq!(frames_of("junk{\"a\":1}}\n7 {}"), ["junk", "{\"a\":1}", "}", "7", "{}"]);
    }

    #[test]
    fn batches_are_bounded() {
        let value = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
        let half = BATCH_BYTES / 2;
        let lens =
            [&[2; 2 * BATCH_FRAMES][..], &[half, half, half, half + 1, 3 * half, 9]].concat();
        let stream: String = lens.iter().map(|len| value(*len) + " ").collect();
        let mut decoder = Decoder::new(3 * half);
        decoder.buffer().extend_from_slice(stream.as_bytes());
        let (mut sizes, mut found) = (Vec::new(), Vec::new());
        while let Some(Decoded::Batch(batch)) = decoder.next() {
            sizes.push(batch.ends.len());
            found.extend(batch.frames(0).map(|frame| frame.trim_ascii_start().len()));
        }
        // White space between two values counts: two halves are more than a batch.
        assert_eq!(sizes, [BATCH_FRAMES, BATCH_FRAMES, 1, 1, 1, 1, 1, 1]);
        assert_eq!(found, lens);
    }

    #[test]
    fn bytes_once_scanned_are_not_scanned_again() {
        let mut decoder = Decoder::new(1 << 20);
        decoder.buffer().extend_from_slice(b"{\"");
        for _ in 0..100 {
            decoder.buffer().extend_from_slice(b"no end in sight ");
            assert_eq!(decoder.next(), None);
            assert_eq!(decoder.scanned, decoder.buf.len());
        }
    }

    #[test]
    fn an_oversized_value_is_not_kept_in_memory() {
        let mut decoder = Decoder::new(1000);
        decoder.buffer().extend_from_slice(b"{");
        for _ in 0..1000 {
            decoder.buffer().extend_from_slice(&[b'x'; 1000]);
            assert_eq!(decoder.next(), None);
            assert!(decoder.buf.len() <= 1001);
        }
        decoder.buffer().extend_from_slice(b"}{}");
        assert_eq!(decoder.next(), Some(Decoded::TooLarge(1_000_002)));
        let Some(Decoded::Batch(batch)) = decoder.next() else { panic!("no batch") };
        assert_eq!(batch.bytes, "{}");
    }
}
