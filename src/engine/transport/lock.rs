//! The lock under which processes change the names in a directory, one at a time. Used by `unix`.
//!
//! It is a short `flock` on the directory itself. It only needs permission to read the directory,
//! leaves no file behind, and ends with its holder. It is advisory: other programs (any `net.Server`)
//! do not know of it. This gives up after [`PATIENCE`], so that a program that holds the lock cannot
//! stop others for longer.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to wait for the lock. Its holders only make a few system calls.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// Why the lock was not acquired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// Another process held it all the time.
    Busy,
    /// The directory cannot be read, or its file system has no locks.
    Impossible,
}

/// Locks the directory of `path` until the result is dropped.
pub fn lock_directory(path: &Path) -> Result<File, Unlocked> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = OpenOptions::new()
        .read(true)
        // Anything that is not a directory is not opened: opening a FIFO would wait.
        .custom_flags(libc::O_DIRECTORY | libc::O_NONBLOCK)
        .open(parent.unwrap_or(Path::new(".")))
        .map_err(|_| Unlocked::Impossible)?;
    let started = Instant::now();
    loop {
        match try_lock(&directory) {
            Ok(()) => return Ok(directory),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                return Err(Unlocked::Impossible);
            }
            Err(_) if started.elapsed() > PATIENCE => return Err(Unlocked::Busy),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// What `File::try_lock` is elsewhere: the standard library has no locks on Android.
pub fn try_lock(file: &File) -> io::Result<()> {
    // SAFETY: the call takes a descriptor, which is open, and a number.
    match unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::unix::{Claim, UnixLocal, listen};
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::sync::Barrier;
    use std::{fs, thread};

    /// Runs `test` with a directory of its own and a function that makes local addresses in it.
    fn in_directory(name: &str, test: impl FnOnce(&Path, &(dyn Fn(Claim) -> UnixLocal + Sync))) {
        let directory =
            std::env::temp_dir().join(format!("ferripc-lock-{name}-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let path = directory.join("s").to_str().unwrap().to_owned();
        let local = |claim| UnixLocal { path: path.clone(), claim, add_mode: 0, padded: false };
        test(&directory, &local);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn an_end_never_removes_the_file_of_who_takes_over_at_that_moment() {
        in_directory("race", |_, local| {
            let mut current = listen(&local(Claim::Takeover)).unwrap();
            for _ in 0..2000 {
                let barrier = Barrier::new(2);
                let next = thread::scope(|scope| {
                    let next = scope.spawn(|| {
                        barrier.wait();
                        listen(&local(Claim::Takeover)).unwrap()
                    });
                    barrier.wait();
                    drop(current.1);
                    next.join().unwrap()
                });
                UnixStream::connect(local(Claim::Takeover).path).unwrap();
                current = next;
            }
        });
    }

    #[test]
    fn while_a_stranger_holds_it_servers_start_and_end_but_neither_take_nor_remove_what_is_dead() {
        in_directory("busy", |directory, local| {
            let dead = listen(&local(Claim::Never)).unwrap();
            drop(dead);
            let stranger = File::open(directory).unwrap();
            try_lock(&stranger).unwrap();
            let error = listen(&local(Claim::Stale)).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
            drop(listen(&local(Claim::Takeover)).unwrap());
            assert_eq!(fs::read_dir(directory).unwrap().count(), 1); // s, dead
            fs::remove_file(directory.join("s")).unwrap();
            let _fresh = listen(&local(Claim::Stale)).unwrap();
            UnixStream::connect(local(Claim::Stale).path).unwrap();
            drop(stranger);
        });
    }

    #[test]
    fn a_server_whose_name_is_its_own_comes_and_goes_although_a_stranger_holds_it() {
        in_directory("own", |directory, local| {
            let stranger = File::open(directory).unwrap();
            try_lock(&stranger).unwrap();
            let mut shortest = Duration::MAX;
            for _ in 0..5 {
                let started = Instant::now();
                let listening = listen(&local(Claim::Own)).unwrap();
                UnixStream::connect(local(Claim::Own).path).unwrap();
                let error = listen(&local(Claim::Own)).unwrap_err();
                assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
                drop(listening);
                shortest = shortest.min(started.elapsed());
                assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
            }
            assert!(shortest < PATIENCE, "{shortest:?}");
            drop(stranger);
        });
    }
}
