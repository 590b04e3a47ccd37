//! Identifies the peer of a Unix socket, as the system reports it. Used by the binding, for one connection at a time.

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
use std::os::fd::AsRawFd;

use socket2::SockRef;

/// The peer's process at the time it connected or, as a client sees it, began to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// Its process id; 0 if it is in a namespace that this process cannot see.
    pub pid: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// `None` for anything other than a connected Unix socket, and on systems that do not report it.
pub fn credentials(socket: &SockRef<'_>) -> Option<Credentials> {
    let is_unix = i32::from(socket.local_addr().ok()?.family()) == libc::AF_UNIX;
    is_unix.then(|| ask(socket)).flatten()
}

/// Whether the memory of the peer's process and of this one are counted, and limited, together: both are in the same
/// control groups. Not if that cannot be found out.
#[cfg(target_os = "linux")]
pub fn is_counted_together(socket: &SockRef<'_>) -> bool {
    let groups = |process: &str| std::fs::read(format!("/proc/{process}/cgroup")).ok();
    let theirs = credentials(socket).and_then(|peer| groups(&peer.pid.to_string()));
    theirs.is_some() && theirs == groups("self")
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn ask(socket: &SockRef<'_>) -> Option<Credentials> {
    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    option(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, &mut found)?;
    Some(Credentials { pid: found.pid, uid: found.uid, gid: found.gid })
}

#[cfg(target_vendor = "apple")]
fn ask(socket: &SockRef<'_>) -> Option<Credentials> {
    let mut found = libc::xucred {
        cr_version: libc::XUCRED_VERSION,
        cr_uid: 0,
        cr_ngroups: 0,
        cr_groups: [0; 16],
    };
    option(socket.as_raw_fd(), libc::SOL_LOCAL, libc::LOCAL_PEERCRED, &mut found)?;
    if found.cr_version != libc::XUCRED_VERSION || found.cr_ngroups < 1 {
        return None;
    }
    let mut pid: libc::pid_t = 0;
    option(socket.as_raw_fd(), libc::SOL_LOCAL, libc::LOCAL_PEERPID, &mut pid)?;
    Some(Credentials { pid, uid: found.cr_uid, gid: found.cr_groups[0] })
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn ask(_: &SockRef<'_>) -> Option<Credentials> {
    None
}

/// Reads a socket option, which must fill `value`.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn option<T: Copy>(fd: i32, level: i32, name: i32, value: &mut T) -> Option<()> {
    let size = libc::socklen_t::try_from(size_of::<T>()).ok()?;
    let mut len = size;
    // SAFETY: the system writes at most `len` bytes, which `value` has. Any bytes are a valid `T`: callers use
    // structures of the system.
    let result = unsafe {
        libc::getsockopt(fd, level, name, std::ptr::from_mut(value).cast(), &raw mut len)
    };
    (result == 0 && len == size).then_some(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    #[test]
    fn this_process_is_at_the_other_end_of_its_own_pair() {
        let (one, _other) = UnixStream::pair().unwrap();
        let found = credentials(&SockRef::from(&one)).unwrap();
        assert_eq!(found.pid, std::process::id() as i32);
        assert!(is_counted_together(&SockRef::from(&one)));
        // SAFETY: these take no arguments and cannot fail.
        assert_eq!((found.uid, found.gid), unsafe { (libc::geteuid(), libc::getegid()) });
    }

    #[test]
    fn nobody_is_known_at_the_other_end_of_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(credentials(&SockRef::from(&client)), None);
        assert!(!is_counted_together(&SockRef::from(&client)));
    }
}
