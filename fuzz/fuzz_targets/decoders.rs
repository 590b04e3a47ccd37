//! A stream of any bytes, in each wire format, whole and in pieces: the same frames, and none of them too long.

#![no_main]

use ferripc::engine::codec::delimited::Delimiter;
use ferripc::engine::codec::{Codec, Decoded, Decoder, length};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, PartialEq)]
enum Found {
    Frame(Vec<u8>),
    TooLarge(u64),
}

fn decode<'a>(
    mut decoder: Decoder,
    pieces: impl Iterator<Item = &'a [u8]>,
    most: usize,
) -> (Vec<Found>, u64) {
    let gap = decoder.gap();
    let mut found = Vec::new();
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        while let Some(decoded) = decoder.next() {
            match decoded {
                Decoded::Batch(batch) => {
                    for frame in batch.frames(gap) {
                        assert!(frame.len() <= most);
                        found.push(Found::Frame(frame.to_vec()));
                    }
                }
                Decoded::TooLarge(length) => found.push(Found::TooLarge(length)),
            }
        }
    }
    (found, decoder.partial_len())
}

fuzz_target!(|input: (u8, u8, u8, Vec<u8>)| {
    let (format, most, piece, bytes) = input;
    let (most, piece) = (usize::from(most), usize::from(piece).max(1));
    let decoder = || match format % 4 {
        0 => Decoder::new(&Codec::Delimited(Delimiter::from(&b"\x0c"[..])), most),
        1 => Decoder::new(&Codec::Delimited(Delimiter::from(&b"\r\n\r"[..])), most),
        2 => Decoder::new(&Codec::JsonStream, most),
        _ => length::Decoder::new(most).into(),
    };
    let whole = decode(decoder(), std::iter::once(&bytes[..]), most);
    let pieces = decode(decoder(), bytes.chunks(piece), most);
    assert_eq!(whole, pieces);
});
