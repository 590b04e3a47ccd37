//! What the system is told of memory.
//!
//! * When most of many connections have gone, it gets back what they had. glibc keeps what is freed, most of all what
//!   another thread has freed than the one that it belongs to; other systems' allocators give it back by themselves.
//!   Used by [`super::hub`].
//! * A large message is received into large pages. New memory costs a fault for each page, which for usual ones takes
//!   longer than copying what is received. Used by [`super::link`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::sleep;

use super::runtime::Runtime;

/// Fewer connections leave nothing that is worth it.
const MANY: usize = 64;

/// Most of them have gone when one of so many is left.
const SHARE: usize = 8;

/// How long after that: who goes first is followed by others, and their memory is freed by then.
const LATER: Duration = Duration::from_secs(1);

/// How many connections there were.
#[derive(Debug, Default)]
pub struct Tide {
    highest: usize,
    /// Memory is about to be given back.
    waits: Arc<AtomicBool>,
}

impl Tide {
    /// There are so many now. Returns whether most have gone.
    pub fn is_out(&mut self, count: usize) -> bool {
        self.highest = self.highest.max(count);
        let is_out = self.highest >= MANY && count <= self.highest / SHARE;
        if is_out {
            self.highest = count;
        }
        is_out
    }

    /// Has the I/O thread give memory back, in a moment.
    pub fn give_back(&self, runtime: &Runtime) {
        if self.waits.swap(true, Ordering::Relaxed) {
            return;
        }
        let waits = self.waits.clone();
        runtime.spawn(async move {
            sleep(LATER).await;
            waits.store(false, Ordering::Relaxed);
            trim();
        });
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    // SAFETY: it only looks at memory that is free, under the allocator's own locks.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

/// Bytes from which on there is a whole large page among them, wherever they begin.
const LARGE: usize = 4 * 1024 * 1024;

/// A buffer that has got room for so many bytes, which will be filled, is to have large pages as far as it consists of such:
/// it takes no more memory than before. A hint: not every system heeds it.
pub fn expect_much(buffer: &mut BytesMut) {
    if buffer.capacity() >= LARGE {
        let room = buffer.capacity();
        advise(buffer.as_mut_ptr(), room);
    }
}

/// All pages that `len` bytes from `start` touch: where an allocator has made a mapping for them, that stays one, and can grow
/// without being copied.
#[cfg(target_os = "linux")]
fn advise(start: *mut u8, len: usize) {
    // SAFETY: it looks a number up.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Ok(page @ 1..) = usize::try_from(page) else { return };
    let before = start as usize % page;
    let len = (before + len).next_multiple_of(page);
    // SAFETY: these pages are mapped, since there are bytes of the buffer on each; what is on them stays as it is.
    unsafe { libc::madvise(start.wrapping_sub(before).cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_out_once_when_most_of_many_have_gone() {
        let mut tide = Tide::default();
        let outs = |tide: &mut Tide, counts: &[usize]| {
            counts.iter().filter(|&&count| tide.is_out(count)).count()
        };
        assert_eq!(outs(&mut tide, &[1, MANY - 1, 0, MANY / 2, 0]), 0);
        assert_eq!(outs(&mut tide, &[MANY, MANY / 2, MANY / SHARE + 1]), 0);
        assert_eq!(outs(&mut tide, &[MANY / SHARE, 3, 0, 1, 0]), 1);
        assert_eq!(outs(&mut tide, &[10 * MANY, 0]), 1);
    }
}
