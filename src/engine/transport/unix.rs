//! Unix sockets: connecting, and claiming a path to listen on.
//!
//! The rules for what is already at the path are those of F9 in docs/compatibility/server.md: only sockets
//! are ever replaced or removed, replacing a live one leaves no moment without a server, and
//! only the socket that a listener itself made is removed when it ends.
//!
//! Checking a path and then acting on it is a race between processes. Those that use this module do it
//! one at a time, under the lock of the module `lock`. Without the lock, everything works except taking a
//! dead socket's path ([`Claim::Stale`]). Where nobody else has the name, none is needed ([`Claim::Own`]). A server that ends while another process holds the lock leaves its file.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixStream;

use super::super::error::{Endpoint, Error};
use super::line::patiently;
use super::socket_file;
use super::socket_file::MAX_PATH;
pub use super::socket_file::{Claim, OwnPath, obstacle};

/// A path to listen on.
#[derive(Debug, Clone)]
pub struct UnixLocal {
    /// The path; on Linux one that begins with NUL names an abstract socket.
    pub path: String,
    /// What to do if something is at the path.
    pub claim: Claim,
    /// Permission bits to add to the socket file, e.g. 0o444.
    pub add_mode: u32,
    /// Whether to fill up an abstract name with NULs.
    pub padded: bool,
}

/// Fails, with a reason, for a path that the system would refuse or cut off.
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

/// The abstract name `path` as other programs use it that always pass the whole of `sun_path`.
fn padded(path: &str) -> String {
    format!("{path:\0<width$}", width = path.chars().count() + MAX_PATH + 1 - path.len())
}

/// Connects. Waits while the backlog is full, as a blocking connect would. An abstract name is tried
/// both as it is and padded, since servers differ in that.
pub async fn connect(path: &str) -> io::Result<UnixStream> {
    let connected = connect_to(path).await;
    match &connected {
        Err(error) if may_be_padded(path, error) => connect_to(&padded(path)).await.or(connected),
        _ => connected,
    }
}

async fn connect_to(path: &str) -> io::Result<UnixStream> {
    patiently(path, must_wait, || UnixStream::connect(path)).await
}

/// As [`connect`], without waiting: `None` where the backlog is full.
pub fn connect_now(path: &str) -> Result<Option<Socket>, Error> {
    check("connect", path)?;
    let connected = match try_connect(path) {
        Err(refused) if may_be_padded(path, &refused) => try_connect(&padded(path))
            .map_err(|error| if must_wait(&error) { error } else { refused }),
        connected => connected,
    };
    match connected {
        Ok(socket) => Ok(Some(socket)),
        Err(error) if must_wait(&error) => Ok(None),
        Err(error) => Err(Error::new("connect", error, Some(Endpoint::Path(path.to_owned())))),
    }
}

fn try_connect(path: &str) -> io::Result<Socket> {
    let socket = new_socket()?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(socket)
}

/// A socket that does not block, with one system call.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn new_socket() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn new_socket() -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Nobody listens at an abstract name: a server may have it padded.
fn may_be_padded(path: &str, error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused && path.starts_with('\0')
}

/// The backlog is full, or a signal interrupted the call: as in libuv, it is tried again.
fn must_wait(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Listens on a path.
pub fn listen(local: &UnixLocal) -> io::Result<(UnixListener, OwnPath)> {
    if local.path.starts_with('\0') {
        let name = if local.padded { &padded(&local.path) } else { &local.path };
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(name)?)?;
        return Ok((socket_file::listening(socket)?, OwnPath::default()));
    }
    socket_file::listen(Path::new(&local.path), local.claim, local.add_mode)
}

#[cfg(test)]
mod tests {
    use super::super::socket_file::set_mode;
    use super::*;
    use std::ffi::CString;
    use std::fs;
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream as StdUnixStream;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

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
        let (listener, _left) = listen(&dir.local(Claim::Stale)).unwrap(); // by a killed process
        assert_eq!(code(listen(&dir.local(Claim::Stale)).unwrap_err()), "EADDRINUSE");
        drop(listener);
        assert_eq!(dir.names(), ["s"]);
        listen(&dir.local(Claim::Stale)).unwrap();
    }

    #[test]
    fn a_live_server_does_not_see_who_asks_whether_it_lives() {
        for claim in [Claim::Takeover, Claim::Stale] {
            let dir = Scratch::new();
            let (old, _file) = listen(&dir.local(claim)).unwrap();
            let young = listen(&dir.local(claim));
            assert_eq!(young.is_ok(), claim == Claim::Takeover);
            old.set_nonblocking(true).unwrap();
            assert_eq!(old.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "{claim:?}");
        }
    }

    #[test]
    fn never_leaves_even_a_dead_socket_alone() {
        let dir = Scratch::new();
        drop(listen(&dir.local(Claim::Never)).unwrap());
        assert_eq!(dir.names(), ["s"]);
        assert_eq!(code(listen(&dir.local(Claim::Never)).unwrap_err()), "EADDRINUSE");
    }

    #[test]
    fn connecting_without_waiting_says_when_the_backlog_is_full() {
        let dir = Scratch::new();
        let path = dir.0.join("s").to_str().unwrap().to_owned();
        let code = || connect_now(&path).unwrap_err().code();
        assert_eq!(code(), "ENOENT");
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        assert_eq!(code(), "ECONNREFUSED");
        socket.listen(1).unwrap();
        let mut connected = Vec::new();
        while let Some(client) = connect_now(&path).unwrap() {
            connected.push(client);
            assert!(connected.len() < 10, "the backlog is never full");
        }
        assert!(!connected.is_empty());
        drop(socket.accept().unwrap());
        assert!(connect_now(&path).unwrap().is_some());
        assert_eq!(connect_now(&"x".repeat(200)).unwrap_err().code(), "ENAMETOOLONG");
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn a_full_backlog_at_a_padded_name_is_waited_for() {
        let name = format!("\0ferripc-padded-{}", std::process::id());
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(padded(&name)).unwrap()).unwrap();
        assert_eq!(connect_now(&name).unwrap_err().code(), "ECONNREFUSED");
        socket.listen(1).unwrap();
        let mut connected = Vec::new();
        while let Some(client) = connect_now(&name).unwrap() {
            connected.push(client);
            assert!(connected.len() < 10, "the backlog is never full");
        }
        assert!(!connected.is_empty());
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
        let (listener, _left) = listen(&local).unwrap(); // by a killed process
        drop(listener);
        listen(&local).unwrap();
    }
}
