//! One error type for the whole engine. It carries what a Node system error carries
//! (<https://nodejs.org/api/errors.html#class-systemerror>), so that the binding only has to copy.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::transport::tls::failure::Failure;

/// Where an operation was directed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket path.
    Path(String),
    /// An IP address and port.
    Ip(SocketAddr),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Path(path) => f.write_str(path),
            Endpoint::Ip(address) => write!(f, "{}:{}", address.ip(), address.port()),
        }
    }
}

/// A failed system call, or a failure of TLS ([`Failure`], in the source). `Display` is Node's
/// message, e.g. `connect ECONNREFUSED 127.0.0.1:8002`.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub struct Error {
    /// Name of the failed call, in Node's terms: `connect`, `listen`, `accept`, `read`, `write`.
    pub syscall: &'static str,
    /// Where it was directed, if anywhere.
    pub endpoint: Option<Endpoint>,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl Error {
    /// `source` happened in `syscall`, directed at `endpoint`.
    pub fn new(syscall: &'static str, source: io::Error, endpoint: Option<Endpoint>) -> Self {
        Self { syscall, endpoint, source }
    }

    /// The symbolic code, e.g. `ECONNREFUSED`; `UNKNOWN` where there is none.
    pub fn code(&self) -> &'static str {
        self.failure().map_or_else(|| name(&self.source), |failure| failure.code)
    }

    /// The failure of TLS that it is, if it is no failed system call.
    pub fn failure(&self) -> Option<&Failure> {
        Failure::of(&self.source)
    }

    fn message(&self) -> String {
        match self.failure() {
            Some(failure) => failure.message.clone(),
            None => format!("{} {}{}{}", self.syscall, self.code(), self.reason(), self.target()),
        }
    }

    /// libuv's error number on Unix: the negated `errno`.
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error().map(|number| -number)
    }

    /// Node explains the code for `listen` alone: `listen EADDRINUSE: address already in use …`.
    fn reason(&self) -> String {
        if self.syscall != "listen" {
            return String::new();
        }
        let text = match self.code() {
            "EADDRINUSE" => "address already in use".to_owned(),
            "EADDRNOTAVAIL" => "address not available".to_owned(),
            "ENAMETOOLONG" => "name too long".to_owned(),
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
    names!(EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBUSY ECONNABORTED
        ECONNREFUSED ECONNRESET EDESTADDRREQ EEXIST EHOSTDOWN EHOSTUNREACH EINVAL EIO EISCONN
        EISDIR ELOOP EMFILE EMSGSIZE ENAMETOOLONG ENETDOWN ENETUNREACH ENFILE ENOBUFS ENOENT
        ENOMEM ENOSPC ENOTCONN ENOTDIR ENOTSOCK ENOTSUP EPERM EPIPE EPROTO EPROTOTYPE EROFS
        ETIMEDOUT)
}

#[cfg(not(unix))]
fn name(error: &io::Error) -> &'static str {
    by_kind(error.kind())
}

/// For errors made by the standard library itself, and for systems without `errno`.
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
