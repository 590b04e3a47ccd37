//! Any bytes as a frame of V8 values, with or without a generated head. Checking it must take a time and a memory that
//! its length bounds. If it is accepted, it has to be accepted with every higher limit, within another value, and with its
//! detached bytes beside it.

use ferripc::engine::codec::length;
use ferripc::engine::codec::values::{Refused, check, is_split, split};

use super::input::Input;

/// `how, limit`, then the frame. With `how` 1 it has no head: there are the values, after their length, and the detached
/// bytes.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (how, most) = (input.byte(), input.short());
    if how & 1 == 0 {
        let beside = if how & 2 == 0 { 0 } else { input.short() };
        let _ = look(input.rest(), beside, most);
        return;
    }
    let (values, detached) = (input.long_piece(), input.rest());
    let outcome = look(&frame(values, detached), 0, most);
    if !detached.is_empty() {
        let head = frame(values, &[]);
        let header = length::header(head.len()).expect("a short frame");
        let sent = split(&[&header, &head[..]].concat()).expect("a head");
        let head = &sent[length::HEADER..];
        assert!(is_split(head) && split(&sent).is_none());
        let apart = look(head, detached.len(), most.saturating_add(sent.len() + detached.len()));
        assert!(apart.is_ok() || outcome.is_err());
    }
    if outcome.is_err() {
        return;
    }
    // The same value, as the property of an object, and as the only element of an array.
    for (before, after) in [(&b"o\"\x01a"[..], &b"{\x01"[..]), (b"A\x01", b"$\0\x01")] {
        let within = [before, values, after].concat();
        assert_eq!(check(&frame(&within, detached), 0, most), Ok(()));
    }
}

/// A frame with an empty type.
fn frame(values: &[u8], detached: &[u8]) -> Vec<u8> {
    let values = [b"\xff\x0f\"\0", values].concat();
    [&(values.len() as u32).to_be_bytes(), &values[..], detached].concat()
}

fn look(frame: &[u8], beside: usize, most: usize) -> Result<(), Refused> {
    let outcome = check(frame, beside, most);
    match check(frame, beside, usize::MAX) {
        Ok(()) => assert_ne!(outcome, Err(Refused::Invalid)),
        Err(_) => assert!(outcome.is_err()),
    }
    if outcome.is_ok() {
        // Each byte matters.
        for end in [0, frame.len() / 2, frame.len() - 1] {
            assert_eq!(check(&frame[..end], beside, most), Err(Refused::Invalid));
        }
        assert_eq!(check(&[frame, b"_"].concat(), beside, most), Err(Refused::Invalid));
        // And so does each of those beside it.
        if is_split(frame) {
            assert_eq!(check(frame, beside - 1, most), Err(Refused::Invalid));
        }
    }
    outcome
}
