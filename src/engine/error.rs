//! One error type for the whole engine. It carries what a Node system error carries
//! (<https://nodejs.org/api/errors.html#class-systemerror>), so that the binding only has to copy.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::transport::tls::failure::Failure;

/// What an operation was directed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket path or the name of a pipe or message queue.
    Path(String),
    /// An IP address and port.
    Ip(SocketAddr),
    /// A string in place of an IP address, and a port.
    Host(String, u16),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Path(path) => f.write_str(path),
            Endpoint::Ip(address) => write!(f, "{}:{}", address.ip(), address.port()),
            Endpoint::Host(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// A failed system call, or a failure of TLS ([`Failure`], in the source). `Display` is Node's
/// message, e.g. `connect ECONNREFUSED 127.0.0.1:8002`.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub struct Error {
    /// Name of the failed call, in Node's terms: `connect`, `listen`, `accept`, `read`, `write`,
    /// `bind`, `send`, `recv`; `mq_open` and the like.
    pub syscall: &'static str,
    /// What it was directed at, if anything.
    pub endpoint: Option<Endpoint>,
    /// The reason, if more is known than the code says.
    pub reason: Option<String>,
    /// The system's error.
    #[source]
    pub source: io::Error,
}

impl Error {
    /// `source` failed in `syscall`, directed at `endpoint`.
    pub fn new(syscall: &'static str, source: io::Error, endpoint: Option<Endpoint>) -> Self {
        Self { syscall, endpoint, reason: None, source }
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, reason: String) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The symbolic code, e.g. `ECONNREFUSED`; `UNKNOWN` if there is none.
    pub fn code(&self) -> &'static str {
        self.failure().map_or_else(|| name(&self.source), |failure| failure.code)
    }

    /// The TLS failure, if it is not a failed system call.
    pub fn failure(&self) -> Option<&Failure> {
        Failure::of(&self.source)
    }

    fn message(&self) -> String {
        match self.failure() {
            Some(failure) => failure.message.clone(),
            None => format!("{} {}{}{}", self.syscall, self.code(), self.reason(), self.target()),
        }
    }

    /// libuv's error number on Unix: the negated `errno`. On Windows, libuv has its own numbers;
    /// look them up by the code.
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error().filter(|_| cfg!(unix)).map(|number| -number)
    }

    /// Node explains the code only for `listen`: `listen EADDRINUSE: address already in use …`.
    fn reason(&self) -> String {
        if let Some(reason) = &self.reason {
            return format!(": {reason}");
        }
        if self.syscall != "listen" {
            return String::new();
        }
        let text = match self.code() {
            "EADDRINUSE" => "address already in use".to_owned(),
            "EADDRNOTAVAIL" => "address not available".to_owned(),
            "ENAMETOOLONG" => "name too long".to_owned(),
            "EACCES" => "permission denied".to_owned(),
            "EINVAL" => "invalid argument".to_owned(),
            _ => {
                let text = self.source.to_string().to_lowercase();
                text.split(" (os error").next().unwrap_or_default().to_owned()
            }
        };
        format!(": {text}")
    }

    fn target(&self) -> String {
        self.endpoint.as_ref().map(|endpoint| format!(" {endpoint}")).unwrap_or_default()
    }
}

/// The error for an argument that the system would not accept.
pub fn invalid() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(libc::EINVAL);
    #[cfg(not(unix))]
    return io::Error::from_raw_os_error(10022); // WSAEINVAL
}

/// The error if there is no room to keep what is to be sent.
pub fn full() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(libc::ENOBUFS);
    #[cfg(not(unix))]
    return io::Error::from_raw_os_error(10055); // WSAENOBUFS
}

#[cfg(unix)]
fn name(error: &io::Error) -> &'static str {
    macro_rules! names {
        ($($code:ident)*) => {
            match error.raw_os_error() {
                $(Some(libc::$code) => stringify!($code),)*
                _ => by_kind(error.kind()),
            }
        };
    }
    names!(E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG
        EBUSY ECANCELED ECONNABORTED ECONNREFUSED ECONNRESET EDESTADDRREQ EDQUOT EEXIST EFAULT
        EFBIG EHOSTDOWN EHOSTUNREACH EILSEQ EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK
        EMSGSIZE ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT
        ENOLCK ENOMEM ENOPROTOOPT ENOSPC ENOSYS ENOTCONN ENOTDIR ENOTEMPTY ENOTSOCK ENOTSUP
        ENOTTY ENXIO EOVERFLOW EPERM EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS
        ESHUTDOWN ESPIPE ESRCH ESTALE ETIMEDOUT ETXTBSY EXDEV)
}

/// Translated as in libuv, so that programs get the codes that Node would give.
#[cfg(windows)]
fn name(error: &io::Error) -> &'static str {
    use windows_sys::Win32::Foundation::*;
    use windows_sys::Win32::Networking::WinSock::*;
    const fn win32(code: WIN32_ERROR) -> i32 {
        code as i32
    }
    macro_rules! names {
        ($($code:literal: [$($winsock:ident)*] [$($win32:ident)*],)*) => {
            match error.raw_os_error() {
                $($(Some($winsock) => $code,)* $(Some(code) if code == win32($win32) => $code,)*)*
                _ => by_kind(error.kind()),
            }
        };
    }
    names! {
        "EACCES": [WSAEACCES] [ERROR_NOACCESS ERROR_ELEVATION_REQUIRED ERROR_CANT_ACCESS_FILE],
        "EADDRINUSE": [WSAEADDRINUSE] [ERROR_ADDRESS_ALREADY_ASSOCIATED],
        "EADDRNOTAVAIL": [WSAEADDRNOTAVAIL] [],
        "EAFNOSUPPORT": [WSAEAFNOSUPPORT] [],
        "EAGAIN": [WSAEWOULDBLOCK] [],
        "EALREADY": [WSAEALREADY] [],
        "EBADF": [] [ERROR_INVALID_FLAGS ERROR_INVALID_HANDLE],
        "EBUSY": [] [ERROR_PIPE_BUSY ERROR_LOCK_VIOLATION ERROR_SHARING_VIOLATION],
        "ECANCELED": [WSAEINTR] [ERROR_OPERATION_ABORTED],
        "ECONNABORTED": [WSAECONNABORTED] [ERROR_CONNECTION_ABORTED],
        "ECONNREFUSED": [WSAECONNREFUSED] [ERROR_CONNECTION_REFUSED],
        "ECONNRESET": [WSAECONNRESET] [ERROR_NETNAME_DELETED],
        "EFAULT": [WSAEFAULT] [ERROR_BUFFER_OVERFLOW],
        "EHOSTUNREACH": [WSAEHOSTUNREACH] [ERROR_HOST_UNREACHABLE],
        "EINVAL": [WSAEINVAL WSAEPFNOSUPPORT]
            [ERROR_INVALID_PARAMETER ERROR_INVALID_DATA ERROR_INSUFFICIENT_BUFFER],
        "EISCONN": [WSAEISCONN] [],
        "EMFILE": [WSAEMFILE] [ERROR_TOO_MANY_OPEN_FILES],
        "EMSGSIZE": [WSAEMSGSIZE] [],
        "ENAMETOOLONG": [] [ERROR_FILENAME_EXCED_RANGE],
        "ENETUNREACH": [WSAENETUNREACH] [ERROR_NETWORK_UNREACHABLE],
        "ENOBUFS": [WSAENOBUFS] [],
        "ENOENT": [WSAHOST_NOT_FOUND WSANO_DATA] [ERROR_FILE_NOT_FOUND ERROR_PATH_NOT_FOUND
            ERROR_INVALID_NAME ERROR_BAD_PATHNAME ERROR_DIRECTORY ERROR_INVALID_DRIVE],
        "ENOMEM": [] [ERROR_NOT_ENOUGH_MEMORY ERROR_OUTOFMEMORY],
        "ENOTCONN": [WSAENOTCONN] [ERROR_NOT_CONNECTED],
        "ENOTSOCK": [WSAENOTSOCK] [],
        "ENOTSUP": [] [ERROR_NOT_SUPPORTED],
        "EPERM": [] [ERROR_ACCESS_DENIED ERROR_PRIVILEGE_NOT_HELD],
        "EPIPE": [WSAESHUTDOWN]
            [ERROR_BAD_PIPE ERROR_BROKEN_PIPE ERROR_NO_DATA ERROR_PIPE_NOT_CONNECTED],
        "EPROTONOSUPPORT": [WSAEPROTONOSUPPORT] [],
        "ETIMEDOUT": [WSAETIMEDOUT] [ERROR_SEM_TIMEOUT],
    }
}

/// For errors made by the standard library itself.
fn by_kind(kind: io::ErrorKind) -> &'static str {
    use io::ErrorKind::*;
    match kind {
        AddrInUse => "EADDRINUSE",
        AddrNotAvailable => "EADDRNOTAVAIL",
        AlreadyExists => "EEXIST",
        BrokenPipe => "EPIPE",
        ConnectionAborted => "ECONNABORTED",
        ConnectionRefused => "ECONNREFUSED",
        ConnectionReset => "ECONNRESET",
        InvalidInput => "EINVAL",
        NotConnected => "ENOTCONN",
        NotFound => "ENOENT",
        PermissionDenied => "EACCES",
        TimedOut => "ETIMEDOUT",
        Unsupported => "ENOTSUP",
        _ => "UNKNOWN",
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn os(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    #[test]
    fn every_error_of_a_system_call_has_its_name() {
        let code = |number| Error::new("read", os(number), None).code();
        for (number, name) in [
            (libc::EINTR, "EINTR"),
            (libc::ENOLCK, "ENOLCK"),
            (libc::ENXIO, "ENXIO"),
            (libc::ENODEV, "ENODEV"),
            (libc::EDQUOT, "EDQUOT"),
            (libc::ENOTEMPTY, "ENOTEMPTY"),
            (libc::ESTALE, "ESTALE"),
            (libc::EPROTONOSUPPORT, "EPROTONOSUPPORT"),
        ] {
            assert_eq!(code(number), name);
        }
    }

    #[test]
    fn messages_are_those_of_node() {
        let ip = Endpoint::Ip("127.0.0.1:8002".parse().unwrap());
        let path = || Some(Endpoint::Path("/tmp/app.world".into()));
        for (error, message) in [
            (
                Error::new("connect", os(libc::ECONNREFUSED), Some(ip)),
                "connect ECONNREFUSED 127.0.0.1:8002",
            ),
            (Error::new("connect", os(libc::ENOENT), path()), "connect ENOENT /tmp/app.world"),
            (
                Error::new("listen", os(libc::EADDRINUSE), path()),
                "listen EADDRINUSE: address already in use /tmp/app.world",
            ),
            (
                Error::new("listen", os(libc::EACCES), path()),
                "listen EACCES: permission denied /tmp/app.world",
            ),
            (Error::new("read", os(libc::ECONNRESET), None), "read ECONNRESET"),
        ] {
            assert_eq!(error.to_string(), message);
        }
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;
    use windows_sys::Win32::Foundation::*;
    use windows_sys::Win32::Networking::WinSock::*;

    #[test]
    fn codes_are_those_of_libuv() {
        for (number, code) in [
            (WSAECONNREFUSED, "ECONNREFUSED"),
            (WSAECONNRESET, "ECONNRESET"),
            (WSAEADDRINUSE, "EADDRINUSE"),
            (WSAEMSGSIZE, "EMSGSIZE"),
            (ERROR_FILE_NOT_FOUND as i32, "ENOENT"),
            (ERROR_PIPE_BUSY as i32, "EBUSY"),
            (ERROR_ACCESS_DENIED as i32, "EPERM"),
            (ERROR_BROKEN_PIPE as i32, "EPIPE"),
            (ERROR_NO_DATA as i32, "EPIPE"),
        ] {
            let error = Error::new("read", io::Error::from_raw_os_error(number), None);
            assert_eq!((error.code(), error.errno()), (code, None), "{number}");
        }
    }
}
