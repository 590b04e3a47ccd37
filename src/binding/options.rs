//! Plain objects from JavaScript -> engine types. Values are validated in `src/js`; what is wrong
//! here is a mistake of that layer and throws.

use std::net::{IpAddr, SocketAddr};

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::tls::TlsOptions;
use crate::engine::driver::Framing;
use crate::engine::link::Mode;
use crate::engine::transport::tcp::TcpTarget;
#[cfg(unix)]
use crate::engine::transport::unix::{Claim, UnixLocal};
use crate::engine::transport::{Local, Target};

/// Framing of the connection, or of all that a listener accepts.
#[napi(object)]
pub struct FramingOptions {
    /// Ends each frame.
    pub delimiter: String,
    /// Longest frame that is kept, in bytes.
    pub max_frame: u32,
    /// Report raw bytes instead of frames.
    pub raw: bool,
}

impl FramingOptions {
    fn into_engine(self) -> Result<Framing> {
        if self.delimiter.is_empty() {
            return Err(Error::new(Status::InvalidArg, "delimiter must not be empty"));
        }
        Ok(Framing {
            delimiter: self.delimiter.as_bytes().into(),
            max_frame: self.max_frame as usize,
            mode: if self.raw { Mode::Raw } else { Mode::Frames },
        })
    }
}

/// Where to connect to: `path`, or `addresses` and `port`.
#[napi(object)]
pub struct ConnectOptions {
    /// Unix socket path.
    pub path: Option<String>,
    /// IP addresses, tried in order.
    pub addresses: Option<Vec<String>>,
    /// TCP port.
    pub port: Option<u16>,
    /// Local IP address to connect from.
    pub local_address: Option<String>,
    /// Local port to connect from.
    pub local_port: Option<u16>,
    /// With TLS.
    pub tls: Option<TlsOptions>,
    /// Framing.
    pub framing: FramingOptions,
}

impl ConnectOptions {
    /// The engine's form of it.
    pub fn into_engine(self) -> Result<(Target, Framing)> {
        let framing = self.framing.into_engine()?;
        let tls = self.tls.map(TlsOptions::into_engine).transpose()?;
        let secured = |target| match tls {
            Some(settings) => Target::Tls(Box::new(target), settings),
            None => target,
        };
        if let Some(path) = self.path {
            return Ok((secured(unix_target(path)?), framing));
        }
        let port = self.port.unwrap_or(0);
        let addresses = self.addresses.unwrap_or_default();
        let target = TcpTarget {
            addresses: addresses.iter().map(|a| socket_address(a, port)).collect::<Result<_>>()?,
            local_address: self.local_address.as_deref().map(ip).transpose()?,
            local_port: self.local_port.unwrap_or(0),
        };
        Ok((secured(Target::Tcp(target)), framing))
    }
}

/// Where to listen: `path`, or `address` and `port`.
#[napi(object)]
pub struct ListenOptions {
    /// Unix socket path.
    pub path: Option<String>,
    /// `takeover`, `stale` or `never`.
    pub claim: Option<String>,
    /// Permission bits to add to the socket file.
    pub add_mode: Option<u32>,
    /// IP address.
    pub address: Option<String>,
    /// TCP port; 0: the system's choice.
    pub port: Option<u16>,
    /// With TLS.
    pub tls: Option<TlsOptions>,
    /// Framing.
    pub framing: FramingOptions,
}

impl ListenOptions {
    /// The engine's form of it.
    pub fn into_engine(self) -> Result<(Local, Framing)> {
        let framing = self.framing.into_engine()?;
        let local = match self.path {
            Some(path) => unix_local(path, self.claim.as_deref(), self.add_mode.unwrap_or(0))?,
            None => {
                let address = self.address.as_deref().unwrap_or("::");
                Local::Tcp(socket_address(address, self.port.unwrap_or(0))?)
            }
        };
        let tls = self.tls.map(TlsOptions::into_engine).transpose()?;
        let local = match tls {
            Some(settings) => Local::Tls(Box::new(local), settings),
            None => local,
        };
        Ok((local, framing))
    }
}

#[cfg(unix)]
fn unix_target(path: String) -> Result<Target> {
    Ok(Target::Unix(path))
}

#[cfg(unix)]
fn unix_local(path: String, claim: Option<&str>, add_mode: u32) -> Result<Local> {
    let claim = match claim {
        Some("takeover") => Claim::Takeover,
        Some("stale") => Claim::Stale,
        Some("never") => Claim::Never,
        other => {
            return Err(Error::new(Status::InvalidArg, format!("claim: {other:?}")));
        }
    };
    Ok(Local::Unix(UnixLocal { path, claim, add_mode }))
}

#[cfg(not(unix))]
fn unix_target(_: String) -> Result<Target> {
    Err(unsupported())
}

#[cfg(not(unix))]
fn unix_local(_: String, _: Option<&str>, _: u32) -> Result<Local> {
    Err(unsupported())
}

#[cfg(not(unix))]
fn unsupported() -> Error {
    Error::new(Status::GenericFailure, "local sockets are not supported on this platform yet")
}

fn ip(text: &str) -> Result<IpAddr> {
    text.parse().map_err(|_| Error::new(Status::InvalidArg, format!("not an IP address: {text}")))
}

fn socket_address(text: &str, port: u16) -> Result<SocketAddr> {
    // A zone (`fe80::1%eth0`) is only understood together with a port.
    format!("[{text}]:{port}").parse().or_else(|_| Ok(SocketAddr::new(ip(text)?, port)))
}
