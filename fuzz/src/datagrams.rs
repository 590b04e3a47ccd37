//! Datagrams of several peers, compared with a split of each.

use std::net::SocketAddr;

use ferripc::engine::codec::delimited::Delimiter;
use ferripc::engine::datagram::Sorter;
use ferripc::engine::event::Event;
use ferripc::engine::framing::Mode;

use super::input::Input;
use super::streams::{limited, split};

#[derive(Debug, PartialEq)]
enum Found {
    Frame(SocketAddr, Vec<u8>),
    TooLarge(SocketAddr, usize, usize),
    Whole(SocketAddr, Vec<u8>, bool),
    /// A datagram with this many bytes, in the batch that its frames begin in.
    Part(SocketAddr, usize),
}

/// `delimiter, limit`, then repeated `(how, datagram)`.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let first = input.byte();
    let delimiter = [b"\x0c".as_slice(), b"\r\n", b"aa"][usize::from(first % 3)];
    let strict = first >= 128;
    let most = match input.byte() {
        255 => usize::MAX / 2,
        most => most.into(),
    };
    let mut sorter = Sorter::new(7, Delimiter::from(delimiter), most, strict);
    let (mut events, mut expected) = (Vec::new(), Vec::new());
    while !input.is_empty() {
        let how = input.byte();
        let peer = SocketAddr::from(([127, 0, 0, 1], 1000 + u16::from(how % 3)));
        let (raw, tapped, done) = (how & 64 != 0, how & 32 != 0, how & 16 != 0);
        let mode = if raw { Mode::Raw } else { Mode::Frames };
        let datagram = input.piece();
        sorter.add((mode, tapped), (peer, datagram), &mut |event| events.push(event));
        if raw || tapped {
            expected.push(Found::Whole(peer, datagram.to_vec(), !raw));
        }
        if !raw {
            let (frames, rest) = split(datagram, delimiter);
            let last = (!rest.is_empty()).then_some(rest);
            let found = |frame: &[u8]| match limited(frame, most) {
                Ok(frame) => Found::Frame(peer, frame),
                Err(len) => Found::TooLarge(peer, datagram.len(), len as usize),
            };
            expected.push(Found::Part(peer, datagram.len()));
            for frame in frames.into_iter().chain(last) {
                expected.push(found(frame));
                if strict && frame.len() > most {
                    break;
                }
            }
        }
        if done {
            sorter.finish(&mut |event| events.push(event));
        }
    }
    sorter.finish(&mut |event| events.push(event));
    assert_eq!(flatten(events, delimiter.len()), expected);
}

fn flatten(events: Vec<Event>, gap: usize) -> Vec<Found> {
    let mut found = Vec::new();
    for event in events {
        match event {
            Event::Datagrams { peer, batch, parts, .. } => {
                let mut frames = batch.frames(gap);
                for part in parts {
                    // Where a batch is full, or a frame too long, a datagram goes on in another part.
                    if !part.continues {
                        found.push(Found::Part(peer, part.size));
                    }
                    let own = frames.by_ref().take(part.frames).map(<[u8]>::to_vec);
                    let own = own.collect::<Vec<_>>();
                    assert_eq!(own.len(), part.frames);
                    found.extend(own.into_iter().map(|frame| Found::Frame(peer, frame)));
                }
                assert!(frames.next().is_none());
            }
            Event::DatagramTooLarge { peer, size, len, .. } => {
                found.push(Found::TooLarge(peer, size, len));
            }
            Event::Datagram { peer, bytes, framed, .. } => {
                found.push(Found::Whole(peer, bytes.to_vec(), framed));
            }
            other => panic!("{other:?}"),
        }
    }
    found
}
