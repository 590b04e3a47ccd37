//! Engine events -> JavaScript: numbers into a header array, and one value.
//!
//! ```text
//! header: [kind, handle, count, first, left, later, turn, head, form, ends of the frames ..., peer, datagrams ...]
//! ```
//!
//! JavaScript objects are made by the consumer, in its own realm: rare events are passed as JSON
//! text. The kinds and the header's layout are mirrored at the top of `src/js/engine/engine.js`.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::*;
use napi::sys;
use serde_json::{Value, json};

use super::{address, memory, text, values};
use crate::engine;
use crate::engine::codec::envelope::{common_head, is_plain_text, joined};
use crate::engine::codec::text::{Text, decode};
use crate::engine::codec::{BATCH_FRAMES, Batch};
use crate::engine::driver::Connection;
use crate::engine::error::Endpoint;
use crate::engine::event::Event;
use crate::engine::transport::tls::Facts;
use crate::engine::transport::{Attachment, Ends};

/// `header[0]`. 0 means that there is no event.
#[repr(u32)]
enum Kind {
    /// Text; `header[2]` frames that end at `ENDS_AT`, in UTF-16 units.
    Frames = 1,
    /// A buffer, or nothing after all; `header[2]` is 1 if its frames were reported.
    Chunk,
    /// JSON of the addresses, with `tls` if TLS is used; or `null`.
    Open,
    /// As `Open`; `header[2]` is the listener.
    Accepted,
    /// No payload.
    End,
    Drain,
    Finished,
    /// JSON: `{errors, read, written}`.
    Closed,
    /// JSON: the frame's length.
    TooLarge,
    /// JSON: the bytes received of the unfinished frame.
    Truncated,
    /// JSON of the error; `header[1]` is the listener.
    AcceptFailed,
    /// `header[1]` is the listener.
    ListenerClosed,
    /// No payload.
    Partial,
    /// As `Frames`, for the datagrams of one peer: its address is at `PEER_AT`, the datagrams from
    /// `PARTS_AT` on.
    Datagrams,
    /// A buffer; the peer at `PEER_AT`; `header[2]` is 1 if its frames follow.
    Datagram,
    /// JSON: `{size, length}` of the datagram and its frame; the peer at `PEER_AT`.
    DatagramTooLarge,
    /// JSON of the error.
    DatagramFailed,
    /// JSON: `{sent, bytes}`.
    DatagramsClosed,
    /// JSON of the addresses, or `null`; `header[1]` is the listener.
    Dropped,
}

/// Set by JavaScript: how much it has put off to a later turn of the event loop and has to run before further
/// events.
#[cfg(unix)]
const FIRST: usize = 3;

/// Set by JavaScript to 1 while a handler runs for a frame that is not the event's last.
#[cfg(unix)]
const LEFT: usize = 4;

/// Set by JavaScript: how much else it has put off to a later turn of the event loop.
#[cfg(unix)]
const LATER: usize = 5;

/// How many turns of the event loop have ended, where it calls JavaScript; otherwise 0.
#[cfg(unix)]
const TURN: usize = 6;

/// For frames: the length of their common head, see [`common_head`].
const HEAD: usize = 7;

/// For frames: the form of their text, a [`Form`].
const FORM: usize = 8;

/// `header[FORM]`.
#[repr(u32)]
enum Form {
    /// The frames, separated by delimiters.
    AsSent = 0,
    /// A single message of plain text, see [`is_plain_text`].
    Plain,
    /// One message in place of several, see [`joined`]. The ends are those of the elements of its data, and the end
    /// of the whole.
    Joined,
}

/// Where the ends of the frames begin in the header.
pub(super) const ENDS_AT: usize = 9;

/// Where a peer's address begins in the header: see [`super::address`].
const PEER_AT: usize = ENDS_AT + BATCH_FRAMES;

/// Where the number of datagrams is in the header, followed by two numbers for each: how many frames, and twice its
/// size in bytes, plus one if it continues the last datagram of the event before.
const PARTS_AT: usize = PEER_AT + address::WORDS;

/// The value that goes with a header.
pub enum Payload {
    None,
    Json(Value),
    Bytes(Bytes),
    /// The same. JavaScript may be given the memory itself.
    Memory(Bytes),
    /// An array of the same, and for each frame with memory beside it that memory, or a number of bytes.
    Split(Bytes, Vec<Attachment>),
    /// As many bytes as the connection has received, `undefined` if it has none.
    Received(Arc<Connection>, usize),
    Frames {
        batch: Batch,
        text: Text,
        external: bool,
    },
}

#[cfg(all(unix, feature = "ipc2-sessions"))]
impl Payload {
    /// About how many bytes it holds.
    pub fn weight(&self) -> usize {
        if let Payload::Bytes(bytes) | Payload::Memory(bytes) = self { bytes.len() } else { 0 }
    }
}

/// No event.
pub fn nothing(header: &mut [u32]) -> Payload {
    header[0] = 0;
    Payload::None
}

/// The handle that a header is about: a connection, a listener, or a datagram socket.
#[cfg(unix)]
pub fn whose(header: &[u32]) -> u32 {
    if header[0] == Kind::Accepted as u32 { header[2] } else { header[1] }
}

/// How much JavaScript has put off that has to run before further events.
#[cfg(unix)]
pub fn first(header: &[u32]) -> u32 {
    header[FIRST]
}

/// How much else JavaScript has put off.
#[cfg(unix)]
pub fn later(header: &[u32]) -> u32 {
    header[LATER]
}

/// Counts a turn of the event loop.
#[cfg(unix)]
pub fn count_turn(header: &mut [u32]) {
    header[TURN] = header[TURN].wrapping_add(1).max(1);
}

/// Whether JavaScript has not finished the last event: a handler runs the event loop.
#[cfg(unix)]
pub fn is_left(header: &[u32]) -> bool {
    header[LEFT] != 0
}

/// Converts `event`, which came from `hub`.
pub fn event(event: Event, hub: &engine::hub::Hub, header: &mut [u32]) -> Payload {
    let (kind, id, payload) = match event {
        Event::Frames { id, batch, attached } => {
            let payload = match hub.of_values(id) {
                Some(framing) => values::payload(batch, attached, framing.max_frame, header),
                None => frames(id, batch, hub, header),
            };
            (Kind::Frames, id, payload)
        }
        Event::Chunk { id, bytes, framed } => {
            header[2] = framed.into();
            (Kind::Chunk, id, Payload::Bytes(bytes))
        }
        Event::Readable { id, len } => {
            header[2] = 0;
            let connection = hub.connection(id).cloned();
            (Kind::Chunk, id, connection.map_or(Payload::None, |from| Payload::Received(from, len)))
        }
        Event::Open { id, ends, tls } => (Kind::Open, id, Payload::Json(addresses(ends, tls))),
        Event::Accepted { listener, id, ends, tls } => {
            header[2] = listener;
            (Kind::Accepted, id, Payload::Json(addresses(ends, tls)))
        }
        Event::End { id } => (Kind::End, id, Payload::None),
        Event::Drain { id } => (Kind::Drain, id, Payload::None),
        Event::Finished { id } => (Kind::Finished, id, Payload::None),
        Event::Closed { id, errors, counters: (read, written) } => {
            let errors: Vec<Value> = errors.iter().map(error).collect();
            let json = json!({ "errors": errors, "read": read, "written": written });
            (Kind::Closed, id, Payload::Json(json))
        }
        Event::Partial { id } => (Kind::Partial, id, Payload::None),
        Event::TooLarge { id, len } => (Kind::TooLarge, id, Payload::Json(json!(len))),
        Event::Truncated { id, len } => (Kind::Truncated, id, Payload::Json(json!(len))),
        Event::ListenerClosed { id } => (Kind::ListenerClosed, id, Payload::None),
        Event::AcceptFailed { id, error: why } => {
            (Kind::AcceptFailed, id, Payload::Json(error(&why)))
        }
        Event::Datagrams { id, peer, batch, parts } => {
            address::write(peer, &mut header[PEER_AT..]);
            header[PARTS_AT] = parts.len() as u32;
            for (words, part) in header[PARTS_AT + 1..].chunks_exact_mut(2).zip(&parts) {
                let size = (part.size as u32) << 1 | u32::from(part.continues);
                words.copy_from_slice(&[part.frames as u32, size]);
            }
            (Kind::Datagrams, id, frames(id, batch, hub, header))
        }
        Event::Datagram { id, peer, bytes, framed } => {
            header[2] = framed.into();
            address::write(peer, &mut header[PEER_AT..]);
            (Kind::Datagram, id, Payload::Bytes(bytes))
        }
        Event::DatagramTooLarge { id, peer, size, len } => {
            address::write(peer, &mut header[PEER_AT..]);
            let json = json!({ "size": size, "length": len });
            (Kind::DatagramTooLarge, id, Payload::Json(json))
        }
        Event::DatagramFailed { id, error: why } => {
            (Kind::DatagramFailed, id, Payload::Json(error(&why)))
        }
        Event::DatagramsClosed { id, counters: (sent, bytes) } => {
            (Kind::DatagramsClosed, id, Payload::Json(json!({ "sent": sent, "bytes": bytes })))
        }
        Event::Dropped { id, ends } => (Kind::Dropped, id, Payload::Json(addresses(ends, None))),
        // These never arrive: the hub handles them.
        Event::HoldsMost { id } | Event::Panicked { id } | Event::Due { id } => {
            (Kind::Partial, id, Payload::None)
        }
    };
    header[0] = kind as u32;
    header[1] = id;
    payload
}

/// The text of a batch, and where its frames end in it.
fn frames(id: u32, batch: Batch, hub: &engine::hub::Hub, header: &mut [u32]) -> Payload {
    let delimiter = hub.delimiter(id);
    header[2] = batch.ends.len() as u32;
    let head = common_head(&batch, delimiter.len());
    header[HEAD] = head as u32;
    let (form, batch, between) = match joined(&batch, head, delimiter.len()) {
        Some(joined) => (Form::Joined, joined, &b","[..]),
        None if is_plain_text(&batch, head) => (Form::Plain, batch, delimiter),
        None => (Form::AsSent, batch, delimiter),
    };
    header[FORM] = form as u32;
    let ends = &mut header[ENDS_AT..];
    let text = decode(&batch, between, |index, end| ends[index] = end as u32);
    // Only Node's loop is used, and only Node is known to keep such strings in place.
    Payload::Frames { batch, text, external: hub.is_on_loop() }
}

/// The result of connecting, as JSON.
pub fn connecting(result: std::result::Result<u32, engine::error::Error>) -> String {
    result.map_or_else(|why| json!({ "error": error(&why) }), |id| json!({ "id": id })).to_string()
}

/// The result of listening, as JSON.
pub fn listening(
    result: std::result::Result<(u32, Option<SocketAddr>), engine::error::Error>,
) -> String {
    match result {
        Ok((id, bound)) => json!({ "id": id, "address": bound.map(address) }),
        Err(why) => json!({ "error": error(&why) }),
    }
    .to_string()
}

/// The result of a call that returns nothing, as JSON.
#[cfg(unix)]
pub fn done(result: std::result::Result<(), engine::error::Error>) -> String {
    result.map_or_else(|why| json!({ "error": error(&why) }), |()| json!({})).to_string()
}

/// The fields of a Node system error.
pub fn error(error: &engine::error::Error) -> Value {
    let mut json = json!({
        "message": error.to_string(),
        "errno": error.errno(),
        "code": error.code(),
        "syscall": error.failure().is_none().then_some(error.syscall),
        "option": error.failure().and_then(|failure| failure.option),
    });
    match &error.endpoint {
        Some(Endpoint::Path(path)) => json["address"] = json!(path),
        Some(Endpoint::Ip(at)) => {
            json["address"] = json!(at.ip().to_string());
            json["port"] = json!(at.port());
        }
        Some(Endpoint::Host(host, port)) => {
            json["address"] = json!(host);
            json["port"] = json!(port);
        }
        None => {}
    }
    json
}

fn addresses(ends: Option<Ends>, tls: Option<Box<Facts>>) -> Value {
    if ends.is_none() && tls.is_none() {
        return Value::Null;
    }
    let (local, remote) = match ends {
        Some(ends) => (address(ends.local), address(ends.peer)),
        None => (json!({}), json!({})),
    };
    let mut json = json!({ "local": local, "remote": remote });
    if let Some(facts) = tls {
        json["tls"] = json!({
            "protocol": facts.protocol,
            "suite": facts.suite,
            "alpn": facts.alpn,
            "servername": facts.server_name,
            "problem": facts.problem,
            "chain": facts.chain.iter().map(|der| hex(der)).collect::<Vec<_>>(),
        });
    }
    json
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `net.Server.address()` returns.
fn address(at: SocketAddr) -> Value {
    let family = if at.is_ipv4() { "IPv4" } else { "IPv6" };
    json!({ "address": at.ip().to_string(), "family": family, "port": at.port() })
}

impl ToNapiValue for Payload {
    unsafe fn to_napi_value(env: sys::napi_env, payload: Self) -> Result<sys::napi_value> {
        // SAFETY (all below): `env` is the environment that is being called from.
        match payload {
            // SAFETY: see above.
            Payload::None => unsafe { ToNapiValue::to_napi_value(env, ()) },
            // SAFETY: see above.
            Payload::Json(json) => unsafe { String::to_napi_value(env, json.to_string()) },
            Payload::Bytes(bytes) => memory::copy(env, &bytes),
            Payload::Memory(bytes) => memory::give(env, bytes),
            Payload::Split(bytes, attached) => {
                let all = std::iter::once(memory::give(env, bytes));
                let all = all.chain(attached.into_iter().map(|one| memory::give_beside(env, one)));
                // SAFETY: see above.
                unsafe { Vec::to_napi_value(env, all.collect::<Result<Vec<_>>>()?) }
            }
            Payload::Received(from, len) => {
                memory::receive(env, len, |room| from.receive_into(room))
            }
            Payload::Frames { batch, text, external } => match text {
                // SAFETY: see above.
                Text::Ascii => unsafe { text::from_latin1(env, batch.bytes, external) },
                // SAFETY: see above.
                Text::Latin1(bytes) => unsafe { text::from_latin1(env, bytes.into(), external) },
                // SAFETY: see above; `decode` has checked that the bytes are UTF-8.
                Text::Utf8 => unsafe {
                    <&str>::to_napi_value(env, str::from_utf8_unchecked(&batch.bytes))
                },
                // SAFETY: see above.
                Text::Lossy(text) => unsafe { String::to_napi_value(env, text) },
            },
        }
    }
}
