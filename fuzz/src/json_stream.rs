//! Consecutive JSON values, compared with a scan of the whole, byte by byte.

use ferripc::engine::codec::{Codec, Decoder};
use serde_json::Value;

use super::input::Input;
use super::streams::{arrival, decode, limited};

/// `limit, sizes, stream`.
pub fn run(bytes: &[u8]) {
    let (most, pieces) = arrival(&mut Input::new(bytes));
    let (found, partial) = decode(Decoder::new(&Codec::JsonStream, most), &pieces, most);
    // Readers of a batch have to ignore the white space between two values.
    let found: Vec<_> = found.into_iter().map(|one| one.map(trimmed)).collect();
    let stream = pieces.concat();
    let (values, rest) = naive(&stream);
    let expected: Vec<_> = values.iter().map(|value| limited(value, most)).collect();
    assert_eq!((found, partial), (expected, rest as u64));
    check_json(&stream, &values);
}

/// In a stream of nothing but JSON, the values are those that a JSON parser finds.
fn check_json(stream: &[u8], values: &[Vec<u8>]) {
    let parsed = serde_json::Deserializer::from_slice(stream).into_iter::<Value>();
    let Ok(parsed) = parsed.collect::<Result<Vec<_>, _>>() else { return };
    let is_apart = |value: &Value| value.is_object() || value.is_array();
    if parsed.iter().all(is_apart) {
        let values = values.iter().map(|value| serde_json::from_slice(value).unwrap());
        assert_eq!(values.collect::<Vec<Value>>(), parsed);
    }
}

fn trimmed(frame: Vec<u8>) -> Vec<u8> {
    let start = frame.iter().take_while(|&&byte| is_space(byte)).count();
    frame[start..].to_vec()
}

fn is_space(byte: u8) -> bool {
    b" \t\r\n".contains(&byte)
}

/// The values without white space around them, and the length of an unfinished one.
fn naive(stream: &[u8]) -> (Vec<Vec<u8>>, usize) {
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
        let ends = match (string, byte) {
            (true, _) if escaped => {
                escaped = false;
                false
            }
            (true, b'\\') => {
                escaped = true;
                false
            }
            (true, b'"') => {
                string = false;
                true
            }
            (true, _) => false,
            (false, b'"') => {
                string = true;
                false
            }
            (false, b'{' | b'[') => {
                depth += 1;
                false
            }
            (false, b'}' | b']') if depth > 0 => {
                depth -= 1;
                true
            }
            _ => false,
        };
        if ends && depth == 0 {
            values.push(std::mem::take(&mut value));
        }
    }
    (values, value.len())
}
