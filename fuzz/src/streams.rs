//! What the targets for stream decoders share.

use ferripc::engine::codec::{BATCH_FRAMES, Decoded, Decoder};

use super::input::Input;

/// The frames of a stream (or the length, for a frame that was too long), and the length of an
/// unfinished one.
pub type Outcome = (Vec<Result<Vec<u8>, u64>>, u64);

/// How a stream arrives: `(limit of a frame, its pieces)`.
pub fn arrival<'a>(input: &mut Input<'a>) -> (usize, Vec<&'a [u8]>) {
    let most = match input.byte() {
        255 => usize::MAX / 2,
        most => most.into(),
    };
    let sizes = input.piece();
    (most, input.pieces(sizes))
}

/// Decodes pieces. The decoder may keep at most `kept` bytes more than a piece has.
pub fn decode(mut decoder: Decoder, pieces: &[&[u8]], kept: usize) -> Outcome {
    let gap = decoder.gap();
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        while let Some(decoded) = decoder.next() {
            match decoded {
                Decoded::Batch(batch) => {
                    assert!(!batch.ends.is_empty() && batch.ends.len() <= BATCH_FRAMES);
                    frames.extend(batch.frames(gap).map(|frame| Ok(frame.to_vec())));
                }
                Decoded::TooLarge(length) => frames.push(Err(length)),
            }
        }
        assert!(decoder.buffer().len() <= kept.saturating_add(piece.len()));
    }
    (frames, decoder.partial_len())
}

/// The whole frame, or its length.
pub fn limited(frame: &[u8], most: usize) -> Result<Vec<u8>, u64> {
    if frame.len() > most { Err(frame.len() as u64) } else { Ok(frame.to_vec()) }
}

/// The frames of a stream that end with `delimiter`, and the rest.
pub fn split<'a>(mut stream: &'a [u8], delimiter: &[u8]) -> (Vec<&'a [u8]>, &'a [u8]) {
    let mut frames = Vec::new();
    let mut at = 0;
    while at + delimiter.len() <= stream.len() {
        if stream[at..].starts_with(delimiter) {
            frames.push(&stream[..at]);
            stream = &stream[at + delimiter.len()..];
            at = 0;
        } else {
            at += 1;
        }
    }
    (frames, stream)
}
