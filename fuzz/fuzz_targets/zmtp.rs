//! Any bytes as a peer of ROUTER or REQ, in one piece and in many: the same comes out, within the limits. And any
//! message, encoded and decoded again.

#![no_main]

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{
    Decoded, Decoder, Fault, Kind, Limits, greeting, message, ready,
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { message: 1000, frames: 10 };

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
    }
    let _ = decoder.finish();
    (all, None)
}

fuzz_target!(|input: (u8, u8, Vec<u8>, Vec<Vec<u8>>)| {
    let (how, size, bytes, frames) = input;
    let (kind, other) =
        if how & 1 == 0 { (Kind::Req, Kind::Router) } else { (Kind::Router, Kind::Req) };
    let mut stream = Vec::new();
    if how & 2 != 0 {
        stream.extend_from_slice(&greeting());
    }
    if how & 4 != 0 {
        stream.extend_from_slice(&ready(other, b"me"));
    }
    stream.extend_from_slice(&bytes);
    let whole = decode(kind, [&stream[..]]);
    assert_eq!(whole, decode(kind, stream.chunks(usize::from(size) + 1)));
    for decoded in &whole.0 {
        if let Decoded::Message(frames) = decoded {
            assert!(!frames.is_empty() && frames.len() <= LIMITS.frames);
            assert!(frames.iter().map(Bytes::len).sum::<usize>() <= LIMITS.message);
        }
    }
    let frames: Vec<Bytes> = frames.into_iter().map(Bytes::from).collect();
    let total: usize = frames.iter().map(Bytes::len).sum();
    if frames.is_empty() || frames.len() > LIMITS.frames || total > LIMITS.message {
        return;
    }
    let mut stream = [&greeting()[..], &ready(other, b"me")].concat();
    message(&frames, |piece| stream.extend_from_slice(&piece));
    let (decoded, fault) = decode(kind, stream.chunks(usize::from(size) + 1));
    assert_eq!((decoded.last(), fault), (Some(&Decoded::Message(frames)), None));
});
