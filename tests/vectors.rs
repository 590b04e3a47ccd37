//! The test vectors of docs/wire-format.md against the engine's decoder: the same frames, however the
//! bytes are cut.

use ferripc::engine::codec::Decoded;
use ferripc::engine::codec::delimited::Decoder;
use serde_json::Value;

fn bytes_of(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("a string");
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[derive(Debug, PartialEq)]
enum Found {
    Frame(Vec<u8>),
    TooLarge(u64),
    /// What is left when the stream ends.
    Truncated(u64),
}

fn expected(one: &Value) -> Found {
    let number = |name: &str| one[name].as_u64();
    match (number("tooLarge"), number("truncated")) {
        (Some(length), _) => Found::TooLarge(length),
        (_, Some(length)) => Found::Truncated(length),
        _ => Found::Frame(bytes_of(&one["frame"])),
    }
}

fn decode<'a>(case: &Value, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Found> {
    let delimiter = case["delimiter"].as_str().unwrap_or("\x0c").as_bytes();
    let limit = case["maxMessageBytes"].as_u64().unwrap_or(1 << 30);
    let mut decoder = Decoder::new(delimiter, usize::try_from(limit).unwrap());
    let mut found = Vec::new();
    for chunk in chunks {
        decoder.buffer().extend_from_slice(chunk);
        while let Some(decoded) = decoder.next() {
            match decoded {
                Decoded::TooLarge(length) => found.push(Found::TooLarge(length)),
                Decoded::Batch(batch) => {
                    let frames = batch.frames(delimiter.len());
                    found.extend(frames.map(|frame| Found::Frame(frame.to_vec())));
                }
            }
        }
    }
    if decoder.partial_len() > 0 {
        found.push(Found::Truncated(decoder.partial_len()));
    }
    found
}

#[test]
fn the_decoder_finds_the_frames_of_the_vectors() {
    let file: Value = serde_json::from_str(include_str!("../docs/vectors/decode.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        let name = &case["name"];
        let chunks: Vec<_> = case["chunks"].as_array().unwrap().iter().map(bytes_of).collect();
        let whole = chunks.concat();
        let wanted: Vec<_> = case["expect"].as_array().unwrap().iter().map(expected).collect();
        assert_eq!(decode(case, chunks.iter().map(Vec::as_slice)), wanted, "{name}: as it is");
        assert_eq!(decode(case, whole.chunks(usize::MAX)), wanted, "{name}: in one piece");
        assert_eq!(decode(case, whole.chunks(1)), wanted, "{name}: byte by byte");
    }
}
