//! Plain objects from JavaScript -> engine types. Types and ranges are validated in `src/js`; what only the
//! engine knows to be wrong is an error of the engine's, with a code that users may see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use napi_derive::napi;

use super::tls::TlsOptions;
use crate::engine::codec::Codec;
use crate::engine::codec::delimited::Delimiter;
use crate::engine::error::{Endpoint, Error, invalid};
use crate::engine::framing::{Framing, Mode};
use crate::engine::greeting::Greeting;
#[cfg(windows)]
use crate::engine::transport::pipe::PipeLocal;
use crate::engine::transport::tcp::TcpTarget;
#[cfg(unix)]
use crate::engine::transport::unix::{Claim, UnixLocal};
use crate::engine::transport::zone;
use crate::engine::transport::{Local, Target};
use crate::engine::unfinished::Unfinished;

/// The framing of a connection, or of all connections that a listener accepts.
#[napi(object)]
pub struct FramingOptions {
    /// Ends each frame. Empty: the frames are JSON values with nothing between them.
    pub delimiter: String,
    /// The longest frame that is kept, in bytes.
    pub max_frame: u32,
    /// Report raw bytes instead of frames.
    pub raw: bool,
    /// Report a frame over the limit before its end, and unfinished frames; drop what follows it in a datagram. Default:
    /// no.
    pub strict: Option<bool>,
    /// Bytes that the connections of a listener may hold of unfinished frames, together. Default: no limit.
    pub max_unfinished: Option<i64>,
    /// The frames are values in V8's format, each after its length, and follow a greeting. The delimiter is
    /// not used.
    pub greeting: Option<GreetingOptions>,
}

/// What both sides send first: see [`Greeting`].
#[napi(object)]
pub struct GreetingOptions {
    /// The greeting, in ASCII.
    pub text: String,
    /// The length of its beginning, before its version, in bytes.
    pub common: u32,
    /// Where it has a `0`, in bytes, which becomes `1` where memory can be taken beside the connection.
    pub memory_at: u32,
    /// How long to wait for the peer's greeting, in ms.
    pub patience: u32,
}

impl FramingOptions {
    /// Converts it for the engine.
    pub fn into_engine(self) -> Framing {
        let greeting = self.greeting.map(|greeting: GreetingOptions| {
            let GreetingOptions { text, common, memory_at, patience } = greeting;
            let patience = Duration::from_millis(patience.into());
            let (text, common) = (text.into_bytes(), common as usize);
            Arc::new(Greeting::new(text, common, memory_at as usize, patience))
        });
        let codec = match self.delimiter.as_bytes() {
            _ if greeting.is_some() => Codec::Length,
            [] => Codec::JsonStream,
            delimiter => Codec::Delimited(delimiter.into()),
        };
        let max_frame = self.max_frame as usize;
        let strict = self.strict.unwrap_or(false);
        let unfinished = self.max_unfinished.map(|most| Unfinished::new(most.unsigned_abs()));
        Framing { codec, max_frame, mode: mode(self.raw), strict, unfinished, greeting }
    }

    /// The same, for datagrams.
    pub fn for_datagrams(self) -> Result<Framing<Delimiter>, Error> {
        if self.delimiter.is_empty() {
            return Err(Error::new("bind", invalid(), None).because("no delimiter".to_owned()));
        }
        let codec = self.delimiter.as_bytes().into();
        let max_frame = self.max_frame as usize;
        let strict = self.strict.unwrap_or(false);
        let (unfinished, greeting) = (None, None);
        Ok(Framing { codec, max_frame, mode: mode(self.raw), strict, unfinished, greeting })
    }
}

/// What received bytes become.
pub fn mode(raw: bool) -> Mode {
    if raw { Mode::Raw } else { Mode::Frames }
}

/// An address to connect to: `path`, or `addresses` and `port`.
#[napi(object)]
pub struct ConnectOptions {
    /// Unix socket path; on Windows the name of a pipe.
    pub path: Option<String>,
    /// IP addresses, tried in order.
    pub addresses: Option<Vec<String>>,
    /// TCP port.
    pub port: Option<u16>,
    /// Local IP address to connect from.
    pub local_address: Option<String>,
    /// Local port to connect from.
    pub local_port: Option<u16>,
    /// The TLS settings, if TLS is used.
    pub tls: Option<TlsOptions>,
    /// Framing.
    pub framing: FramingOptions,
}

impl ConnectOptions {
    /// Converts it for the engine.
    pub fn into_engine(self) -> Result<(Target, Framing), Error> {
        let framing = self.framing.into_engine();
        let tls = self.tls.map(|tls| tls.into_engine("connect")).transpose()?;
        let secured = |target| match tls {
            Some(settings) => Target::Tls(Box::new(target), settings),
            None => target,
        };
        if let Some(path) = self.path {
            return Ok((secured(local_target(path)), framing));
        }
        let port = self.port.unwrap_or(0);
        let addresses = self.addresses.unwrap_or_default();
        let target = TcpTarget {
            addresses: addresses
                .iter()
                .map(|address| socket_address("connect", address, port))
                .collect::<Result<_, _>>()?,
            local_address: self
                .local_address
                .as_deref()
                .map(|address| socket_address("bind", address, 0).map(|at| at.ip()))
                .transpose()?,
            local_port: self.local_port.unwrap_or(0),
        };
        Ok((secured(Target::Tcp(target)), framing))
    }
}

/// An address to listen on: `path`, or `address` and `port`.
#[napi(object)]
pub struct ListenOptions {
    /// Unix socket path; on Windows the name of a pipe.
    pub path: Option<String>,
    /// `takeover`, `stale`, `never` or `own`. Not used for pipes.
    pub claim: Option<String>,
    /// Permission bits to add to the socket file, or 0o444 and 0o222 for a pipe.
    pub add_mode: Option<u32>,
    /// Fill an abstract name up with NULs.
    pub padded: Option<bool>,
    /// IP address.
    pub address: Option<String>,
    /// TCP port; 0: the system's choice.
    pub port: Option<u16>,
    /// The TLS settings, if TLS is used.
    pub tls: Option<TlsOptions>,
    /// Framing.
    pub framing: FramingOptions,
    /// A listener: its connections and those of this one may hold `max_unfinished` together.
    pub shares: Option<u32>,
}

impl ListenOptions {
    /// Converts it for the engine.
    pub fn into_engine(self) -> Result<(Local, Framing), Error> {
        let framing = self.framing.into_engine();
        let local = match self.path {
            Some(path) => path_local(path, self.claim.as_deref(), self.add_mode, self.padded)?,
            None => {
                let address = self.address.as_deref().unwrap_or("::");
                Local::Tcp(socket_address("listen", address, self.port.unwrap_or(0))?)
            }
        };
        let tls = self.tls.map(|tls| tls.into_engine("listen")).transpose()?;
        let local = match tls {
            Some(settings) => Local::Tls(Box::new(local), settings),
            None => local,
        };
        Ok((local, framing))
    }
}

#[cfg(unix)]
fn local_target(path: String) -> Target {
    Target::Unix(path)
}

#[cfg(unix)]
fn path_local(
    path: String,
    claim: Option<&str>,
    add_mode: Option<u32>,
    padded: Option<bool>,
) -> Result<Local, Error> {
    let claim = match claim {
        Some("takeover") => Claim::Takeover,
        Some("stale") => Claim::Stale,
        Some("never") => Claim::Never,
        Some("own") => Claim::Own,
        other => {
            let error = Error::new("listen", invalid(), Some(Endpoint::Path(path)));
            return Err(error.because(format!("no claim: {other:?}")));
        }
    };
    let add_mode = add_mode.unwrap_or(0);
    Ok(Local::Unix(UnixLocal { path, claim, add_mode, padded: padded.unwrap_or(false) }))
}

#[cfg(windows)]
fn local_target(name: String) -> Target {
    Target::Pipe(name)
}

/// The name of a pipe does not outlive the pipe, so there is nothing to claim.
#[cfg(windows)]
fn path_local(
    name: String,
    _: Option<&str>,
    add_mode: Option<u32>,
    _: Option<bool>,
) -> Result<Local, Error> {
    let add_mode = add_mode.unwrap_or(0);
    let (readable_by_all, writable_by_all) = (add_mode & 0o444 != 0, add_mode & 0o222 != 0);
    Ok(Local::Pipe(PipeLocal { name, readable_by_all, writable_by_all }))
}

/// An IP address, with its zone if it has one, and a port, for the call `syscall`.
pub fn socket_address(syscall: &'static str, text: &str, port: u16) -> Result<SocketAddr, Error> {
    // A zone (`fe80::1%2`) is only parsed together with a port, and only as a number.
    let named = text.split_once('%').and_then(|(ip, name)| Some((ip, zone::index(name)?)));
    let numbered = named.map_or_else(|| text.to_owned(), |(ip, index)| format!("{ip}%{index}"));
    format!("[{numbered}]:{port}")
        .parse()
        .or_else(|_| Ok(SocketAddr::new(numbered.parse().map_err(drop)?, port)))
        .map_err(|()| {
            // For example, an address with a zone that does not exist.
            Error::new(syscall, invalid(), Some(Endpoint::Host(text.to_owned(), port)))
        })
}

/// A time from JavaScript, for the other systems: if it is negative or not a number, there is none.
#[cfg(any(
    feature = "pixivutil2",
    all(unix, feature = "ipc2-sessions"),
    all(target_os = "linux", feature = "appview")
))]
pub fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms.max(0.0) / 1000.0).unwrap_or(Duration::MAX)
}
