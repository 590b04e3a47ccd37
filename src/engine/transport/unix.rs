//! Unix sockets: connecting, and claiming a path to listen on.
//!
//! The rules for what is already at the path are those of the compatibility page's F9: only sockets
//! are ever replaced or removed, replacing leaves no moment without a server (bind beside, rename
//! over), and only the socket that a listener itself made is removed when it ends.
//!
//! Looking at a path and then acting on it is a race between processes. Those that use this module
//! take turns by a lock on the directory; it is advisory and given up on after `LOCK_PATIENCE`, so
//! a stranger who holds it cannot stop anybody.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixStream;

use super::{BACKLOG, patiently};

/// How long the lock on a directory is waited for.
const LOCK_PATIENCE: Duration = Duration::from_millis(100);

/// What to do about an existing file at the path (`config.unlink`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Replace a socket, whether somebody listens on it or not (`true`).
    Takeover,
    /// Replace a socket that nobody listens on (`'stale'`).
    Stale,
    /// Leave it alone (`false`), and the listener's own file, too, when it ends: files are then the
    /// business of the program.
    Never,
}

/// A path to listen on.
#[derive(Debug, Clone)]
pub struct UnixLocal {
    /// The path; on Linux one that begins with NUL names an abstract socket.
    pub path: String,
    /// What to do about what is there.
    pub claim: Claim,
    /// Permission bits to add to the socket file, e.g. 0o444.
    pub add_mode: u32,
}

/// Connects. A full backlog is waited for, as a blocking connect would.
pub async fn connect(path: &str) -> io::Result<UnixStream> {
    address(Path::new(path))?;
    let is_full = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
    patiently(is_full, || UnixStream::connect(path)).await
}

/// The socket file that a listener made. Dropping it removes the file, if it is still that one.
#[derive(Debug)]
pub struct OwnPath {
    /// The path with the file's identity; `None` if there is nothing to remove.
    file: Option<(PathBuf, FileId)>,
}

type FileId = (u64, u64);

fn id_of(path: &Path) -> io::Result<FileId> {
    fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino()))
}

impl Drop for OwnPath {
    fn drop(&mut self) {
        let Some((path, id)) = &self.file else { return };
        let _lock = lock_directory(path);
        if id_of(path).is_ok_and(|now| now == *id) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Listens on a path.
pub fn listen(local: &UnixLocal) -> io::Result<(UnixListener, OwnPath)> {
    if local.path.starts_with('\0') {
        return Ok((bind(Path::new(&local.path))?, OwnPath { file: None }));
    }
    let path = Path::new(&local.path);
    let _lock = lock_directory(path);
    let listener = match bind_file(path, local.add_mode) {
        Err(error)
            if error.kind() == io::ErrorKind::AddrInUse && may_replace(path, local.claim) =>
        {
            replace(path, local.add_mode)?
        }
        result => result?,
    };
    let file = match local.claim {
        Claim::Never => None,
        Claim::Takeover | Claim::Stale => Some((path.to_owned(), id_of(path)?)),
    };
    Ok((listener, OwnPath { file }))
}

fn may_replace(path: &Path, claim: Claim) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    is_socket
        && match claim {
            Claim::Takeover => true,
            Claim::Stale => StdUnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused),
            Claim::Never => false,
        }
}

/// Binds beside the path and renames over it: at every moment somebody listens on the path.
fn replace(path: &Path, add_mode: u32) -> io::Result<UnixListener> {
    let beside = name_beside(path);
    match bind_file(&beside, add_mode) {
        Ok(listener) => {
            if let Err(error) = fs::rename(&beside, path) {
                let _ = fs::remove_file(&beside);
                return Err(error);
            }
            Ok(listener)
        }
        // No room for a longer name within the limit: a short gap is better than no server.
        Err(error) if error.raw_os_error() == Some(libc::ENAMETOOLONG) => {
            fs::remove_file(path)?;
            bind_file(path, add_mode)
        }
        Err(error) => Err(error),
    }
}

/// A short unused name in the same directory.
fn name_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{:x}.{count:x}", std::process::id()))
}

fn bind_file(path: &Path, add_mode: u32) -> io::Result<UnixListener> {
    let listener = bind(path)?;
    if add_mode != 0 {
        let mode = fs::symlink_metadata(path)?.permissions().mode() | add_mode;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(listener)
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&address(path)?)?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// The socket address of `path`. The system's limit is 107 bytes on Linux, 103 on macOS.
fn address(path: &Path) -> io::Result<SockAddr> {
    SockAddr::unix(path).map_err(|error| match path.as_os_str().len() {
        104.. => io::Error::from_raw_os_error(libc::ENAMETOOLONG),
        _ => error,
    })
}

/// The directory of `path`, locked until dropped; `None` if it cannot be had in time.
fn lock_directory(path: &Path) -> Option<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(parent.unwrap_or(Path::new("."))).ok()?;
    let started = Instant::now();
    loop {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A directory of its own for each test, removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("ferripc-unix-{}-{count}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn local(&self, claim: Claim) -> UnixLocal {
            let path = self.0.join("s").to_str().unwrap().to_owned();
            UnixLocal { path, claim, add_mode: 0 }
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn code(error: io::Error) -> &'static str {
        crate::engine::error::Error::new("listen", error, None).code()
    }

    #[test]
    fn takeover_replaces_a_live_server_which_then_leaves_the_path_alone() {
        let dir = Scratch::new();
        let old = listen(&dir.local(Claim::Takeover)).unwrap();
        let new = listen(&dir.local(Claim::Takeover)).unwrap();
        drop(old);
        assert_eq!(dir.names(), ["s"]); // nor is the name beside left behind
        let mut client = StdUnixStream::connect(dir.0.join("s")).unwrap();
        new.0.set_nonblocking(false).unwrap();
        drop(new.0.accept().unwrap());
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        drop(new);
        assert!(dir.names().is_empty());
    }

    #[test]
    fn stale_takes_a_dead_path_and_refuses_a_live_one() {
        let dir = Scratch::new();
        let (listener, path) = listen(&dir.local(Claim::Stale)).unwrap();
        assert_eq!(code(listen(&dir.local(Claim::Stale)).unwrap_err()), "EADDRINUSE");
        std::mem::forget(path); // as a killed process leaves it
        drop(listener);
        assert_eq!(dir.names(), ["s"]);
        listen(&dir.local(Claim::Stale)).unwrap();
    }

    #[test]
    fn never_leaves_even_a_dead_socket_alone() {
        let dir = Scratch::new();
        drop(listen(&dir.local(Claim::Never)).unwrap());
        assert_eq!(dir.names(), ["s"]);
        assert_eq!(code(listen(&dir.local(Claim::Never)).unwrap_err()), "EADDRINUSE");
    }

    #[test]
    fn a_regular_file_is_never_replaced() {
        let dir = Scratch::new();
        fs::write(dir.0.join("s"), "precious").unwrap();
        for claim in [Claim::Takeover, Claim::Stale, Claim::Never] {
            assert_eq!(code(listen(&dir.local(claim)).unwrap_err()), "EADDRINUSE");
        }
        assert_eq!(fs::read_to_string(dir.0.join("s")).unwrap(), "precious");
    }

    #[test]
    fn added_permissions_are_there_from_the_first_moment() {
        let dir = Scratch::new();
        let local = UnixLocal { add_mode: 0o666, ..dir.local(Claim::Takeover) };
        let _listener = listen(&local).unwrap();
        let mode = fs::symlink_metadata(&local.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o666, 0o666);
    }

    #[test]
    fn a_path_with_no_room_beside_it_is_still_taken_over() {
        let dir = Scratch::new();
        let mut local = dir.local(Claim::Takeover);
        let room = 107 - dir.0.as_os_str().len() - 1;
        // The last component is one letter deep in a directory that fills the limit.
        let deep = dir.0.join("d".repeat(room - 2));
        fs::create_dir(&deep).unwrap();
        local.path = deep.join("s").to_str().unwrap().to_owned();
        assert_eq!(local.path.len(), 107);
        let (listener, path) = listen(&local).unwrap();
        std::mem::forget(path);
        drop(listener);
        listen(&local).unwrap();
    }
}
