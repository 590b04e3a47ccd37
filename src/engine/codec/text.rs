//! A batch of frames as text, with what a consumer with UTF-16 strings (JavaScript) needs to cut it up.
//!
//! Used by the binding. The wire is UTF-8; a frame that is not valid UTF-8 is still delivered, with
//! U+FFFD for each ill-formed part, as the WHATWG decoder (and Node's `setEncoding`) does.

use super::Batch;

/// This many bytes are examined in one go, which compilers turn into a few vector instructions.
const STEP: usize = 32;

/// The text of a [`Batch`], with the delimiters between the frames.
#[derive(Debug, PartialEq, Eq)]
pub enum Text {
    /// The batch's bytes, which are ASCII: byte offsets and UTF-16 offsets are the same.
    Ascii,
    /// No character is above U+00FF: one byte per UTF-16 code unit.
    Latin1(Vec<u8>),
    /// The batch's bytes, which are UTF-8.
    Utf8,
    /// The result of decoding bytes that are not UTF-8.
    Lossy(String),
}

/// Decodes `batch` and calls `end` with each frame's index and end offset, in UTF-16 code units; of two calls
/// for the same frame the later one counts.
pub fn decode(batch: &Batch, delimiter: &[u8], mut end: impl FnMut(usize, usize)) -> Text {
    if batch.bytes.is_ascii() {
        batch.ends.iter().enumerate().for_each(|(index, &at)| end(index, at));
        return Text::Ascii;
    }
    if let Some(text) = decode_latin1(batch, delimiter, &mut end) {
        return Text::Latin1(text);
    }
    let separator = String::from_utf8_lossy(delimiter);
    let separator_units = utf16_len(&separator);
    let mut units = 0;
    if let Ok(text) = std::str::from_utf8(&batch.bytes) {
        let mut start = 0;
        for (index, &frame_end) in batch.ends.iter().enumerate() {
            units += utf16_len(&text[start..frame_end]);
            end(index, units);
            units += separator_units;
            start = frame_end + delimiter.len();
        }
        return Text::Utf8;
    }
    // Frame by frame, so that an ill-formed end of one frame cannot swallow what follows it.
    let mut text = String::with_capacity(batch.bytes.len() + 16);
    for (index, frame) in batch.frames(delimiter.len()).enumerate() {
        if index > 0 {
            text.push_str(&separator);
            units += separator_units;
        }
        let frame = String::from_utf8_lossy(frame);
        units += utf16_len(&frame);
        end(index, units);
        text.push_str(&frame);
    }
    Text::Lossy(text)
}

/// `None` if there is a character above U+00FF, or bytes that are not a character.
fn decode_latin1(
    batch: &Batch,
    delimiter: &[u8],
    end: &mut impl FnMut(usize, usize),
) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(batch.bytes.len());
    for (index, frame) in batch.frames(delimiter.len()).enumerate() {
        if index > 0 {
            append_latin1(delimiter, &mut text)?;
        }
        append_latin1(frame, &mut text)?;
        end(index, text.len());
    }
    Some(text)
}

fn append_latin1(mut utf8: &[u8], out: &mut Vec<u8>) -> Option<()> {
    loop {
        let (ascii, rest) = utf8.split_at(ascii_len(utf8));
        out.extend_from_slice(ascii);
        match *rest {
            [] => return Some(()),
            [lead @ (0xC2 | 0xC3), next @ 0x80..=0xBF, ref rest @ ..] => {
                out.push((lead << 6) | (next & 0x3F));
                utf8 = rest;
            }
            _ => return None,
        }
    }
}

/// How many ASCII bytes `bytes` begins with.
fn ascii_len(bytes: &[u8]) -> usize {
    let (steps, _) = bytes.as_chunks::<STEP>();
    let start = steps.iter().take_while(|step| step.is_ascii()).count() * STEP;
    let rest = &bytes[start..];
    start + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

/// Makes UTF-8 of the Latin-1 text in `out[start..]`.
pub fn encode_latin1(out: &mut Vec<u8>, start: usize) {
    if out[start..].is_ascii() {
        return;
    }
    let mut text = out.len();
    // What is still to be moved is shifted by so many bytes. Short sums fit into vector registers.
    let beyond_ascii = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| byte >> 7).sum::<u8>());
    let mut shift: usize = out[start..].chunks(4 * STEP).map(beyond_ascii).sum();
    out.resize(text + shift, 0);
    while shift > 0 {
        let ascii = text - ascii_len_at_end(&out[start..text]);
        out.copy_within(ascii..text, ascii + shift);
        let byte = out[ascii - 1];
        shift -= 1;
        text = ascii - 1;
        out[text + shift..][..2].copy_from_slice(&[0xC0 | byte >> 6, 0x80 | byte & 0x3F]);
    }
}

/// How many ASCII bytes `bytes` ends with.
fn ascii_len_at_end(bytes: &[u8]) -> usize {
    let (rest, steps) = bytes.as_rchunks::<STEP>();
    let end = steps.iter().rev().take_while(|step| step.is_ascii()).count() * STEP;
    let rest = if end == steps.len() * STEP { rest } else { &bytes[..bytes.len() - end] };
    end + rest.iter().rev().take_while(|byte| byte.is_ascii()).count()
}

/// The byte offsets in `text`, which is UTF-8, of the ascending UTF-16 offsets `units`.
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
    use crate::engine::codec::Decoded;
    use crate::engine::codec::delimited::Decoder;
    use proptest::prelude::*;

    /// What a JavaScript consumer gets: slices of the UTF-16 string.
    fn frames(stream: &[u8], delimiter: &str) -> Vec<String> {
        let mut decoder = Decoder::new(delimiter.as_bytes(), 1 << 20);
        decoder.buffer().extend_from_slice(stream);
        let mut out = Vec::new();
        while let Some(Decoded::Batch(batch)) = decoder.next() {
            let mut ends = vec![0; batch.ends.len()];
            let decoded = decode(&batch, delimiter.as_bytes(), |index, end| ends[index] = end);
            let units = |bytes: &[u8]| bytes.iter().map(|&byte| byte.into()).collect();
            let text: Vec<u16> = match decoded {
                Text::Ascii => units(&batch.bytes),
                Text::Latin1(bytes) => units(&bytes),
                Text::Utf8 => str::from_utf8(&batch.bytes).unwrap().encode_utf16().collect(),
                Text::Lossy(text) => text.encode_utf16().collect(),
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
        fn latin1_becomes_the_utf8_of_its_characters(
            before in "[a-z]{0,3}",
            text in "([a-z]{0,70}|[a-z\u{80}\u{bf}\u{c0}\u{ff}]{0,9}){0,6}",
        ) {
            let mut out = before.clone().into_bytes();
            out.extend(text.chars().map(|character| character as u8));
            encode_latin1(&mut out, before.len());
            prop_assert_eq!(out, format!("{before}{text}").into_bytes());
        }

        #[test]
        fn slices_are_the_frames(
            sent in prop_oneof![
                proptest::collection::vec("[a-z\u{e9}\u{2028}\u{1F600}]{0,12}", 0..20),
                proptest::collection::vec("[a-z\u{80}\u{bf}\u{c0}\u{ff}]{0,70}", 0..20),
            ],
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
