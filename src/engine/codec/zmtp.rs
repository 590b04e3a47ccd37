//! ZMTP 3.1 with the mechanism NULL: the protocol of ZeroMQ's sockets over a stream. Pure: no I/O, no clock.
//!
//! ```text
//! greeting   FF 00×7 01 7F | 03 01 | "NULL" 00×16 | 00 | 00×31        64 bytes, from both sides
//! command    04 len | 06 len×8, then name-len name data               READY, ERROR, PING, PONG
//! message    one or more frames: flags len data                       flags: 01 more follow, 02 len has 8 bytes
//! ```
//!
//! [`Decoder`] takes what a peer sends, however it is cut. [`greeting`](greeting()), [`ready`], [`message`] and the
//! like make what this side sends. A length is compared with the limits before it is used, and never makes the decoder
//! allocate memory. Used by `protocols::zmtp`.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

mod command;
mod greeting;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

pub use command::{MAX_CONTEXT, error, ping, pong, ready};
pub use greeting::{GREETING, greeting};

/// The longest command that is accepted, in bytes.
pub const MAX_COMMAND: usize = 8 * 1024;

/// The longest identity, in bytes.
pub const MAX_IDENTITY: usize = 255;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// A frame that is shorter is copied out of the receive buffer, so that it does not keep the whole of it.
const COPIED: usize = 16 * 1024;

/// A frame that is shorter is written together with what is around it.
const INLINE: usize = 4 * 1024;

/// The kinds of sockets that are supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sends a request, and waits for the answer.
    Req,
    /// Answers the requests of any peer.
    Rep,
    /// Sends and receives as it likes.
    Dealer,
    /// Sends to many peers, each by its identity.
    Router,
}

impl Kind {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
        }
    }

    /// The kinds that it may talk to.
    fn partners(self) -> &'static [&'static str] {
        match self {
            Self::Req => &["REP", "ROUTER"],
            Self::Rep => &["REQ", "DEALER"],
            Self::Dealer => &["REP", "DEALER", "ROUTER"],
            Self::Router => &["REQ", "DEALER", "ROUTER"],
        }
    }

    /// Whether peers are told its identity: a REP socket is never addressed by name.
    fn has_identity(self) -> bool {
        self != Self::Rep
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The most that a peer may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message: of all its frames.
    pub message: usize,
    /// Frames of a message.
    pub frames: usize,
}

/// What a decoder yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// The greeting is over. Now READY has to be sent.
    Greeted {
        /// Whether the peer knows PING: ZMTP 3.0 does not.
        heartbeats: bool,
    },
    /// The handshake is over.
    Ready(Ready),
    /// A whole message, of at least one frame.
    Message(Vec<Bytes>),
    /// Has to be answered with [`pong`].
    Ping {
        /// After how much silence the peer wants to be given up, in tenths of a second; 0: never.
        ttl: u16,
        /// What the answer has to carry back.
        context: Bytes,
    },
    /// Answers a PING.
    Pong {
        /// The context of the PING.
        context: Bytes,
    },
}

/// What a peer says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The kind of its socket, by its name on the wire.
    pub socket_type: String,
    /// The name that it wants; empty: none.
    pub identity: Bytes,
}

/// What is wrong with a peer's bytes. After a fault, nothing more can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No greeting of any version.
    #[error("the peer does not speak ZMTP")]
    NotZmtp,
    /// A version before 3.0.
    #[error("the peer speaks ZMTP {0}, which is too old: 3.0 is the oldest that is understood")]
    Version(&'static str),
    /// A mechanism other than NULL.
    #[error("the peer wants the security mechanism {0:?}; only NULL is supported")]
    Mechanism(String),
    /// Something other than READY or ERROR, before READY.
    #[error("the peer sends {0} where READY is expected")]
    NotReady(&'static str),
    /// Properties that cannot be parsed or used.
    #[error("the peer's READY is wrong: {0}")]
    Ready(&'static str),
    /// Two kinds of sockets that do not go together.
    #[error("the peer's socket is {theirs:?}, which does not go with {ours}")]
    SocketType {
        /// This side.
        ours: Kind,
        /// The other side.
        theirs: String,
    },
    /// Flags that do not exist, or that exclude each other.
    #[error("a frame has the flags {0:#04x}, which do not exist")]
    Flags(u8),
    /// A command that is cut off, or has parts that are too long.
    #[error("a command is wrong: {0}")]
    Command(&'static str),
    /// Longer than [`MAX_COMMAND`].
    #[error("a command has {0} bytes, over the limit of {MAX_COMMAND}")]
    CommandTooLarge(u64),
    /// Longer than [`Limits::message`].
    #[error("a message has at least {len} bytes, over the limit of {limit}")]
    TooLarge {
        /// How many bytes it has, as far as is known.
        len: u64,
        /// The limit.
        limit: usize,
    },
    /// More than [`Limits::frames`].
    #[error("a message has more frames than the limit of {0}")]
    TooManyFrames(usize),
    /// A question or an answer without the empty frame before its content.
    #[error("a message has no empty frame with something after it")]
    Envelope,
    /// The peer does not want to talk, and says why.
    #[error("the peer refuses: {0:?}")]
    Refused(String),
    /// The stream has ended within a message or before READY.
    #[error("the peer closed the connection in the middle of {0}")]
    Truncated(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Handshake,
    Traffic,
    /// After a fault.
    Over,
}

/// An incremental decoder of what one peer sends.
#[derive(Debug)]
pub struct Decoder {
    kind: Kind,
    limits: Limits,
    stage: Stage,
    buf: BytesMut,
    /// Those of the unfinished message.
    frames: Vec<Bytes>,
    /// Bytes in `frames`.
    bytes: usize,
}

impl Decoder {
    /// A decoder for the peer of a socket of this kind.
    pub fn new(kind: Kind, limits: Limits) -> Self {
        let stage = Stage::Greeting;
        Self { kind, limits, stage, buf: BytesMut::new(), frames: Vec::new(), bytes: 0 }
    }

    /// The buffer to append received bytes to, before calling [`Decoder::next`].
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buf
    }

    /// Bytes held of an unfinished command or message.
    pub fn partial_len(&self) -> usize {
        self.buf.len() + self.bytes
    }

    /// The next complete thing, or `None` until more bytes are appended. After a fault nothing more comes.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Result<Option<Decoded>, Fault> {
        let result = match self.stage {
            Stage::Greeting => self.greeting(),
            Stage::Handshake | Stage::Traffic => self.frame(),
            Stage::Over => return Ok(None),
        };
        if result.is_err() {
            self.stage = Stage::Over;
            self.buf = BytesMut::new();
            self.frames = Vec::new();
            self.bytes = 0;
        }
        result
    }

    /// The peer will send no more. Returns a fault if it has stopped in the middle of something.
    pub fn finish(&self) -> Result<(), Fault> {
        match self.stage {
            Stage::Greeting => Err(Fault::Truncated(
                "its greeting: it may want another security mechanism than NULL",
            )),
            Stage::Handshake => Err(Fault::Truncated("the handshake")),
            Stage::Traffic if !self.buf.is_empty() || !self.frames.is_empty() => {
                Err(Fault::Truncated("a message"))
            }
            Stage::Traffic | Stage::Over => Ok(()),
        }
    }

    fn greeting(&mut self) -> Result<Option<Decoded>, Fault> {
        let Some(heartbeats) = greeting::check(&self.buf)? else { return Ok(None) };
        self.buf.advance(GREETING);
        self.stage = Stage::Handshake;
        Ok(Some(Decoded::Greeted { heartbeats }))
    }

    fn frame(&mut self) -> Result<Option<Decoded>, Fault> {
        while let Some(header) = Header::read(&self.buf)? {
            self.check(&header)?;
            // The limits fit into memory, so the length does, too.
            let (start, len) = (header.size, header.len as usize);
            if self.buf.len() - start < len {
                return Ok(None);
            }
            self.buf.advance(start);
            let data = self.take(len);
            if header.is(COMMAND) {
                match self.command(data)? {
                    None => continue,
                    command => return Ok(command),
                }
            }
            self.bytes += len;
            self.frames.push(data);
            if !header.is(MORE) {
                self.bytes = 0;
                return Ok(Some(Decoded::Message(std::mem::take(&mut self.frames))));
            }
        }
        Ok(None)
    }

    /// Whether a frame is allowed, as far as its header tells.
    fn check(&self, header: &Header) -> Result<(), Fault> {
        if header.is(COMMAND) {
            let fits = header.len <= MAX_COMMAND as u64;
            return if fits { Ok(()) } else { Err(Fault::CommandTooLarge(header.len)) };
        }
        if self.stage == Stage::Handshake {
            return Err(Fault::NotReady("a message"));
        }
        let Limits { message, frames } = self.limits;
        let len = header.len.saturating_add(self.bytes as u64);
        if len > message as u64 {
            return Err(Fault::TooLarge { len, limit: message });
        }
        if self.frames.len() >= frames {
            return Err(Fault::TooManyFrames(frames));
        }
        Ok(())
    }

    fn take(&mut self, len: usize) -> Bytes {
        if len >= COPIED {
            return self.buf.split_to(len).freeze();
        }
        let copy = Bytes::copy_from_slice(&self.buf[..len]);
        self.buf.advance(len);
        copy
    }

    /// `None`: a command of no interest.
    fn command(&mut self, body: Bytes) -> Result<Option<Decoded>, Fault> {
        let command = command::parse(body)?;
        let name = command.name();
        if name == b"ERROR" {
            return Err(Fault::Refused(command.reason()));
        }
        match (self.stage, name) {
            (Stage::Handshake, b"READY") => {
                let ready = command.ready(self.kind)?;
                self.stage = Stage::Traffic;
                Ok(Some(Decoded::Ready(ready)))
            }
            (Stage::Handshake, _) => Err(Fault::NotReady("another command")),
            (_, b"READY") => Err(Fault::Command("READY comes a second time")),
            (_, b"PING") => command.ping().map(Some),
            (_, b"PONG") => command.pong().map(Some),
            _ => Ok(None),
        }
    }
}

/// What comes before a frame.
struct Header {
    flags: u8,
    /// Bytes of the frame.
    len: u64,
    /// Bytes of the header itself.
    size: usize,
}

impl Header {
    fn read(buf: &[u8]) -> Result<Option<Self>, Fault> {
        let Some((&flags, rest)) = buf.split_first() else { return Ok(None) };
        // A command is one frame.
        if flags & !(MORE | LONG | COMMAND) != 0 || flags & (MORE | COMMAND) == MORE | COMMAND {
            return Err(Fault::Flags(flags));
        }
        let read = if flags & LONG != 0 {
            rest.first_chunk().map(|len| (u64::from_be_bytes(*len), 9))
        } else {
            rest.first().map(|&len| (len.into(), 2))
        };
        Ok(read.map(|(len, size)| Self { flags, len, size }))
    }

    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

fn put_header(to: &mut impl BufMut, flags: u8, len: usize) {
    match u8::try_from(len) {
        Ok(short) => to.put_slice(&[flags, short]),
        Err(_) => {
            to.put_u8(flags | LONG);
            to.put_u64(len as u64);
        }
    }
}

/// Hands over the bytes of a message in pieces: long frames as they are, the rest in as few pieces as possible.
pub fn message(frames: &[Bytes], mut push: impl FnMut(Bytes)) {
    let mut around = BytesMut::new();
    for (index, frame) in frames.iter().enumerate() {
        let is_last = index + 1 == frames.len();
        put_header(&mut around, if is_last { 0 } else { MORE }, frame.len());
        if frame.len() < INLINE {
            around.extend_from_slice(frame);
        } else {
            push(around.split().freeze());
            push(frame.clone());
        }
    }
    if !around.is_empty() {
        push(around.freeze());
    }
}
