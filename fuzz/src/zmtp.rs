//! Any bytes as a peer of ROUTER, REP, DEALER or REQ, in one piece and in many. The result has to be that of a naive
//! reading, within the limits. And any message, encoded and decoded again.

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{
    Decoded, Decoder, Fault, Kind, Limits, MAX_COMMAND, Ready, greeting, message, ready,
};

use super::input::Input;

#[path = "../../src/engine/codec/zmtp/naive.rs"]
mod naive;

const LIMITS: Limits = Limits { message: 1000, frames: 10 };

/// `how, size`, what the peer sends, after its length, then the frames of a message. Bits of `how`: 1, the peer of a
/// ROUTER; 2, a greeting comes first; 4, and READY; 8, the peer of a REP instead of a ROUTER, or of a DEALER instead of a
/// REQ.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (how, size) = (input.byte(), usize::from(input.byte()) + 1);
    let (kind, other) = match (how & 8 != 0, how & 1 != 0) {
        (false, false) => (Kind::Req, Kind::Router),
        (false, true) => (Kind::Router, Kind::Req),
        (true, false) => (Kind::Dealer, Kind::Rep),
        (true, true) => (Kind::Rep, Kind::Dealer),
    };
    let mut stream = Vec::new();
    if how & 2 != 0 {
        stream.extend_from_slice(&greeting());
    }
    if how & 4 != 0 {
        stream.extend_from_slice(&ready(other, b"me"));
    }
    stream.extend_from_slice(input.long_piece());
    let whole = decode(kind, [&stream[..]]);
    assert_eq!(whole, naive::naive(&stream, kind, LIMITS));
    assert_eq!(whole, decode(kind, stream.chunks(size)));
    for decoded in &whole.0 {
        if let Decoded::Message(frames) = decoded {
            assert!(!frames.is_empty() && frames.len() <= LIMITS.frames);
            assert!(frames.iter().map(Bytes::len).sum::<usize>() <= LIMITS.message);
        }
    }
    let mut frames = Vec::new();
    while !input.is_empty() && frames.len() < LIMITS.frames {
        frames.push(Bytes::copy_from_slice(input.piece()));
    }
    if frames.is_empty() || frames.iter().map(Bytes::len).sum::<usize>() > LIMITS.message {
        return;
    }
    let mut stream = [&greeting()[..], &ready(other, b"me")].concat();
    message(&frames, |piece| stream.extend_from_slice(&piece));
    let (decoded, fault) = decode(kind, stream.chunks(size));
    assert_eq!((decoded.last(), fault), (Some(&Decoded::Message(frames)), None));
}

/// The result, and the error.
fn decode<'a>(
    kind: Kind,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Decoded>, Option<Fault>) {
    let mut decoder = Decoder::new(kind, LIMITS);
    let mut all = Vec::new();
    for chunk in chunks {
        decoder.buffer().extend_from_slice(chunk);
        loop {
            match decoder.next() {
                Ok(Some(decoded)) => all.push(decoded),
                Ok(None) => break,
                Err(fault) => return (all, Some(fault)),
            }
        }
        assert!(decoder.partial_len() <= LIMITS.message + 8192 + 64 + chunk.len());
    }
    let _ = decoder.finish();
    (all, None)
}
