//! The fast way to read a message, compared with a JSON parser; and the quoting of strings, compared
//! with the parser's.

use ferripc::engine::codec::envelope::{common_head, is_plain_text};
use ferripc::engine::codec::json::{is_plain_string, quote};
use ferripc::engine::codec::{Decoded, delimited::Decoder};
use serde_json::{Value, json};

/// Lengths of the text before and after the type in `{"type":"T","data":D}`.
const BESIDE_TYPE: usize = 9;

/// Messages that end with a form feed. A byte of 1 stands for the beginning of a message, 2 for the text after its
/// type.
pub fn run(bytes: &[u8]) {
    if bytes.is_ascii() {
        let text = str::from_utf8(bytes).unwrap();
        let mut quoted = Vec::new();
        quote(bytes, &mut quoted);
        assert_eq!(quoted, serde_json::to_vec(text).unwrap());
    }
    let plain = is_plain_string(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let read = serde_json::from_str::<&str>(text).ok();
        let within = bytes.get(1..bytes.len().saturating_sub(1)).unwrap_or_default();
        assert_eq!(
            plain,
            bytes.starts_with(b"\"") && read.is_some_and(|read| read.as_bytes() == within)
        );
    }
    let mut stream = Vec::new();
    for &byte in bytes {
        match byte {
            1 => stream.extend_from_slice(b"{\"type\":\""),
            2 => stream.extend_from_slice(b"\",\"data\":"),
            byte => stream.push(byte),
        }
    }
    let mut decoder = Decoder::new(b"\x0c".as_slice(), usize::MAX / 2);
    decoder.buffer().extend_from_slice(&stream);
    while let Some(Decoded::Batch(batch)) = decoder.next() {
        let head = common_head(&batch, 1);
        let plain = is_plain_text(&batch, head);
        if head == 0 {
            assert!(!plain);
            continue;
        }
        batch.frames(1).for_each(|frame| check(frame, head, plain));
    }
}

fn check(frame: &[u8], head: usize, plain: bool) {
    let kind = str::from_utf8(&frame[BESIDE_TYPE..head - BESIDE_TYPE]).expect("ASCII");
    let Ok(text) = str::from_utf8(&frame[head..frame.len() - 1]) else { return };
    if plain {
        assert_eq!(serde_json::from_str::<String>(text).unwrap(), text[1..text.len() - 1]);
    }
    let Ok(data) = serde_json::from_str::<Value>(text) else { return };
    match serde_json::from_slice::<Value>(frame) {
        Ok(whole) => assert_eq!(whole, json!({ "type": kind, "data": data })),
        Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
    }
}
