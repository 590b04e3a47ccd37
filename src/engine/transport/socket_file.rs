//! The files of Unix sockets: makes, takes over and removes them by the rules at the top of `unix`, which calls
//! this.

use std::ffi::CString;
use std::fs;
use std::io;
use std::mem;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::thread;

use socket2::{Domain, SockAddr, Socket, Type};

use super::BACKLOG;
use super::lock::{Unlocked, lock_directory};

/// What to do about an existing file at the path (`config.unlink`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Replace a socket, even a live one (`true`).
    Takeover,
    /// Replace a socket if nobody listens on it (`'stale'`).
    Stale,
    /// Leave it alone (`false`), and do not remove the listener's own file when it ends either: the
    /// program then manages the files.
    Never,
    /// The name is the listener's own, and nobody else would take it: there is nothing to replace, and no lock to wait for.
    Own,
}

/// The longest path in bytes: the size of `sun_path` without the NUL at its end.
pub(super) const MAX_PATH: usize = mem::size_of::<libc::sockaddr_un>() - SUN_PATH_AT - 1;
const SUN_PATH_AT: usize = mem::offset_of!(libc::sockaddr_un, sun_path);

/// The socket file that a listener made. Dropping this removes the file, if it is still the same
/// one.
#[derive(Debug, Default)]
pub struct OwnPath {
    /// The path with the file's identity; `None` if there is nothing to remove.
    file: Option<(PathBuf, FileId)>,
    /// Whether others may take the path meanwhile.
    shared: bool,
}

type FileId = (u64, u64);

fn id_of(path: &Path) -> io::Result<FileId> {
    fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino()))
}

impl Drop for OwnPath {
    fn drop(&mut self) {
        let Some((path, id)) = &self.file else { return };
        let lock = self.shared.then(|| lock_directory(path));
        // While another process holds the lock, a leftover file is better than the loss of a new
        // one.
        if !matches!(lock, Some(Err(Unlocked::Busy))) && id_of(path).is_ok_and(|now| now == *id) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Listens on a path.
pub(super) fn listen(
    path: &Path,
    claim: Claim,
    add_mode: u32,
) -> io::Result<(UnixListener, OwnPath)> {
    let shared = claim != Claim::Own;
    let lock = shared.then(|| lock_directory(path));
    let made = match bind_file(path, add_mode) {
        Err(error)
            if error.kind() == io::ErrorKind::AddrInUse
                && may_replace(path, claim, lock.as_ref().is_some_and(Result::is_ok)) =>
        {
            replace(path, add_mode)
        }
        result => result,
    };
    let (listener, id) = made?;
    let file = match claim {
        Claim::Never => None,
        Claim::Takeover | Claim::Stale | Claim::Own => Some((path.to_owned(), id)),
    };
    Ok((listener, OwnPath { file, shared }))
}

/// Describes what is at a path in use, if it is not a socket: a server could not have left it.
pub fn obstacle(path: &str) -> Option<String> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    let name = match () {
        () if kind.is_socket() => return None,
        () if kind.is_file() => "a regular file",
        () if kind.is_dir() => "a directory",
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_fifo() => "a FIFO",
        () => "a device",
    };
    Some(format!("the path is that of {name}, which is left alone"))
}

fn may_replace(path: &Path, claim: Claim, locked: bool) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    is_socket
        && match claim {
            Claim::Takeover => true,
            // Without the lock, another process might do the same.
            Claim::Stale => locked && is_dead(path),
            Claim::Never | Claim::Own => false,
        }
}

/// Whether nobody listens on the socket at `path`. Never waits: a full backlog shows that a server
/// is alive.
///
/// A datagram socket asks first. The system looks for the owner before it compares the types of both, so a
/// live server is known by another error than a dead one, and sees no client that connects and leaves.
fn is_dead(path: &Path) -> bool {
    refuses(path, Type::DGRAM) && refuses(path, Type::STREAM)
}

fn refuses(path: &Path, kind: Type) -> bool {
    let connect = || {
        let socket = Socket::new(Domain::UNIX, kind, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    };
    connect().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Takes over the path of a socket.
///
/// If the socket is dead, its file is removed first. The system then knows the new socket by its path,
/// which `ss`, `lsof` and programs that clean up /tmp look for (`/proc/net/unix`). If it is live, it is
/// replaced in one step, by binding at another name beside it and renaming over it, so that there is a
/// listener at every moment. The system knows that socket by the other name.
fn replace(path: &Path, add_mode: u32) -> io::Result<(UnixListener, FileId)> {
    let at_path = || fs::remove_file(path).and_then(|()| bind_file(path, add_mode));
    let replaced = if is_dead(path) {
        at_path()
    } else {
        match Beside::new(path, add_mode) {
            Ok(Some(beside)) => fs::rename(&beside.path, path).map(|()| beside.listening()),
            // A short gap is better than no server.
            Ok(None) => at_path(),
            Err(error) => Err(error),
        }
    };
    replaced.map_err(|error| match error.kind() {
        // It belongs to another user, in a directory like /tmp.
        io::ErrorKind::PermissionDenied => in_use(),
        _ => error,
    })
}

fn in_use() -> io::Error {
    io::Error::from_raw_os_error(libc::EADDRINUSE)
}

/// A listening socket at another name in the same directory. Dropping this removes the name.
struct Beside {
    path: PathBuf,
    listening: Option<(UnixListener, FileId)>,
}

impl Beside {
    /// `None`: such a name would be too long.
    fn new(path: &Path, add_mode: u32) -> io::Result<Option<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let process = std::process::id();
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = path.with_file_name(format!(".{process:x}.{count:x}"));
            if path.as_os_str().len() > MAX_PATH {
                return Ok(None);
            }
            match bind_file(&path, add_mode) {
                // Left behind by a process that was killed, possibly in another container.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                result => return result.map(|made| Some(Self { path, listening: Some(made) })),
            }
        }
    }

    fn listening(mut self) -> (UnixListener, FileId) {
        self.listening.take().expect("taken once")
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // gone already after a rename
    }
}

/// Binds, sets the file's mode, and only then listens: no client is refused because of a mode that is
/// not final.
fn bind_file(path: &Path, add_mode: u32) -> io::Result<(UnixListener, FileId)> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let has_mode = match add_mode {
        0 => socket.bind(&address).map(|()| true)?,
        _ => bind_with_mode(&socket, &address, add_mode)?,
    };
    let complete = || -> io::Result<(UnixListener, FileId)> {
        let meta = fs::symlink_metadata(path)?;
        if !has_mode {
            set_mode(path, meta.permissions().mode() | add_mode)?;
        }
        Ok((listening(socket)?, (meta.dev(), meta.ino())))
    };
    complete().inspect_err(|_| drop(fs::remove_file(path)))
}

/// Binds, and lets the system create the file with its mode if possible; returns whether it did. On Linux, the
/// mode comes from the socket and the umask. A thread may have a umask of its own, so a short-lived thread sets
/// it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_with_mode(socket: &Socket, address: &SockAddr, add_mode: u32) -> io::Result<bool> {
    let bind = || {
        let mut has_mode = false;
        // SAFETY: these calls touch no memory and, after the first one, no other thread's umask.
        unsafe {
            if libc::unshare(libc::CLONE_FS) == 0 {
                let mask = libc::umask(0);
                let mode = 0o777 & !mask | add_mode as libc::mode_t;
                has_mode = libc::fchmod(socket.as_raw_fd(), mode) == 0;
                if !has_mode {
                    libc::umask(mask);
                }
            }
        }
        socket.bind(address).map(|()| has_mode)
    };
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, bind) {
        Ok(thread) => thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())),
        Err(_) => socket.bind(address).map(|()| false),
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_with_mode(socket: &Socket, address: &SockAddr, _: u32) -> io::Result<bool> {
    socket.bind(address).map(|()| false)
}

/// Sets the mode of a file that is not a link, even if another process replaces it with a link
/// meanwhile.
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: `name` is a string with a NUL at its end.
    let result = unsafe {
        libc::fchmodat(libc::AT_FDCWD, name.as_ptr(), (mode & 0o7777) as libc::mode_t, flags)
    };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // Older C libraries, or newer ones without /proc, which they need.
        Some(libc::ENOTSUP | libc::ENOSYS) if !fs::symlink_metadata(path)?.is_symlink() => {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        }
        _ => Err(error),
    }
}

/// Listens on a bound socket.
pub(super) fn listening(socket: Socket) -> io::Result<UnixListener> {
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
