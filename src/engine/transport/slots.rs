//! Where datagrams are received to, a batch at a time. Filled by the system calls of udp.rs and mmsg.rs.

use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::slice;

use crate::engine::datagram::{BATCH, Piece};

/// Room for one datagram: more than the largest that UDP can carry.
pub(super) const SLOT: usize = 64 * 1024;

/// Where one batch is received to. Takes address space for [`BATCH`] of the largest datagrams, of which
/// the system provides what was ever used.
#[derive(Debug)]
pub struct Slots {
    pub(super) room: Box<[MaybeUninit<u8>]>,
    /// Length and sender of the datagram in each slot.
    pub(super) filled: Vec<(usize, SocketAddr)>,
}

impl Slots {
    /// Nothing received.
    pub fn new() -> Self {
        Self { room: Box::new_uninit_slice(BATCH * SLOT), filled: Vec::with_capacity(BATCH) }
    }

    /// The last batch has brought as much as one can.
    pub fn are_full(&self) -> bool {
        self.filled.len() >= BATCH
    }

    /// What the last batch brought.
    pub fn datagrams(&self) -> impl Iterator<Item = Piece<'_>> {
        self.room.chunks_exact(SLOT).zip(&self.filled).map(|(slot, &(len, peer))| {
            // SAFETY: whoever noted the length has had the system write as many bytes.
            (peer, unsafe { slice::from_raw_parts(slot[..len].as_ptr().cast(), len) })
        })
    }
}

impl Default for Slots {
    fn default() -> Self {
        Self::new()
    }
}
