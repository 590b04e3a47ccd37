//! The address of a server: an id, from which node-ipc makes a path; a path; or a host and port.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Error;
#[cfg(windows)]
use crate::engine::transport::pipe::PipeLocal;
use crate::engine::transport::tcp::TcpTarget;
#[cfg(unix)]
use crate::engine::transport::unix::{Claim, UnixLocal};
use crate::engine::transport::{Local, Target};

/// The address of a server.
///
/// A string is an id, a `Path` is a path, and a [`SocketAddr`] is an address over TCP:
///
/// ```
/// use ferripc::node_ipc::Address;
/// use std::path::Path;
///
/// assert_eq!(Address::from("world"), Address::id("world"));
/// assert_eq!(Address::from(Path::new("/run/app.sock")), Address::path("/run/app.sock"));
/// assert_eq!(Address::tcp("localhost", 8000).to_string(), "localhost:8000");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// The id of a server: its path is `socketRoot + appspace + id`, joined without separators. `world` is
    /// `/tmp/app.world` unless `socket_root` and `appspace` are set.
    Id(String),
    /// The path of a Unix socket. On Linux, a path that begins with NUL is an abstract socket. On Windows, it becomes
    /// the name of a pipe, as in node-ipc: `/tmp/app.world` becomes `\\.\pipe\tmp-app.world`.
    Path(PathBuf),
    /// A host (a name or an IP address) and a port. For a server, port 0 lets the system choose.
    Tcp(String, u16),
}

impl Address {
    /// The server with this id.
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id(id.into())
    }

    /// A path.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::Path(path.into())
    }

    /// A host and port.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp(host.into(), port)
    }

    /// The same address, with a path in place of an id.
    pub(super) fn resolved(self, socket_root: &str, appspace: &str) -> Result<Self, Error> {
        match self {
            Self::Id(id) => Self::Path(format!("{socket_root}{appspace}{id}").into()).checked(),
            other => other.checked(),
        }
    }

    fn checked(self) -> Result<Self, Error> {
        match &self {
            Self::Path(path) => {
                let path = text_of(path)?;
                if path.is_empty() {
                    return Err(Error::Unusable("the path is empty".into()));
                }
                #[cfg(unix)]
                crate::engine::transport::unix::check("connect", path)?;
                #[cfg(windows)]
                if path.contains('\0') {
                    return Err(Error::Unusable("the path contains a NUL".into()));
                }
            }
            Self::Tcp(host, _) if host.is_empty() => {
                return Err(Error::Unusable("the host is empty".into()));
            }
            _ => {}
        }
        Ok(self)
    }

    /// Where to connect now. Looks names up.
    pub(super) async fn target(&self) -> Result<Target, Error> {
        Ok(match self {
            Self::Id(path) => local_target(path),
            Self::Path(path) => local_target(text_of(path)?),
            Self::Tcp(host, port) => Target::Tcp(TcpTarget {
                addresses: look_up(host, *port).await?,
                local_address: None,
                local_port: 0,
            }),
        })
    }

    /// Where to listen.
    pub(super) async fn local(&self, files: Files) -> Result<Local, Error> {
        Ok(match self {
            Self::Id(path) => files.local(path),
            Self::Path(path) => files.local(text_of(path)?),
            Self::Tcp(host, port) => {
                let found = look_up(host, *port).await?.into_iter().next();
                Local::Tcp(found.ok_or_else(|| no_address(host))?)
            }
        })
    }
}

/// How a server treats its socket file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files {
    pub(super) unlink: Unlink,
    pub(super) readable_by_all: bool,
    pub(super) writable_by_all: bool,
}

/// What a server does if a socket file exists at its path. Anything other than a socket is always left alone: that is
/// an error with the code `EADDRINUSE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unlink {
    /// Replaces the file if nobody listens on it, under a lock that servers take one at a time. If a server is
    /// live there, this fails with `EADDRINUSE`. node-ipc calls it `'stale'`.
    #[default]
    Stale,
    /// Always replaces it, as node-ipc does by default. The server that used the path before goes on, but
    /// clients cannot find it any more.
    Always,
    /// Leaves it alone, and does not remove its own file at the end either.
    Never,
}

impl Files {
    #[cfg(unix)]
    fn local(self, path: &str) -> Local {
        let claim = match self.unlink {
            Unlink::Stale => Claim::Stale,
            Unlink::Always => Claim::Takeover,
            Unlink::Never => Claim::Never,
        };
        let bits = |all, bits| if all { bits } else { 0 };
        let add_mode = bits(self.readable_by_all, 0o444) | bits(self.writable_by_all, 0o222);
        Local::Unix(UnixLocal { path: path.to_owned(), claim, add_mode, padded: false })
    }

    #[cfg(windows)]
    fn local(self, path: &str) -> Local {
        let Self { readable_by_all, writable_by_all, .. } = self;
        Local::Pipe(PipeLocal { name: pipe_of(path), readable_by_all, writable_by_all })
    }
}

#[cfg(unix)]
fn local_target(path: &str) -> Target {
    Target::Unix(path.to_owned())
}

#[cfg(windows)]
fn local_target(path: &str) -> Target {
    Target::Pipe(pipe_of(path))
}

/// The name of the pipe for a path.
#[cfg(any(windows, test))]
fn pipe_of(path: &str) -> String {
    const PIPE: &str = r"\\.\pipe\";
    if path.starts_with(PIPE) {
        return path.to_owned();
    }
    format!("{PIPE}{}", path.strip_prefix('/').unwrap_or(path).replace('/', "-"))
}

fn text_of(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::Unusable(format!("{} is not UTF-8", path.display())))
}

async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let found = tokio::net::lookup_host((host, port)).await;
    let failed = |source| Error::Resolve { host: host.to_owned(), source: Arc::new(source) };
    let found: Vec<_> = found.map_err(failed)?.collect();
    if found.is_empty() { Err(no_address(host)) } else { Ok(found) }
}

fn no_address(host: &str) -> Error {
    let source = Arc::new(std::io::ErrorKind::NotFound.into());
    Error::Resolve { host: host.to_owned(), source }
}

impl From<&str> for Address {
    fn from(id: &str) -> Self {
        Self::id(id)
    }
}

impl From<String> for Address {
    fn from(id: String) -> Self {
        Self::Id(id)
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Address {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address.ip().to_string(), address.port())
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Self {
        address.clone()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::Path(path) => path.display().fmt(f),
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the wire format: the path of an id, and its pipe on Windows.
    #[test]
    fn paths_are_those_of_the_vectors() {
        let text = include_str!("../../../docs/vectors/paths.json");
        let vectors: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let cases = vectors["cases"].as_array().expect("cases");
        assert!(cases.len() > 3);
        for case in cases {
            let part = |name: &str| case[name].as_str().expect("a text").to_owned();
            let path = format!("{}{}{}", part("socketRoot"), part("appspace"), part("id"));
            assert_eq!(path, part("path"));
            assert_eq!(pipe_of(&path), part("pipe"));
        }
    }
}
