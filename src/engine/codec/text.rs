//! A batch of frames as text: what a consumer with UTF-16 strings (JavaScript) needs to cut it up.
//!
//! Used by the binding. The wire is UTF-8; a frame that is not valid UTF-8 is still delivered, with
//! U+FFFD for each ill-formed part, as the WHATWG decoder (and Node's `setEncoding`) does.

use std::borrow::Cow;

use super::delimited::Batch;

/// The text of a [`Batch`], with the delimiters between the frames.
#[derive(Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// ASCII only: byte offsets and UTF-16 offsets are the same.
    Ascii(&'a [u8]),
    /// Anything else.
    Utf8(Cow<'a, str>),
}

/// Decodes `batch` and calls `end` with the end offset of each frame, in UTF-16 code units.
pub fn decode<'a>(batch: &'a Batch, delimiter: &[u8], mut end: impl FnMut(usize)) -> Text<'a> {
    if batch.bytes.is_ascii() {
        batch.ends.iter().copied().for_each(end);
        return Text::Ascii(&batch.bytes);
    }
    let separator = String::from_utf8_lossy(delimiter);
    let separator_units = utf16_len(&separator);
    let mut units = 0;
    if let Ok(text) = std::str::from_utf8(&batch.bytes) {
        let mut start = 0;
        for &frame_end in &batch.ends {
            units += utf16_len(&text[start..frame_end]);
            end(units);
            units += separator_units;
            start = frame_end + delimiter.len();
        }
        return Text::Utf8(Cow::Borrowed(text));
    }
    // Frame by frame, so that the ill-formed end of one frame cannot swallow what follows it.
    let mut text = String::with_capacity(batch.bytes.len() + 16);
    for (index, frame) in batch.frames(delimiter.len()).enumerate() {
        if index > 0 {
            text.push_str(&separator);
            units += separator_units;
        }
        let frame = String::from_utf8_lossy(frame);
        units += utf16_len(&frame);
        end(units);
        text.push_str(&frame);
    }
    Text::Utf8(Cow::Owned(text))
}

/// Where `text`, which is UTF-8, has the ascending UTF-16 offsets `units`, in bytes.
pub fn byte_offsets(text: &[u8], units: impl Iterator<Item = usize>) -> Vec<usize> {
    if text.is_ascii() {
        return units.map(|offset| offset.min(text.len())).collect();
    }
    let (mut at, mut passed) = (0, 0);
    let advance = |wanted| {
        while passed < wanted && at < text.len() {
            passed += 1 + usize::from(text[at] >= 0xF0);
            at += 1;
            while text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
                at += 1;
            }
        }
        at
    };
    units.map(advance).collect()
}

/// Length in UTF-16 code units: one per character, two above the basic multilingual plane.
fn utf16_len(text: &str) -> usize {
    text.bytes().map(|b| usize::from(b & 0xC0 != 0x80) + usize::from(b >= 0xF0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::codec::delimited::{Decoded, Decoder};
    use proptest::prelude::*;

    /// What a JavaScript consumer gets: slices of the UTF-16 string.
    fn frames(stream: &[u8], delimiter: &str) -> Vec<String> {
        let mut decoder = Decoder::new(delimiter.as_bytes(), 1 << 20);
        decoder.buffer().extend_from_slice(stream);
        let mut out = Vec::new();
        while let Some(Decoded::Batch(batch)) = decoder.next() {
            let mut ends = Vec::new();
            let text: Vec<u16> = match decode(&batch, delimiter.as_bytes(), |e| ends.push(e)) {
                Text::Ascii(bytes) => bytes.iter().map(|&b| u16::from(b)).collect(),
                Text::Utf8(text) => text.encode_utf16().collect(),
            };
            let mut start = 0;
            for end in ends {
                out.push(String::from_utf16(&text[start..end]).unwrap());
                start = end + delimiter.encode_utf16().count();
            }
        }
        out
    }

    #[test]
    fn an_ill_formed_end_does_not_swallow_the_delimiter() {
        assert_eq!(frames(b"a\xF0\x9F\x0cb\x0c\xFF\x0c", "\x0c"), ["a\u{FFFD}", "b", "\u{FFFD}"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn byte_offsets_are_where_the_texts_end(
            texts in proptest::collection::vec("[a-z\u{e9}\u{2028}\u{1F600}]{0,12}", 0..20),
        ) {
            let units = texts.iter().scan(0, |at, text| {
                *at += text.encode_utf16().count();
                Some(*at)
            });
            let bytes: Vec<usize> = texts.iter().scan(0, |at, text| {
                *at += text.len();
                Some(*at)
            }).collect();
            prop_assert_eq!(byte_offsets(texts.concat().as_bytes(), units), bytes);
        }
    }

    #[test]
    fn byte_offsets_inside_a_character_or_beyond_the_end_are_harmless() {
        let offsets = |text: &str| byte_offsets(text.as_bytes(), [1, 2, 9].into_iter());
        assert_eq!(offsets("\u{1F600}x"), [4, 4, 5]);
        assert_eq!(offsets("abc"), [1, 2, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn slices_are_the_frames(
            sent in proptest::collection::vec("[a-z\u{e9}\u{2028}\u{1F600}]{0,12}", 0..20),
            delimiter in prop_oneof![Just("\x0c"), Just("\r\n"), Just("\u{1F4A9}|")],
        ) {
            let stream: String = sent.iter().map(|f| format!("{f}{delimiter}")).collect();
            prop_assert_eq!(frames(stream.as_bytes(), delimiter), sent);
        }

        #[test]
        fn any_bytes_become_the_lossy_text_of_each_frame(
            sent in proptest::collection::vec(
                proptest::collection::vec(any::<u8>().prop_filter("not the delimiter", |b| *b != 0x0c), 0..12),
                0..20,
            ),
        ) {
            let stream: Vec<u8> = sent.iter().flat_map(|f| [f.as_slice(), b"\x0c"].concat()).collect();
            let lossy: Vec<String> = sent.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
            prop_assert_eq!(frames(&stream, "\x0c"), lossy);
        }
    }
}
