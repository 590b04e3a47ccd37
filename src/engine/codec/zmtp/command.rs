//! Commands: their bytes and their meaning. Used by the decoder.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{COMMAND, Decoded, Fault, Kind, MAX_IDENTITY, Ready, put_header};

/// The longest context of a PING, in bytes.
pub const MAX_CONTEXT: usize = 16;

/// The longest reason of an ERROR, in bytes.
const MAX_REASON: usize = 255;

/// Ends the handshake. An identity is cut to [`MAX_IDENTITY`] bytes; REP has none.
pub fn ready(kind: Kind, identity: &[u8]) -> Bytes {
    let identity = &identity[..identity.len().min(MAX_IDENTITY)];
    let identity = kind.has_identity().then_some(("Identity", identity));
    let mut body = BytesMut::from(&b"\x05READY"[..]);
    for (name, value) in [("Socket-Type", kind.name().as_bytes())].into_iter().chain(identity) {
        body.put_u8(name.len() as u8);
        body.put_slice(name.as_bytes());
        body.put_u32(value.len() as u32);
        body.put_slice(value);
    }
    command(&body)
}

/// Says why a peer is refused.
pub fn error(reason: &str) -> Bytes {
    let reason = &reason.as_bytes()[..reason.len().min(MAX_REASON)];
    command(&[b"\x05ERROR".as_slice(), &[reason.len() as u8], reason].concat())
}

/// Asks whether the peer is there. `ttl`: see [`Decoded::Ping`].
pub fn ping(ttl: u16, context: &[u8]) -> Bytes {
    let context = &context[..context.len().min(MAX_CONTEXT)];
    command(&[b"\x04PING".as_slice(), &ttl.to_be_bytes(), context].concat())
}

/// The answer to a PING.
pub fn pong(context: &[u8]) -> Bytes {
    let context = &context[..context.len().min(MAX_CONTEXT)];
    command(&[b"\x04PONG".as_slice(), context].concat())
}

fn command(body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(9 + body.len());
    put_header(&mut frame, COMMAND, body.len());
    frame.put_slice(body);
    frame.freeze()
}

/// A command: its name, and the rest.
pub(super) struct Command {
    name: Bytes,
    data: Bytes,
}

pub(super) fn parse(mut body: Bytes) -> Result<Command, Fault> {
    let name = take(&mut body, 1).filter(|name| !name.is_empty());
    Ok(Command { name: name.ok_or(Fault::Command("it has no name"))?, data: body })
}

impl Command {
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// For ERROR. A shorter text is taken as it is.
    pub fn reason(&self) -> String {
        let reason = self.data.get(1..).unwrap_or_default();
        String::from_utf8_lossy(&reason[..reason.len().min(MAX_REASON)]).into_owned()
    }

    /// For PING.
    pub fn ping(mut self) -> Result<Decoded, Fault> {
        if self.data.len() < 2 {
            return Err(Fault::Command("a PING without its time to live"));
        }
        let ttl = self.data.get_u16();
        if self.data.len() > MAX_CONTEXT {
            return Err(Fault::Command("a PING with more than 16 bytes of context"));
        }
        Ok(Decoded::Ping { ttl, context: self.data })
    }

    /// For PONG.
    pub fn pong(self) -> Result<Decoded, Fault> {
        if self.data.len() > MAX_CONTEXT {
            return Err(Fault::Command("a PONG with more than 16 bytes of context"));
        }
        Ok(Decoded::Pong { context: self.data })
    }

    /// For READY. Case does not matter in the names of properties. Of two with the same name the last one counts. All
    /// except these two belong to the program.
    pub fn ready(mut self, ours: Kind) -> Result<Ready, Fault> {
        let (mut socket_type, mut identity) = (None, Bytes::new());
        while !self.data.is_empty() {
            let name = take(&mut self.data, 1).filter(|name| !name.is_empty());
            let name = name.ok_or(Fault::Ready("a property has no name"))?;
            let value = take(&mut self.data, 4).ok_or(Fault::Ready("a property is cut off"))?;
            if name.eq_ignore_ascii_case(b"Socket-Type") {
                socket_type = Some(String::from_utf8_lossy(&value).into_owned());
            } else if name.eq_ignore_ascii_case(b"Identity") {
                identity = value;
            }
        }
        let theirs = socket_type.ok_or(Fault::Ready("it has no Socket-Type"))?;
        if !ours.partners().contains(&theirs.as_str()) {
            return Err(Fault::SocketType { ours, theirs });
        }
        if identity.len() > MAX_IDENTITY {
            return Err(Fault::Ready("the identity has more than 255 bytes"));
        }
        // An identity that begins with 0 could pass for one that ROUTER has assigned itself.
        if identity.first() == Some(&0) {
            return Err(Fault::Ready("the identity begins with the byte 0"));
        }
        Ok(Ready { socket_type: theirs, identity })
    }
}

/// Takes a value with its length before it; the length has this many bytes.
fn take(from: &mut Bytes, size: usize) -> Option<Bytes> {
    let len = usize::try_from(from.try_get_uint(size).ok()?).ok()?;
    (len <= from.len()).then(|| from.split_to(len))
}
