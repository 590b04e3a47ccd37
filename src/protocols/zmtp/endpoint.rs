//! Endpoints as ZeroMQ writes them, and their addresses for the engine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::Error;
use crate::engine::error::Error as SystemError;
#[cfg(unix)]
use crate::engine::transport::unix::{Claim, UnixLocal};
use crate::engine::transport::{Local, Target, tcp::TcpTarget};

/// The address that a socket binds or connects to: `tcp://127.0.0.1:4048`, `tcp://*:0`, `ipc:///tmp/path`,
/// `ipc://@name`.
///
/// `*` is every IPv4 address of the machine; it cannot be connected to. With port 0, also written `*`, the system
/// chooses the port. An IPv6 address has to be in brackets. `ipc://@name` is an abstract socket, on Linux.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Place);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// `None`: any host.
    Tcp(Option<Host>, u16),
    /// Begins with NUL if it is abstract.
    Ipc(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

impl Endpoint {
    /// Parses an endpoint. The error says what is wrong.
    ///
    /// # Errors
    /// [`Error::Endpoint`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let place = match text.split_once("://") {
            Some(("tcp", rest)) => tcp(rest),
            Some(("ipc", rest)) => ipc(rest),
            Some(_) => Err("only tcp:// and ipc:// are supported"),
            None => Err("it must begin with tcp:// or ipc://"),
        };
        place.map(Self).map_err(|reason| Error::Endpoint { endpoint: text.to_owned(), reason })
    }

    fn unusable(&self, reason: &'static str) -> Error {
        Error::Endpoint { endpoint: self.to_string(), reason }
    }

    /// The address to listen on.
    pub(super) fn local(&self) -> Result<Local, Error> {
        match &self.0 {
            Place::Tcp(host, port) => {
                let ip = match host {
                    None => Ipv4Addr::UNSPECIFIED.into(),
                    Some(Host::Ip(ip)) => *ip,
                    Some(Host::Name(name)) if name.eq_ignore_ascii_case("localhost") => {
                        Ipv4Addr::LOCALHOST.into()
                    }
                    Some(Host::Name(_)) => {
                        return Err(
                            self.unusable("to bind, an IP address, * or localhost is needed")
                        );
                    }
                };
                Ok(Local::Tcp(SocketAddr::new(ip, *port)))
            }
            #[cfg(unix)]
            Place::Ipc(path) => Ok(Local::Unix(UnixLocal {
                path: path.clone(),
                claim: Claim::Stale,
                add_mode: 0,
                padded: false,
            })),
            #[cfg(not(unix))]
            Place::Ipc(_) => Err(self.unusable(NO_IPC)),
        }
    }

    /// Fails for an endpoint that cannot be connected to.
    pub(super) fn check_target(&self) -> Result<(), Error> {
        match &self.0 {
            Place::Tcp(None, _) => Err(self.unusable("* is not an address to connect to")),
            Place::Tcp(_, 0) => Err(self.unusable("port 0 is not a port to connect to")),
            Place::Tcp(..) => Ok(()),
            #[cfg(unix)]
            Place::Ipc(path) => Ok(crate::engine::transport::unix::check("connect", path)?),
            #[cfg(not(unix))]
            Place::Ipc(_) => Err(self.unusable(NO_IPC)),
        }
    }

    /// The address to connect to now. Looks names up.
    pub(super) async fn target(&self) -> Result<Target, Error> {
        self.check_target()?;
        match &self.0 {
            Place::Tcp(Some(Host::Ip(ip)), port) => Ok(over_tcp(vec![SocketAddr::new(*ip, *port)])),
            Place::Tcp(Some(Host::Name(name)), port) => {
                let failed = |source| Error::Resolve { host: name.clone(), source };
                let mut addresses = look_up(name, *port).await.map_err(failed)?;
                addresses.sort_by_key(SocketAddr::is_ipv6); // libzmq only looks up IPv4
                Ok(over_tcp(addresses))
            }
            Place::Tcp(None, _) => Err(self.unusable("* is not an address to connect to")),
            #[cfg(unix)]
            Place::Ipc(path) => Ok(Target::Unix(path.clone())),
            #[cfg(not(unix))]
            Place::Ipc(_) => Err(self.unusable(NO_IPC)),
        }
    }

    /// The same endpoint, with the address that was bound.
    pub(super) fn bound(&self, address: Option<SocketAddr>) -> Self {
        match address {
            Some(address) => Self(Place::Tcp(Some(Host::Ip(address.ip())), address.port())),
            None => self.clone(),
        }
    }
}

#[cfg(not(feature = "node-api"))]
async fn look_up(name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, port)).await?.collect())
}

/// The addon does not look names up: JavaScript has done so before.
#[cfg(feature = "node-api")]
async fn look_up(name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    if !name.eq_ignore_ascii_case("localhost") {
        return Err(std::io::ErrorKind::Unsupported.into());
    }
    let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    Ok(both.map(|ip| SocketAddr::new(ip, port)).to_vec())
}

#[cfg(not(unix))]
const NO_IPC: &str = "ipc:// is supported on Unix only";

fn over_tcp(addresses: Vec<SocketAddr>) -> Target {
    Target::Tcp(TcpTarget { addresses, local_address: None, local_port: 0 })
}

fn tcp(rest: &str) -> Result<Place, &'static str> {
    if rest.contains(';') {
        return Err("a local address to connect from is not supported");
    }
    let (host, port) = rest.rsplit_once(':').ok_or("the port is missing")?;
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port {
        "*" => 0,
        _ if is_number => port.parse().map_err(|_| "the port is over 65535")?,
        _ => return Err("the port is not a number"),
    };
    let is_name_like = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        _ if host == "*" => None,
        Some(v6) => {
            let ip = v6
                .parse::<Ipv6Addr>()
                .map_err(|_| "the brackets do not contain an IPv6 address")?;
            Some(Host::Ip(ip.into()))
        }
        None => match host.parse::<Ipv4Addr>() {
            Ok(ip) => Some(Host::Ip(ip.into())),
            Err(_) if host.is_empty() => return Err("the host is missing"),
            Err(_) if host.contains(':') => return Err("an IPv6 address has to be in brackets"),
            Err(_) if host.chars().all(is_name_like) => Some(Host::Name(host.to_owned())),
            Err(_) => return Err("the host is neither an address nor a name"),
        },
    };
    Ok(Place::Tcp(host, port))
}

fn ipc(rest: &str) -> Result<Place, &'static str> {
    match rest {
        "" | "@" => Err("the path is missing"),
        "*" => Err("a path chosen by the system is not supported"),
        _ if rest.contains('\0') => Err("the path contains a NUL byte"),
        _ => Ok(Place::Ipc(match rest.strip_prefix('@') {
            Some(name) => format!("\0{name}"),
            None => rest.to_owned(),
        })),
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Tcp(None, port) => write!(f, "tcp://*:{port}"),
            Place::Tcp(Some(Host::Ip(ip)), port) => {
                write!(f, "tcp://{}", SocketAddr::new(*ip, *port))
            }
            Place::Tcp(Some(Host::Name(name)), port) => write!(f, "tcp://{name}:{port}"),
            Place::Ipc(path) => match path.strip_prefix('\0') {
                Some(name) => write!(f, "ipc://@{name}"),
                None => write!(f, "ipc://{path}"),
            },
        }
    }
}

/// The first of several errors (there is always one).
pub(super) fn first(errors: Vec<SystemError>) -> Error {
    let none = || SystemError::new("connect", std::io::ErrorKind::AddrNotAvailable.into(), None);
    errors.into_iter().next().unwrap_or_else(none).into()
}
