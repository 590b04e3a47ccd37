//! A stream of frames that follow their length, compared with the specification in ten lines.

use ferripc::engine::codec::length::{Decoder, HEADER};

use super::input::Input;
use super::streams::{Outcome, arrival, decode};

/// `limit, sizes, stream`.
pub fn run(bytes: &[u8]) {
    let (most, pieces) = arrival(&mut Input::new(bytes));
    let found = decode(Decoder::new(most).into(), &pieces, most + HEADER);
    assert_eq!(found, naive(&pieces.concat(), most));
}

fn naive(mut stream: &[u8], most: usize) -> Outcome {
    let mut frames = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<HEADER>() {
        let len = u32::from_be_bytes(*header) as usize;
        if len > most {
            frames.push(Err(len as u64)); // known before the rest has arrived
        }
        if rest.len() < len {
            break;
        }
        if len <= most {
            frames.push(Ok(rest[..len].to_vec()));
        }
        stream = &rest[len..];
    }
    (frames, stream.len() as u64)
}
