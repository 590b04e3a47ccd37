//! The hub's methods that set and read the socket options of connections. Used by
//! `src/js/engine/connection.js`. If the system refuses an option, that has no effect, as in Node.

use std::io;
use std::time::Duration;

use napi_derive::napi;
use socket2::SockRef;

use super::hub::Hub;
#[cfg(unix)]
use crate::engine::transport::peer;
use crate::engine::transport::{KeepAlive, set_keepalive, set_nodelay, set_type_of_service};

#[napi]
impl Hub {
    /// Sets `TCP_NODELAY`.
    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, id: u32, on: bool) {
        self.set(id, |socket| set_nodelay(&socket, on));
    }

    /// Sets `SO_KEEPALIVE`: seconds before the first probe, seconds between probes, and the number of probes (0:
    /// the system's default).
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, id: u32, on: bool, idle: u32, interval: u32, count: u32) {
        let seconds = |number: u32| Duration::from_secs(number.into());
        let probes = KeepAlive { idle: seconds(idle), interval: seconds(interval), count };
        self.set(id, |socket| set_keepalive(&socket, on.then_some(probes)));
    }

    /// Sets the `IP_TOS` byte, or the traffic class of IPv6.
    #[napi(catch_unwind)]
    pub fn set_type_of_service(&self, id: u32, value: u32) {
        self.set(id, |socket| set_type_of_service(&socket, value));
    }

    /// Makes the connection end with a TCP reset, even if bytes are unsent.
    #[napi(catch_unwind)]
    pub fn reset(&self, id: u32) {
        self.set(id, |socket| socket.set_linger(Some(Duration::ZERO)));
    }
}

#[cfg(unix)]
#[napi]
impl Hub {
    /// Process, user and group of the peer; null if the system does not report them.
    #[napi(catch_unwind)]
    pub fn peer_credentials(&self, id: u32) -> Option<Vec<f64>> {
        let found = self.on(id, |it| it.with_socket(|socket| peer::credentials(&socket)));
        let peer::Credentials { pid, uid, gid } = found.flatten().flatten()?;
        Some(vec![pid.into(), uid.into(), gid.into()])
    }
}

impl Hub {
    fn set(&self, id: u32, set: impl FnOnce(SockRef<'_>) -> io::Result<()>) {
        self.on(id, |connection| connection.with_socket(set));
    }
}
