//! A connection's receiving half whose user switches between messages and raw bytes at any moment. Nothing
//! may be lost or reported twice. The reference keeps the bytes of the unfinished message, and splits.

use ferripc::engine::codec::{Codec, Decoder};
use ferripc::engine::event::Event;
use ferripc::engine::framing::Mode;
use ferripc::engine::link::{Inbox, Shelf};

use super::input::Input;
use super::streams::split;

#[derive(Debug, PartialEq)]
enum Found {
    Frame(Vec<u8>),
    Chunk(Vec<u8>),
    Truncated(u64),
}

/// Repeated `(how, bytes)`.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let delimiter = [b"\x0c".as_slice(), b"\r\n"][usize::from(input.byte() % 2)];
    let codec = Codec::Delimited(delimiter.into());
    let mut inbox = Inbox::new(7, Decoder::new(&codec, 1 << 20));
    if input.byte() & 1 == 1 {
        inbox = inbox.strict(1 << 20);
    }
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let (mut mode, mut tapped, mut pending) = (Mode::Frames, false, Vec::new());
    let shelf = Shelf::default();
    while !input.is_empty() {
        let how = input.byte();
        if how & 128 != 0 {
            let next = if how & 64 != 0 { Mode::Raw } else { Mode::Frames };
            if next != mode && !pending.is_empty() {
                expected.push(Found::Chunk(std::mem::take(&mut pending)));
            }
            (mode, tapped) = (next, how & 32 != 0);
            note(&mut found, inbox.configure(mode, tapped), delimiter);
            continue;
        }
        if how & 64 != 0 {
            shelf.put(inbox.rest());
            inbox.lend(&shelf);
        }
        let chunk = input.piece();
        if chunk.is_empty() {
            continue; // no read is empty
        }
        inbox.prepare().extend_from_slice(chunk);
        let raw = inbox.received(chunk.len());
        while let Some(event) = inbox.next() {
            note(&mut found, Some(event), delimiter);
        }
        note(&mut found, raw, delimiter);
        if mode == Mode::Frames {
            pending.extend_from_slice(chunk);
            let whole = std::mem::take(&mut pending);
            let (frames, rest) = split(&whole, delimiter);
            expected.extend(frames.into_iter().map(|frame| Found::Frame(frame.to_vec())));
            pending = rest.to_vec();
        }
        if mode == Mode::Raw || tapped {
            expected.push(Found::Chunk(chunk.to_vec()));
        }
    }
    note(&mut found, inbox.finish(), delimiter);
    if !pending.is_empty() {
        expected.push(Found::Truncated(pending.len() as u64));
    }
    assert_eq!(found, expected);
}

fn note(found: &mut Vec<Found>, event: Option<Event>, delimiter: &[u8]) {
    match event {
        Some(Event::Frames { batch, .. }) => {
            found.extend(batch.frames(delimiter.len()).map(|frame| Found::Frame(frame.to_vec())));
        }
        Some(Event::Chunk { bytes, .. }) => found.push(Found::Chunk(bytes.to_vec())),
        Some(Event::Truncated { len, .. }) => found.push(Found::Truncated(len)),
        Some(Event::Partial { .. }) | None => {}
        Some(other) => panic!("{other:?}"),
    }
}
