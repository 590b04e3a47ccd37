//! Unix sockets: connecting, and claiming a path to listen on.
//!
//! The rules for what is already at the path are those of the compatibility page's F9: only sockets
//! are ever replaced or removed, replacing a live one leaves no moment without a server ([`replace`]), and
//! only the socket that a listener itself made is removed when it ends.
//!
//! Looking at a path and then acting on it is a race between processes. Those that use this module
//! take turns by the lock of the module `lock`. Without it everything still works, but for taking a
//! dead socket's path ([`Claim::Stale`]); and a server that ends while others hold the lock leaves its file.

use std::ffi::CString;
use std::fs;
use std::io;
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixStream;

use super::super::error::{Endpoint, Error};
use super::lock::{Unlocked, lock_directory};
use super::{BACKLOG, patiently};

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
    /// Whether an abstract name is to be filled up with NULs.
    pub padded: bool,
}

/// Bytes that a path may have: those of `sun_path`, without the NUL at its end.
const MAX_PATH: usize = mem::size_of::<libc::sockaddr_un>() - SUN_PATH_AT - 1;
const SUN_PATH_AT: usize = mem::offset_of!(libc::sockaddr_un, sun_path);

/// An error, with its reason, for a path that the system would refuse or cut off.
pub fn check(syscall: &'static str, path: &str) -> Result<(), Error> {
    let is_abstract = path.starts_with('\0');
    let (number, reason) =
        if is_abstract && cfg!(not(any(target_os = "linux", target_os = "android"))) {
            (libc::EINVAL, "abstract sockets exist on Linux only".to_owned())
        } else if !is_abstract && path.contains('\0') {
            (libc::EINVAL, "the path contains a NUL byte".to_owned())
        } else if path.len() > MAX_PATH + usize::from(is_abstract) {
            let most = MAX_PATH + usize::from(is_abstract);
            (libc::ENAMETOOLONG, format!("{} bytes, over the limit of {most}", path.len()))
        } else {
            return Ok(());
        };
    let endpoint = Some(Endpoint::Path(path.to_owned()));
    Err(Error::new(syscall, io::Error::from_raw_os_error(number), endpoint).because(reason))
}

/// The abstract name `path` as systems have it that always pass the whole of `sun_path`.
fn padded(path: &str) -> String {
    format!("{path:\0<width$}", width = path.chars().count() + MAX_PATH + 1 - path.len())
}

/// Connects. A full backlog is waited for, as a blocking connect would. An abstract name is tried both
/// as it is and padded, since servers differ in that.
pub async fn connect(path: &str) -> io::Result<UnixStream> {
    let connected = connect_to(path).await;
    match &connected {
        Err(error)
            if error.kind() == io::ErrorKind::ConnectionRefused && path.starts_with('\0') =>
        {
            connect_to(&padded(path)).await.or(connected)
        }
        _ => connected,
    }
}

async fn connect_to(path: &str) -> io::Result<UnixStream> {
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
        let lock = lock_directory(path);
        // While others are at it, a dead file is better than the loss of a new one.
        if !matches!(lock, Err(Unlocked::Busy)) && id_of(path).is_ok_and(|now| now == *id) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Listens on a path.
pub fn listen(local: &UnixLocal) -> io::Result<(UnixListener, OwnPath)> {
    if local.path.starts_with('\0') {
        let name = if local.padded { &padded(&local.path) } else { &local.path };
        let socket = bind(&SockAddr::unix(name)?)?;
        return Ok((listening(socket)?, OwnPath { file: None }));
    }
    let path = Path::new(&local.path);
    let lock = lock_directory(path);
    let made = match bind_file(path, local.add_mode) {
        Err(error)
            if error.kind() == io::ErrorKind::AddrInUse
                && may_replace(path, local.claim, lock.is_ok()) =>
        {
            replace(path, local.add_mode)
        }
        result => result,
    };
    let (listener, id) = made?;
    let file = match local.claim {
        Claim::Never => None,
        Claim::Takeover | Claim::Stale => Some((path.to_owned(), id)),
    };
    Ok((listener, OwnPath { file }))
}

/// What is at a path that is in use, if it is no socket: nothing that a server could have left.
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
            // Without the lock another one might be at it, too.
            Claim::Stale => locked && is_dead(path),
            Claim::Never => false,
        }
}

/// Whether nobody listens on the socket at `path`. Never waits: a full backlog is a sign of life.
fn is_dead(path: &Path) -> bool {
    let connect = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    };
    connect().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Takes over the path of a socket.
///
/// That of a dead one is removed first: the system then knows the new socket by its path, which is what
/// `ss`, `lsof` and those who clean up /tmp look for (`/proc/net/unix`). That of a live one is replaced in
/// one step, by binding beside the path and renaming over it, so that at every moment somebody listens on
/// it; that socket is known by the name beside.
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
        // Somebody else's, in a directory like /tmp.
        io::ErrorKind::PermissionDenied => in_use(),
        _ => error,
    })
}

fn in_use() -> io::Error {
    io::Error::from_raw_os_error(libc::EADDRINUSE)
}

/// A listening socket at another name in the directory of its path. Dropping it removes that name.
struct Beside {
    path: PathBuf,
    listening: Option<(UnixListener, FileId)>,
}

impl Beside {
    /// `None`: within the limit there is no room for such a name.
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
                // Left behind by a process that was killed, perhaps in another container.
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

/// Binds, sets the file's mode, and only then listens: nobody is turned away by a mode that is not the
/// final one.
fn bind_file(path: &Path, add_mode: u32) -> io::Result<(UnixListener, FileId)> {
    let socket = bind(&SockAddr::unix(path)?)?;
    let complete = || -> io::Result<(UnixListener, FileId)> {
        let meta = fs::symlink_metadata(path)?;
        if add_mode != 0 {
            set_mode(path, meta.permissions().mode() | add_mode)?;
        }
        Ok((listening(socket)?, (meta.dev(), meta.ino())))
    };
    complete().inspect_err(|_| drop(fs::remove_file(path)))
}

/// Sets the mode of a file that is no link, also where somebody puts a link in its place meanwhile.
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
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
        // Older C libraries; or there is no /proc, which newer ones go by.
        Some(libc::ENOTSUP | libc::ENOSYS) if !fs::symlink_metadata(path)?.is_symlink() => {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        }
        _ => Err(error),
    }
}

fn bind(address: &SockAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listening(socket: Socket) -> io::Result<UnixListener> {
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixStream as StdUnixStream;

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
            UnixLocal { path, claim, add_mode: 0, padded: false }
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

    /// Whether the system knows a socket by that path.
    #[cfg(target_os = "linux")]
    fn is_known(path: &Path) -> bool {
        let sockets = fs::read_to_string("/proc/net/unix").unwrap();
        sockets.lines().any(|line| line.ends_with(&format!(" {}", path.to_str().unwrap())))
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_knows_the_socket_by_its_path() {
        for (claim, add_mode, dead) in [
            (Claim::Takeover, 0, false),
            (Claim::Takeover, 0o666, false),
            (Claim::Takeover, 0o666, true),
            (Claim::Stale, 0o444, true),
            (Claim::Never, 0o666, false),
        ] {
            let dir = Scratch::new();
            let local = UnixLocal { add_mode, ..dir.local(claim) };
            if dead {
                drop(listen(&dir.local(Claim::Never)).unwrap());
                assert!(!is_known(&dir.0.join("s")) && dir.names() == ["s"]);
            }
            let _listener = listen(&local).unwrap();
            assert!(is_known(&dir.0.join("s")), "{claim:?} {add_mode:o} {dead}");
        }
    }

    #[test]
    fn a_link_put_in_the_sockets_place_keeps_the_mode_of_what_it_leads_to() {
        let dir = Scratch::new();
        let (secret, link) = (dir.0.join("secret"), dir.0.join("link"));
        fs::write(&secret, "").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&secret, &link).unwrap();
        let _ = set_mode(&link, 0o666);
        assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_socket_is_named_and_never_waited_for() {
        let dir = Scratch::new();
        let path = dir.0.join("s");
        let make = |kind: &str| match kind {
            "a regular file" => fs::write(&path, "").unwrap(),
            "a directory" => fs::create_dir(&path).unwrap(),
            "a symbolic link" => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
            _ => {
                let name = CString::new(path.as_os_str().as_bytes()).unwrap();
                // SAFETY: `name` is a string with a NUL at its end.
                assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
            }
        };
        for kind in ["a regular file", "a directory", "a symbolic link", "a FIFO"] {
            make(kind);
            for claim in [Claim::Takeover, Claim::Stale, Claim::Never] {
                assert_eq!(code(listen(&dir.local(claim)).unwrap_err()), "EADDRINUSE", "{kind}");
            }
            let reason = obstacle(path.to_str().unwrap()).unwrap();
            assert!(reason.contains(kind), "{reason}");
            let below = UnixLocal {
                path: path.join("s").to_str().unwrap().to_owned(),
                ..dir.local(Claim::Takeover)
            };
            assert!(kind == "a directory" || listen(&below).is_err());
            fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).unwrap();
        }
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
