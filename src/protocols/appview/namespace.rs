//! Where a process's queues are: under its number in its innermost pid namespace, and in its IPC namespace, which
//! may differ from that of this process. Used by [`super::client`].

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::thread;

/// Where the queues of a process are.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its number, as the process sees it.
    pub pid: u32,
    /// Its IPC namespace, if it differs from this process's.
    elsewhere: Option<Arc<Elsewhere>>,
}

#[derive(Debug)]
struct Elsewhere {
    ipc: File,
    /// A user and a group that exist in its user namespace, if that differs from this process's: no other user
    /// may create anything there.
    owner: Option<(u32, u32)>,
}

impl Place {
    /// The place of the process `pid`. If the process does not exist or cannot be inspected, it is that
    /// of this process.
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let inner = last_number(&status, "NSpid:").unwrap_or(pid);
        Self { pid: inner, elsewhere: elsewhere(pid, &status).map(Arc::new) }
    }

    /// Calls `act` in the namespace of the process, where the names are valid.
    pub fn run<T: Send>(&self, act: impl FnOnce() -> T + Send) -> io::Result<T> {
        let Some(elsewhere) = &self.elsewhere else { return Ok(act()) };
        // Only this thread changes its namespace, and it ends.
        thread::scope(|scope| {
            let inside = || elsewhere.enter().map(|()| act());
            let thread = thread::Builder::new().spawn_scoped(scope, inside)?;
            thread.join().unwrap_or_else(|_| Err(io::Error::from_raw_os_error(libc::ECANCELED)))
        })
    }
}

impl Elsewhere {
    /// Moves the calling thread there, permanently.
    fn enter(&self) -> io::Result<()> {
        // SAFETY: the descriptor is open; the call changes this thread alone.
        if unsafe { libc::setns(self.ipc.as_raw_fd(), libc::CLONE_NEWIPC) } != 0 {
            return Err(io::Error::last_os_error());
        }
        if let Some((uid, gid)) = self.owner {
            // SAFETY: the calls change this thread only. If they fail, creating a queue fails later.
            unsafe {
                libc::setfsgid(gid);
                libc::setfsuid(uid);
            }
        }
        Ok(())
    }
}

fn elsewhere(pid: u32, status: &str) -> Option<Elsewhere> {
    if is_ours(pid, "ipc")? {
        return None;
    }
    let ipc = File::open(format!("/proc/{pid}/ns/ipc")).ok()?;
    let owner = if is_ours(pid, "user")? {
        None
    } else {
        Some((last_number(status, "Uid:")?, last_number(status, "Gid:")?))
    };
    Some(Elsewhere { ipc, owner })
}

/// Whether a namespace of the process `pid` is that of this process. `None`: unknown.
fn is_ours(pid: u32, kind: &str) -> Option<bool> {
    let inode = |who: &str| fs::metadata(format!("/proc/{who}/ns/{kind}")).map(|it| it.ino()).ok();
    Some(inode(&pid.to_string())? == inode("self")?)
}

/// The last number of a line of /proc/PID/status.
fn last_number(status: &str, name: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_where_we_are() {
        let place = Place::of(std::process::id());
        assert!(place.elsewhere.is_none());
        assert_eq!(place.run(|| thread::current().id()).unwrap(), thread::current().id());
        assert_eq!(Place::of(u32::MAX).pid, u32::MAX);
    }

    #[test]
    fn the_innermost_number_counts() {
        let status = "Name:\tx\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t4711\t17\t1\n";
        assert_eq!(last_number(status, "NSpid:"), Some(1));
        assert_eq!(last_number(status, "Uid:"), Some(1003));
        assert_eq!(last_number(status, "Gid:"), None);
    }
}
