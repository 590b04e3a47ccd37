//! What comes beside the bytes of a stream: memory, where both sides have said that they can do that
//! ([`crate::engine::greeting`]). Only Linux can, on Unix sockets.

use std::io;

use bytes::BytesMut;
use socket2::SockRef;

#[cfg(target_os = "linux")]
pub use super::sealed::Memory;
use super::{Stream, receiving};
#[cfg(target_os = "linux")]
use super::{passing, peer, sealed};

/// Other systems pass none.
#[cfg(not(target_os = "linux"))]
pub type Memory = Vec<u8>;

/// What a peer has passed.
#[derive(Debug)]
pub enum Attachment {
    /// Memory of this process.
    Memory(Memory),
    /// Memory of so many bytes, more than the limit. It is dropped.
    TooLarge(u64),
    /// Something else, which is closed.
    Invalid,
    /// It was there, but this process could not take it: it has no descriptor or no memory left.
    Lost,
}

impl Attachment {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        if let Attachment::Memory(memory) = self { memory.len() } else { 0 }
    }
}

/// What a read has brought: bytes, at the end of the buffer, and what came with them.
#[derive(Debug)]
pub struct Received {
    /// How many. 0: the peer has shut its side down.
    pub len: usize,
    /// Of one write at most.
    pub attachment: Option<Attachment>,
}

impl From<usize> for Received {
    fn from(len: usize) -> Self {
        Self { len, attachment: None }
    }
}

/// As [`super::receive`]. `largest`: memory of so many bytes may come along; `None`: nothing may.
pub fn receive_all(
    socket: &SockRef<'_>,
    buffer: &mut BytesMut,
    most: usize,
    largest: Option<usize>,
) -> io::Result<Received> {
    #[cfg(target_os = "linux")]
    if let Some(largest) = largest {
        return passing::receive(socket, buffer, most, largest);
    }
    let _ = largest;
    receiving::receive(socket, buffer, most).map(Received::from)
}

impl Stream {
    /// Whether memory may go beside its bytes. Whoever makes such memory is charged for it as long as anybody has it. So the
    /// peer must not be in another container, say, whose limit it would not count against.
    pub fn can_attach(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Stream::Unix(socket) = self {
            return peer::is_counted_together(&SockRef::from(socket)) && sealed::works();
        }
        false
    }
}
