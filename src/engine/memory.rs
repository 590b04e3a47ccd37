//! Gives memory back to the system when most of many connections have closed. glibc keeps freed memory, above all if
//! another thread frees it than the one that allocated it. Other systems' allocators give it back by themselves. Used
//! by [`super::hub`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use super::runtime::Runtime;

/// With fewer connections, there is not enough memory to give back.
const MANY: usize = 64;

/// Most of them have closed when one in this many is left.
const SHARE: usize = 8;

/// How long to wait then: more connections follow the first, and their memory is freed by that
/// time.
const LATER: Duration = Duration::from_secs(1);

/// The number of connections over time.
#[derive(Debug, Default)]
pub struct Tide {
    highest: usize,
    /// Memory will be given back soon.
    waits: Arc<AtomicBool>,
}

impl Tide {
    /// There are `count` connections now. Returns whether most have closed.
    pub fn is_out(&mut self, count: usize) -> bool {
        self.highest = self.highest.max(count);
        let is_out = self.highest >= MANY && count <= self.highest / SHARE;
        if is_out {
            self.highest = count;
        }
        is_out
    }

    /// Makes the I/O thread give memory back, after a moment.
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
    // SAFETY: it only touches free memory, under the allocator's own locks.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

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
