//! A stream whose frames end with a delimiter, compared with a split of the whole.

use ferripc::engine::codec::delimited::{Decoder, Delimiter};

use super::input::Input;
use super::streams::{arrival, decode, limited, split};

/// `delimiter, limit, sizes, stream`.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let delimiter = match input.byte() % 8 {
        0 => b"\x0c",
        1 => b"\r\n".as_slice(),
        2 => b"aba",
        3 => b"aab",
        4 => "\u{1F4A9}|".as_bytes(),
        _ => match input.piece() {
            [] => b"\n",
            own => own,
        },
    };
    let (most, pieces) = arrival(&mut input);
    let decoder = Decoder::new(Delimiter::from(delimiter), most);
    let found = decode(decoder.into(), &pieces, most + 2 * delimiter.len());
    let stream = pieces.concat();
    let (frames, rest) = split(&stream, delimiter);
    let frames = frames.into_iter().map(|frame| limited(frame, most)).collect();
    assert_eq!(found, (frames, rest.len() as u64));
}
