//! The hub's methods for datagram sockets. Used by
//! `src/js/engine/datagrams.js`.

use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use serde_json::json;

use super::core::{Core, count};
use super::hub::Hub;
#[cfg(unix)]
use super::hub::duplicate;
use super::options::{FramingOptions, mode, socket_address};
use super::{address, deliver, text};
use crate::engine::codec::text::byte_offsets;
use crate::engine::datagram::Piece;
use crate::engine::driver::datagrams::Datagrams;
use crate::engine::error::{Error as EngineError, invalid};
use crate::engine::panics;
use crate::engine::transport::udp::{self, Setting};

/// A datagram to be sent: where it ends in the text or bytes of all datagrams, then its address.
const TARGET_WORDS: usize = 1 + address::WORDS;

/// A multicast group to join or leave.
#[napi(object)]
pub struct MembershipOptions {
    /// Join the group; otherwise leave it.
    pub join: bool,
    /// The group's address.
    pub group: String,
    /// The address of the interface; by default, the system chooses.
    pub interface: Option<String>,
    /// The address of the only source.
    pub source: Option<String>,
}

#[napi]
impl Hub {
    /// Binds a datagram socket. Returns JSON: `{id, address}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn bind_datagrams(&self, address: String, port: u16, framing: FramingOptions) -> String {
        panics::point("bind");
        let address = socket_address("bind", &address, port);
        deliver::listening(address.and_then(|address| {
            let framing = framing.for_datagrams()?;
            let (id, bound) = self.core.borrow_mut().engine.bind(address, framing)?;
            Ok((id, Some(bound)))
        }))
    }

    /// Sends bytes, cut into `count` datagrams by `targets`. Returns how many bytes wait.
    #[napi(catch_unwind)]
    pub fn send_datagram_bytes(
        &self,
        id: u32,
        bytes: Uint8ArraySlice,
        targets: Uint32ArraySlice,
        count: u32,
    ) -> u32 {
        let core = &mut *self.core.borrow_mut();
        core.scratch.begin().extend_from_slice(&bytes);
        let targets = first(&targets, count);
        send(core, id, targets, ends(targets))
    }

    /// Sends one datagram. Returns JSON of the error if it fails at once.
    #[napi(catch_unwind)]
    pub fn send_datagram(
        &self,
        id: u32,
        bytes: Uint8ArraySlice,
        target: Uint32ArraySlice,
    ) -> Option<String> {
        let sent = self.on_datagrams(id, |datagrams| {
            datagrams.send_one((address::read(&target[1..]), &bytes))
        })?;
        Some(deliver::error(&sent.err()?).to_string())
    }

    /// Closes a datagram socket once everything is sent, or after `linger` ms.
    #[napi(catch_unwind)]
    pub fn close_datagrams(&self, id: u32, linger: u32) {
        let linger = Duration::from_millis(linger.into());
        self.on_datagrams(id, |datagrams| datagrams.close(linger));
    }

    /// Delivers raw datagrams or frames from now on. With `tapped`, the bytes come before the
    /// frames.
    #[napi(catch_unwind)]
    pub fn configure_datagrams(&self, id: u32, raw: bool, tapped: bool) {
        self.on_datagrams(id, |datagrams| datagrams.configure(mode(raw), tapped));
    }

    /// How many bytes and datagrams wait.
    #[napi(catch_unwind)]
    pub fn datagrams_waiting(&self, id: u32) -> Vec<f64> {
        let waiting = self.on_datagrams(id, |datagrams| datagrams.waiting());
        let (bytes, count) = waiting.unwrap_or_default();
        vec![bytes as f64, count as f64]
    }

    /// Bytes and datagrams handed to the system so far.
    #[napi(catch_unwind)]
    pub fn datagrams_sent(&self, id: u32) -> Vec<f64> {
        let sent = self.on_datagrams(id, |datagrams| (datagrams.bytes_sent(), datagrams.sent()));
        let (bytes, count) = sent.unwrap_or_default();
        vec![bytes as f64, count as f64]
    }

    /// Changes an option, or reads a buffer's size (without `value`). Returns JSON: `{value}` or
    /// `{error}`.
    #[napi(catch_unwind)]
    pub fn datagrams_option(&self, id: u32, call: String, value: Option<u32>) -> String {
        let (call, setting) = setting(&call);
        self.on_socket(id, call, |socket| match (setting, value) {
            (Some(setting), Some(value)) => udp::set(&socket, setting, value).map(|()| 0),
            (Some(setting), None) => udp::buffer_size(&socket, setting),
            (None, _) => Err(invalid()),
        })
    }

    /// Sets the interface for outgoing multicast datagrams. Returns JSON: `{value}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn multicast_interface(&self, id: u32, interface: String) -> String {
        const CALL: &str = "setMulticastInterface";
        self.on_socket(id, CALL, |socket| {
            let interface = socket_address(CALL, &interface, 0).map_err(|error| error.source)?;
            udp::set_multicast_interface(&socket, interface).map(|()| 0)
        })
    }

    /// Joins or leaves a multicast group. Returns JSON: `{value}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn membership(&self, id: u32, options: MembershipOptions) -> String {
        let MembershipOptions { join, group, interface, source } = options;
        let call = match (join, &source) {
            (true, None) => "addMembership",
            (false, None) => "dropMembership",
            (true, Some(_)) => "addSourceSpecificMembership",
            (false, Some(_)) => "dropSourceSpecificMembership",
        };
        let at = |text: &str| socket_address(call, text, 0).map_err(|error| error.source);
        self.on_socket(id, call, |socket| {
            let (group, interface) = (at(&group)?.ip(), interface.as_deref().map(at).transpose()?);
            let source = source.as_deref().map(at).transpose()?.map(|source| source.ip());
            udp::set_membership(&socket, join, group, interface, source).map(|()| 0)
        })
    }

    /// The numbers of an address, with port 0; `null` if it is not an address.
    #[napi(catch_unwind)]
    pub fn address_words(&self, text: String) -> Option<Uint32Array> {
        let mut words = vec![0; address::WORDS];
        address::write(socket_address("send", &text, 0).ok()?, &mut words);
        Some(words.into())
    }

    /// The text of an address, from its numbers.
    #[napi(catch_unwind)]
    pub fn address_text(&self, words: Uint32ArraySlice) -> String {
        address::ip(address::read(&words))
    }
}

#[cfg(unix)]
#[napi]
impl Hub {
    /// Does not bind, but takes a duplicate of the descriptor of a bound socket. Returns JSON: `{id, address}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn adopt_datagrams(&self, descriptor: i32, framing: FramingOptions) -> String {
        deliver::listening(duplicate(descriptor).and_then(|socket| {
            let framing = framing.for_datagrams()?;
            let (id, bound) = self.core.borrow_mut().engine.adopt_datagrams(socket, framing)?;
            Ok((id, Some(bound)))
        }))
    }
}

/// The words of the first `count` targets.
fn first(targets: &[u32], count: u32) -> &[u32] {
    &targets[..targets.len().min(count as usize * TARGET_WORDS)]
}

/// Where each target's datagram ends.
fn ends(targets: &[u32]) -> impl Iterator<Item = usize> {
    targets.chunks_exact(TARGET_WORDS).map(|target| target[0] as usize)
}

/// The option for a method of `dgram.Socket`.
fn setting(method: &str) -> (&'static str, Option<Setting>) {
    let (method, setting) = match method {
        "setBroadcast" => ("setBroadcast", Setting::Broadcast),
        "setTTL" => ("setTTL", Setting::Ttl),
        "setMulticastTTL" => ("setMulticastTTL", Setting::MulticastTtl),
        "setMulticastLoopback" => ("setMulticastLoopback", Setting::MulticastLoopback),
        "setRecvBufferSize" => ("setRecvBufferSize", Setting::ReceiveBuffer),
        "setSendBufferSize" => ("setSendBufferSize", Setting::SendBuffer),
        "getRecvBufferSize" => ("getRecvBufferSize", Setting::ReceiveBuffer),
        "getSendBufferSize" => ("getSendBufferSize", Setting::SendBuffer),
        _ => return ("setsockopt", None),
    };
    (method, Some(setting))
}

/// Sends the contents of the scratch buffer, cut at `ends`.
fn send(core: &mut Core, id: u32, targets: &[u32], ends: impl Iterator<Item = usize>) -> u32 {
    let bytes = core.scratch.bytes();
    let mut start = 0;
    let cut = |(target, end): (&[u32], usize)| {
        let from = start;
        start = end.clamp(from, bytes.len());
        (address::read(&target[1..]), &bytes[from..start])
    };
    let pieces: Vec<Piece<'_>> = targets.chunks_exact(TARGET_WORDS).zip(ends).map(cut).collect();
    let waiting = core.engine.datagrams(id).map_or(0, |datagrams| datagrams.send(&pieces));
    core.scratch.tidy();
    count(waiting)
}

impl Core {
    /// Sends text as UTF-8, cut into `count` datagrams by `targets`. Returns how many bytes wait.
    pub fn send_datagrams(
        &mut self,
        env: sys::napi_env,
        id: u32,
        text: sys::napi_value,
        targets: &[u32],
        count: u32,
    ) -> Result<u32> {
        let scratch = self.scratch.begin();
        text::append(env, text, scratch)?;
        let targets = first(targets, count);
        let ends = byte_offsets(scratch, ends(targets));
        Ok(send(self, id, targets, ends.into_iter()))
    }
}

impl Hub {
    fn on_datagrams<T>(&self, id: u32, act: impl FnOnce(&Arc<Datagrams>) -> T) -> Option<T> {
        self.core.borrow().engine.datagrams(id).map(act)
    }

    fn on_socket(
        &self,
        id: u32,
        call: &'static str,
        act: impl FnOnce(socket2::SockRef<'_>) -> std::io::Result<usize>,
    ) -> String {
        let done = self.on_datagrams(id, |datagrams| datagrams.with_socket(act)).flatten();
        match done.unwrap_or(Ok(0)) {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": deliver::error(&EngineError::new(call, error, None)) }),
        }
        .to_string()
    }
}
