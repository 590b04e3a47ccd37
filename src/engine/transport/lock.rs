//! The lock by which processes take turns at the names in a directory. Used by `unix`.
//!
//! A short `flock` on the directory itself: it needs no more than the right to read it, leaves no file
//! behind, and ends with its holder. It is advisory: strangers (any `net.Server`) do not know of it.
//! It is given up on after [`PATIENCE`], so that a stranger who holds it stops nobody for longer.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the lock is waited for. Its holders make a few system calls.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why there is no lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// Somebody else has had it all the time.
    Busy,
    /// The directory cannot be read, or its file system has no locks.
    Impossible,
}

/// Locks the directory of `path` until the result is dropped.
pub fn lock_directory(path: &Path) -> Result<File, Unlocked> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory =
        File::open(parent.unwrap_or(Path::new("."))).map_err(|_| Unlocked::Impossible)?;
    let started = Instant::now();
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::Error(_)) => return Err(Unlocked::Impossible),
            Err(TryLockError::WouldBlock) if started.elapsed() > PATIENCE => {
                return Err(Unlocked::Busy);
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
