//! Frames of V8's values -> JavaScript: which of them V8 must not read, and the memory beside them. Used by
//! [`super::deliver`], whose header has what is said about each.

use super::deliver::{ENDS_AT, Payload};
use crate::engine::codec::values::{self, Refused};
use crate::engine::codec::{Batch, length};
use crate::engine::transport::Attachment;

/// For frames with values: a bit in a frame's end, which is always lower (`FramingOptions::max_frame` is a string's
/// length at most). It marks a frame that has no valid value, or one whose value takes more memory than the limit.
const INVALID: u32 = 1 << 31;
const TOO_LARGE: u32 = 1 << 30;

/// Both: the memory beside it could not be taken.
const LOST: u32 = INVALID | TOO_LARGE;

/// The bytes of a batch, where its frames end in them, and which of them V8 must not read.
pub fn payload(
    batch: Batch,
    attached: Vec<Attachment>,
    most: usize,
    header: &mut [u32],
) -> Payload {
    header[2] = batch.ends.len() as u32;
    let ends = batch.ends.iter().zip(batch.frames(length::HEADER));
    let mut rest = attached.iter();
    for (to, (end, frame)) in header[ENDS_AT..].iter_mut().zip(ends) {
        let beside = if values::is_split(frame) { rest.next() } else { None };
        *to = *end as u32 | flags(frame, beside, most);
    }
    match attached.is_empty() {
        true => Payload::Memory(batch.bytes),
        false => Payload::Split(batch.bytes, attached),
    }
}

fn flags(frame: &[u8], beside: Option<&Attachment>, most: usize) -> u32 {
    match (beside, values::check(frame, beside.map_or(0, Attachment::bytes), most)) {
        (Some(Attachment::Lost), _) => LOST,
        (Some(Attachment::TooLarge(_)), _) | (_, Err(Refused::TooLarge)) => TOO_LARGE,
        (_, Err(Refused::Invalid)) => INVALID,
        (_, Ok(())) => 0,
    }
}
