//! Any bytes as a frame of values of V8, whole or with its head made: it is looked at within a time and a memory that its
//! length bounds; what is taken is taken whole, at any higher limit, and within another value.

use ferripc::engine::codec::values::{Refused, check};

use super::input::Input;

/// `how, limit`, then the frame. `how` 1: it has no head: the values with their length in front, and the detached bytes.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (how, most) = (input.byte(), input.short());
    if how & 1 == 0 {
        let _ = look(input.rest(), most);
        return;
    }
    let (values, detached) = (input.long_piece(), input.rest());
    if look(&frame(values, detached), most).is_err() {
        return;
    }
    // The same as the property of an object, and as the only element of an array.
    for (before, after) in [(&b"o\"\x01a"[..], &b"{\x01"[..]), (b"A\x01", b"$\0\x01")] {
        let within = [before, values, after].concat();
        assert_eq!(check(&frame(&within, detached), most), Ok(()));
    }
}

/// A frame whose type is empty.
fn frame(values: &[u8], detached: &[u8]) -> Vec<u8> {
    let values = [b"\xff\x0f\"\0", values].concat();
    [&(values.len() as u32).to_be_bytes(), &values[..], detached].concat()
}

fn look(frame: &[u8], most: usize) -> Result<(), Refused> {
    let outcome = check(frame, most);
    match check(frame, usize::MAX) {
        Ok(()) => assert_ne!(outcome, Err(Refused::Invalid)),
        Err(_) => assert!(outcome.is_err()),
    }
    if outcome.is_ok() {
        // Each byte counts.
        for end in [0, frame.len() / 2, frame.len() - 1] {
            assert_eq!(check(&frame[..end], most), Err(Refused::Invalid));
        }
        assert_eq!(check(&[frame, b"_"].concat(), most), Err(Refused::Invalid));
    }
    outcome
}
