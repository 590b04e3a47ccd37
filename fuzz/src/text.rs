//! Batches as UTF-16 text with the ends of their frames, compared with the lossy text of each frame; and
//! offsets of UTF-16 in UTF-8, compared with a count of characters.

use ferripc::engine::codec::delimited::Decoder;
use ferripc::engine::codec::text::{Text, byte_offsets, decode};
use ferripc::engine::codec::{Batch, Decoded};

use super::input::Input;
use super::streams::split;

/// `delimiter, stream`.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let delimiter =
        ["\x0c", "\r\n", "\u{e9}", "\u{1F4A9}|", "\u{ff}\u{100}"][usize::from(input.byte() % 5)];
    let stream = input.rest();
    let mut decoder = Decoder::new(delimiter.as_bytes(), usize::MAX / 2);
    decoder.buffer().extend_from_slice(stream);
    let mut found = Vec::new();
    while let Some(Decoded::Batch(batch)) = decoder.next() {
        found.extend(frames(&batch, delimiter));
    }
    let (frames, _) = split(stream, delimiter.as_bytes());
    let lossy = |frame: &[u8]| String::from_utf8_lossy(frame).encode_utf16().collect::<Vec<_>>();
    assert_eq!(found, frames.into_iter().map(lossy).collect::<Vec<_>>());
    offsets(stream);
}

/// The frames that JavaScript cuts out of the text.
fn frames(batch: &Batch, delimiter: &str) -> Vec<Vec<u16>> {
    let mut ends = vec![0; batch.ends.len()];
    let text = match decode(batch, delimiter.as_bytes(), |index, end| ends[index] = end) {
        Text::Ascii => batch.bytes.iter().map(|&byte| byte.into()).collect::<Vec<u16>>(),
        Text::Latin1(bytes) => bytes.iter().map(|&byte| byte.into()).collect(),
        Text::Utf8 => str::from_utf8(&batch.bytes).unwrap().encode_utf16().collect(),
        Text::Lossy(text) => text.encode_utf16().collect(),
    };
    let gap = delimiter.encode_utf16().count();
    let mut start = 0;
    let cut = |end: usize| {
        let frame = text[start..end].to_vec();
        start = end + gap;
        frame
    };
    ends.into_iter().map(cut).collect()
}

fn offsets(stream: &[u8]) {
    let Ok(text) = str::from_utf8(stream) else { return };
    let (mut units, mut bytes) = (Vec::new(), Vec::new());
    let (mut unit, mut byte) = (0, 0);
    for character in text.chars() {
        unit += character.len_utf16();
        byte += character.len_utf8();
        units.push(unit);
        bytes.push(byte);
    }
    assert_eq!(byte_offsets(stream, units.into_iter()), bytes);
}
