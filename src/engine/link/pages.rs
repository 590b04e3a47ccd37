//! Memory for long frames, in large pages where the system has them: it makes, and clears, a page at a time, which for small
//! ones takes longer than receiving what goes there. Used by [`super::Inbox`].

use bytes::BytesMut;

/// Bytes of a buffer from which on large pages are asked for.
const LARGE: usize = 4 * 1024 * 1024;

/// Has `buffer` have room for `more` bytes, in a place of their own if that is long.
pub fn reserve(buffer: &mut BytesMut, more: usize) {
    let len = buffer.len() + more;
    if len < LARGE || buffer.capacity() >= len {
        buffer.reserve(more);
        return;
    }
    let mut place = BytesMut::with_capacity(len);
    ask_for_large_pages(&mut place);
    place.extend_from_slice(buffer);
    *buffer = place;
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages(buffer: &mut BytesMut) {
    /// What is a page of the usual large ones; others are as good a border.
    const PAGE: usize = 2 * 1024 * 1024;
    let room = buffer.spare_capacity_mut();
    let skipped = room.as_ptr().align_offset(PAGE);
    let whole = room.len().saturating_sub(skipped) / PAGE * PAGE;
    if whole > 0 {
        let begin = room[skipped..].as_mut_ptr().cast();
        // SAFETY: the range is a part of the buffer's own memory, and the advice changes nothing that is in it. Without
        // large pages the call fails, and nothing has happened.
        unsafe { libc::madvise(begin, whole, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: &mut BytesMut) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_and_nothing_is_lost() {
        for more in [0, 1, LARGE - 4, LARGE, 3 * LARGE + 5] {
            let mut buffer = BytesMut::from(&b"held"[..]);
            reserve(&mut buffer, more);
            assert!(buffer.capacity() >= 4 + more);
            assert_eq!(&buffer[..], b"held");
            buffer.resize(4 + more, 7);
            let place = buffer.as_ptr();
            reserve(&mut buffer, 0);
            assert_eq!(buffer.as_ptr(), place);
        }
    }
}
